"""Who a log knows: sources with their chains, auditors, and what the ledger's own chain has settled (protocol §4)."""

from dataclasses import dataclass

from ledger.core import bodies
from ledger.core.anchors import Anchored
from ledger.core.closings import Book
from ledger.core.encoding import ZERO_HASH, Hash
from ledger.core.errors import Head
from ledger.core.signing import PublicKey
from ledger.core.statement import body_field


@dataclass(frozen=True, slots=True)
class Source:
    """What one chain has come to.

    ``past_keys`` holds every key it ever had; ``forced``: one of them came without its predecessor's signature, and
    no later change mends that. ``officers`` approve what the source cannot say alone, ``book`` knows what its next
    CLOSING has to say, due ``grace_hours`` after the period's end.
    """

    source_id: str
    service: str
    keys: tuple[PublicKey, ...]
    key_statement: Hash
    key_index: int
    past_keys: tuple[bytes, ...]
    book: Book
    grace_hours: int = 0
    officers: tuple[PublicKey, ...] = ()
    officer_threshold: int = 0
    forced: bool = False
    revoked: bool = False
    next_sequence: int = 0
    recorded_at: int = 0
    previous: Hash = ZERO_HASH

    @property
    def head(self) -> Head:
        """Where the chain stands."""
        return Head(self.source_id, self.next_sequence, self.previous, self.recorded_at, self.key_statement)


@dataclass(frozen=True, slots=True)
class Auditor:
    """An auditor that the log named; ``key_id`` is the leaf hash of its AUDITOR_ADDED."""

    name: str
    key_id: Hash
    index: int
    signing_key: PublicKey
    x25519_key: Hash
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Governing:
    """What the ledger's own chain has settled so far; ``policy_index`` is of the statement with the digests."""

    log_id: Hash
    origin: str
    checkpoint_vkey: str
    next_number: int
    approvers: tuple[PublicKey, ...]
    thresholds: tuple[bodies.Threshold, ...]
    witness_policy_digest: Hash
    sealing_policy_digest: Hash
    policy_index: int
    anchored: Anchored

    def threshold(self, body: type) -> int:
        """Return how many approvals a governance body needs."""
        counts = {row.body: row.count for row in self.thresholds}
        return counts.get(body_field(body), counts.get(0, 0))
