"""A log with as many histories as it likes, and every cosignature that a witness ever gave away of it."""

from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from ledger.core.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint, sign_checkpoint, verify_cosignatures
from ledger.core.encoding import Hash
from ledger.core.note import Note, SignatureLine, VKey
from ledger.core.witnessing import AddCheckpoint
from tests.core.witnessed import LOG, proof, root
from tests.faults.seen import Violation

MOST: int = 300
"""Leaves of the largest tree."""


@dataclass(frozen=True, slots=True)
class Tree:
    """The first ``size`` leaves of a history: from each point of ``turns`` on the leaves bear that turn's number."""

    size: int = 0
    turns: tuple[tuple[int, int], ...] = ()

    @property
    def leaves(self) -> list[bytes]:
        """Its leaves."""
        found, turns, number = [], list(self.turns), 0
        for index in range(self.size):
            while turns and turns[0][0] <= index:
                number = turns.pop(0)[1]
            found.append(b"%d.%d" % (index, number))
        return found

    def grown(self, size: int) -> "Tree":
        """Return a tree of the same history, larger or smaller."""
        return Tree(min(size, MOST), self.turns)

    def turned(self, point: int, number: int) -> "Tree":
        """Return a tree of the same size that is another one from leaf ``point`` on."""
        return Tree(self.size, (*(turn for turn in self.turns if turn[0] < point), (point, number)))


@dataclass(slots=True)
class Told:
    """What a witness gave away; ``check`` raises Violation unless all of it is of one history, in the order of time."""

    witness: VKey
    random: Random
    turns: int = 0
    latest: Tree = field(default_factory=Tree)
    """The largest tree it is known to have cosigned."""
    asked: dict[tuple[int, Hash], Tree] = field(default_factory=dict)
    cosigned: list[tuple[Tree, int]] = field(default_factory=list)
    """Each tree with the time of its cosignature."""

    def request(self) -> tuple[Tree, AddCheckpoint]:
        """Return what to ask next: mostly what an honest log would, else something stale or another history."""
        known, random = self.latest, self.random
        tree, old = known.grown(known.size + random.randint(0, 3)), known.size
        match random.randint(0, 9):
            case 0:
                tree, old = known.grown(random.randint(0, known.size)), random.randint(0, known.size)
            case 1 | 2:
                tree = self._turned(tree, max(0, known.size - 3), tree.size)
            case 3:
                tree = self._turned(known, 0, known.size)
        data = tree.leaves
        checkpoint = Checkpoint(LOG.name, tree.size, root(data))
        self.asked[checkpoint.size, checkpoint.root] = tree
        return tree, AddCheckpoint.of(min(old, tree.size), proof(old, data), sign_checkpoint(checkpoint, LOG))

    def _turned(self, tree: Tree, first: int, last: int) -> Tree:
        self.turns += 1
        return tree.turned(self.random.randint(first, last), self.turns)

    def answered(self, tree: Tree, request: AddCheckpoint, body: bytes) -> None:
        """Take the cosignature that answers a request; raise VerificationFailed if it is none."""
        note = Note(request.note.text, (SignatureLine.parse(body.decode()[:-1]),))
        self._take(tree, SignedCheckpoint(request.checkpoint, note))

    def published(self, body: bytes) -> None:
        """Take the checkpoint that the witness publishes; raise Violation if it is behind what it gave away."""
        signed = open_checkpoint(body, LOG.vkey())
        checkpoint = signed.checkpoint
        if checkpoint.size < self.latest.size:
            raise Violation(f"a tree of {self.latest.size} was cosigned, and one of {checkpoint.size} is published")
        self._take(self.asked[checkpoint.size, checkpoint.root], signed)

    def _take(self, tree: Tree, signed: SignedCheckpoint) -> None:
        time = verify_cosignatures(signed, [self.witness])[self.witness]
        self.cosigned.append((tree, time))
        if tree.size >= self.latest.size:
            self.latest = tree

    def check(self) -> None:
        """Hold everything against everything else."""
        times: dict[int, tuple[int, int]] = {}
        trees: dict[int, list[bytes]] = {}
        for tree, time in self.cosigned:
            if trees.setdefault(tree.size, tree.leaves) != tree.leaves:
                raise Violation(f"two trees of {tree.size} leaves were cosigned")
            first, last = times.get(tree.size, (time, time))
            times[tree.size] = min(first, time), max(last, time)
        for small, large in pairwise(sorted(trees)):
            if trees[large][:small] != trees[small]:
                raise Violation(f"the cosigned tree of {large} leaves does not extend that of {small}")
            if times[large][0] < times[small][1]:
                raise Violation(f"the tree of {large} leaves was cosigned before that of {small}, by the timestamps")
