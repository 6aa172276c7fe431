"""What was asked of recorders, what they did, and what the log says of it; a record is known by its public mark."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise
from typing import Final

from ledger.client.gate import Release
from ledger.client.range_receipt import Receipt
from ledger.core import bodies
from ledger.core.errors import LedgerError, Refused
from ledger.core.merkle import leaf_hash
from ledger.core.policy import verify_quorum
from ledger.core.receipt import verify_receipt
from ledger.core.slots import verify_opening
from ledger.core.statement import Leaf, decode_leaf
from tests.core.world import ORIGIN, replay
from tests.faults.clients_ledger import SOURCE
from tests.faults.releases_ledger import Watched

TALLY: Final[Counter[str]] = Counter()
"""What the campaign came across."""

DELIVERED: Final = bodies.DeliveryResult.DELIVERED
ABORTED: Final = bodies.DeliveryResult.ABORTED


class Kind(Enum):
    """What was asked for."""

    RECORD = "record"
    RELEASE = "release"
    PUT_OFF = "put off"


class Fate(Enum):
    """What is known of whether a record is in the log."""

    OPEN = "may be, once"
    LOGGED = "is, once"
    OWED = "is in the end, once, unless the log refuses what it says"
    NEVER = "is not, and never will be"


@dataclass(slots=True)
class Asked:
    """One record: ``ends`` is what its DELIVERY may say, ``number`` under which it waits, ``call`` with which others.

    ``late`` names a period, which the log may refuse.
    """

    kind: Kind
    late: bool
    call: int
    fate: Fate = Fate.OPEN
    ends: frozenset[bodies.DeliveryResult] = frozenset({ABORTED})
    number: int | None = None
    index: int | None = None


@dataclass(slots=True)
class Told:
    """Everything that was asked by its mark, every receipt, and the source's part of the log as far as it was read."""

    standing: Watched
    asked: dict[int, Asked] = field(default_factory=dict)
    receipts: dict[int, list[Receipt]] = field(default_factory=dict)
    """By index."""
    by_hand: dict[int, bool] = field(default_factory=dict)
    """Index of a record whose DELIVERY was asked for, and whether its receipt came back."""
    marks: dict[int, int] = field(default_factory=dict)
    """Mark by sequence."""
    ends: dict[int, bodies.DeliveryResult] = field(default_factory=dict)
    """What the log says became of a record, by mark."""
    closings: list[bodies.Closing] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)
    """The source's."""
    calls: int = 0
    read: int = 0

    def ask(self, kind: Kind, late: bool = False, together: bool = False) -> int:
        """Return the mark of a new record, ``together`` with the one before in one call."""
        self.calls += not together
        mark = len(self.asked) + 1
        self.asked[mark] = Asked(kind, late, self.calls)
        return mark

    # What recorders did

    def tell(self, number: int, receipt: Receipt) -> None:
        """Take the receipt of what waited under a number."""
        TALLY["put off, receipts"] += 1
        self.keep(receipt)
        found = [mark for mark, asked in self.asked.items() if asked.number == number]
        assert [self.marks[receipt.sequence]] == found or not found, "a receipt under another's number"

    def keep(self, *receipts: Receipt) -> None:
        """Take receipts; each is of what stands there, proven by its bytes alone under the quorum."""
        self.look()
        for receipt in receipts:
            self._check(receipt)
            self.receipts.setdefault(receipt.index, []).append(receipt)

    def _check(self, receipt: Receipt) -> int:
        """Return the size of the tree that a receipt is of, once all of it holds and the witnesses stand by it."""
        ledger = self.standing.ledger
        try:
            proof = verify_receipt(receipt.data, ledger.world.vkey, ORIGIN)
            verify_quorum(proof.checkpoint, self.standing.policy)
        except LedgerError as error:
            raise AssertionError(f"a receipt that proves nothing: {error}") from error
        assert (proof.index, proof.leaf_hash) == (receipt.index, receipt.leaf_hash)
        assert leaf_hash(ledger.reader.leaf(receipt.index)) == receipt.leaf_hash, "a receipt of what is not there"
        size = proof.checkpoint.checkpoint.size
        assert sum(witness.size >= size for witness in self.standing.witnesses.values()) >= 2, "no quorum stands by it"
        return size

    def entered(self, mark: int, release: Release) -> None:
        """Take note that a block is entered, which needs all that the gate promises."""
        TALLY["entered"] += 1
        asked = self.asked[mark]
        try:
            receipt = release.receipt
        except Refused as error:
            raise AssertionError("somebody was let through without a receipt") from error
        self.keep(receipt)
        assert asked.index == receipt.index, "somebody was let through without an entry"
        assert asked.fate is Fate.OPEN, "one receipt let out twice"
        assert mark not in self.ends, "let through after the end was said"
        asked.fate, asked.ends = Fate.LOGGED, frozenset({DELIVERED})

    def logged(self, mark: int, receipt: Receipt) -> None:
        """Take the receipt that a call of ``record`` returned."""
        TALLY["recorded"] += 1
        self.keep(receipt)
        assert self.asked[mark].index == receipt.index, "a receipt of another record"
        self.asked[mark].fate = Fate.LOGGED

    # What the log says

    def look(self) -> None:
        """Read what was logged since the last time; raise for a gap, anything twice, and what nobody asked for."""
        view = self.standing.ledger.view
        for index, data in enumerate(self.standing.ledger.reader.leaves(self.read, view.size), self.read):
            leaf = decode_leaf(data)
            if leaf.statement.source_id == SOURCE:
                assert leaf.statement.sequence == len(self.leaves), "a gap in the chain"
                self.leaves.append(data)
                self._read(index, leaf)
        self.read = view.size

    def _read(self, index: int, leaf: Leaf) -> None:
        sequence = leaf.statement.sequence
        match leaf.statement.body:
            case bodies.Disclosure(slots_root=root, openings=(opening,)):
                mark = verify_opening(opening, root)[1]
                assert isinstance(mark, int)
                asked = self.asked[mark]
                assert asked.index is None, "a record twice"
                asked.index, self.marks[sequence] = index, mark
            case bodies.Delivery(target=target, result=result):
                mark = self.marks[target.sequence]
                assert target.leaf_hash == leaf_hash(self.leaves[target.sequence]), "the end of what is not there"
                assert mark not in self.ends, "an end twice"
                self.ends[mark] = result
            case bodies.Closing() as said:
                before = self.closings[-1] if self.closings else None
                if before is not None:
                    assert (before.end, before.end_sequence) == (said.start, said.first_sequence), (
                        "a gap in the closings"
                    )
                self.closings.append(said)
            case _:
                raise AssertionError("said what nobody asked for")

    def holds(self) -> None:
        """Raise unless the log bears out what recorders did so far."""
        self.look()
        for mark, asked in self.asked.items():
            logged, end = asked.index is not None, self.ends.get(mark)
            assert logged or asked.fate is not Fate.LOGGED, "a record lost"
            assert not (logged and asked.fate is Fate.NEVER), "logged, though its caller was told it was not"
            if asked.kind is Kind.RELEASE:
                assert end is None or end in asked.ends, f"{end.name} of a release that may be {asked.ends}"
            else:
                assert end is None or asked.index in self.by_hand, "an end that nobody said"

    def verify(self, refused: Iterable[int]) -> None:
        """Raise unless all came to its end; ``refused`` are the numbers of what the log refused of what was put off."""
        self.holds()
        aside = set(refused)
        for mark, asked in self.asked.items():
            if asked.kind is Kind.RELEASE and asked.index is not None:
                assert mark in self.ends, "a release without an end"
            if asked.index is not None and self.by_hand.get(asked.index):
                assert mark in self.ends, "an end lost"
            if asked.fate is Fate.OWED and asked.index is None:
                assert asked.late, "what was put off is lost"
                assert asked.number in aside, "what was put off is lost"
                aside.remove(asked.number)
            if asked.kind is Kind.PUT_OFF and asked.index is not None:
                assert asked.index in self.receipts, "a receipt lost"
        assert not aside or all(self._unknown(number) for number in aside), "refused, and logged"
        self._verify_order()
        state = replay(self.standing.ledger.reader.leaves(0, self.standing.ledger.view.size))
        assert state.sources[SOURCE] == self.standing.source
        assert not self.closings or self.closings[0].first_sequence == 0
        assert not state.sources[SOURCE].book.end <= self.standing.ledger.world.minute, "a period that is not closed"

    def _unknown(self, number: int) -> bool:
        """Whether the call that put it off under this number never returned."""
        return all(asked.number != number for asked in self.asked.values())

    def _verify_order(self) -> None:
        """Raise unless what waited is logged in order, and what one call put off is whole."""
        waited = [asked for asked in self.asked.values() if asked.kind is Kind.PUT_OFF]
        placed = [asked for asked in waited if asked.number is not None and asked.index is not None]
        placed.sort(key=lambda asked: asked.number or 0)
        assert all((one.index or 0) < (two.index or 0) for one, two in pairwise(placed)), "not in order"
        for call in {asked.call for asked in waited}:
            whole = [asked for asked in waited if asked.call == call and not asked.late]
            assert len({asked.index is None for asked in whole}) <= 1, "half of a call was put off"
