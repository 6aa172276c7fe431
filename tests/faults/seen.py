"""What the ledger has told anyone: every signed checkpoint and every acknowledged entry, held against each other."""

from dataclasses import dataclass, field
from itertools import pairwise

from ledger.client.reads import Pins
from ledger.core.checkpoint import Checkpoint, open_checkpoint
from ledger.core.encoding import ZERO_HASH, Hash
from ledger.core.errors import VerificationFailed
from ledger.core.policy import Policy, verify_quorum


class Violation(AssertionError):
    """The ledger broke a promise; the message says which."""


@dataclass(slots=True)
class Seen:
    """Grows with every answer; raises Violation for what contradicts anything told before."""

    pins: Pins
    roots: dict[int, Hash] = field(default_factory=dict)
    """Root by tree size."""
    entries: dict[tuple[str, int], tuple[int, Hash]] = field(default_factory=dict)
    """Index and leaf hash by source and sequence."""
    size: int = 0
    """Of the largest tree told."""
    proven: set[tuple[int, int]] = field(default_factory=set)
    """Pairs of neighbouring sizes between which a consistency proof was verified."""
    checkpoints: int = 0
    """How many notes left the ledger, repeated ones counted again."""
    policy: Policy | None = None
    """The log's witness policy, where it has witnesses."""
    cosigned: int = 0
    """Of the largest tree told under its quorum."""
    anchors: int = 0
    """How many ANCHORs the log had when it was read last."""

    @property
    def root(self) -> Hash:
        """Return the root of the largest tree told."""
        return self.roots.get(self.size, ZERO_HASH)

    def checkpoint(self, note: bytes) -> Checkpoint:
        """Take a note that left the ledger and return its checkpoint; raise Violation for a second root of its size."""
        found = open_checkpoint(note, self.pins.vkey, self.pins.origin).checkpoint
        self.checkpoints += 1
        if self.roots.setdefault(found.size, found.root) != found.root:
            raise Violation(f"two roots were signed for the tree of {found.size}")
        self.size = max(self.size, found.size)
        return found

    def quorum(self, note: bytes, at_least: int) -> None:
        """Take a note told as cosigned, of ``at_least`` that size; raise Violation where it is neither."""
        assert self.policy is not None
        found = self.checkpoint(note)
        signed = open_checkpoint(note, self.pins.vkey, self.pins.origin)
        try:
            verify_quorum(signed, self.policy)
        except VerificationFailed as error:
            raise Violation(f"told as cosigned: {error}") from error
        if found.size < at_least:
            raise Violation(f"a cosigned tree of {at_least} was asked for, one of {found.size} was told")
        self.cosigned = max(self.cosigned, found.size)

    def unproven(self) -> list[tuple[int, int]]:
        """Return the pairs of neighbouring sizes that no consistency proof has joined yet."""
        return [pair for pair in pairwise(sorted(self.roots)) if pair not in self.proven]

    def entry(self, source_id: str, sequence: int, index: int, leaf: Hash) -> None:
        """Take an acknowledged entry; raise Violation if it was acknowledged elsewhere or as another before."""
        if self.entries.setdefault((source_id, sequence), (index, leaf)) != (index, leaf):
            raise Violation(f"{source_id} {sequence}: acknowledged twice, differently")
