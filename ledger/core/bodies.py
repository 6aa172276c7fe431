"""What a statement can say: one frozen class a body, mirroring protos/ledger/v1/statement.proto field by field.

Types carry the first checks: ``Hash`` is 32 bytes, an enum one of its members, a class without ``None`` is required.
Rules that need more than one field stand in ``ledger.core.rules``.
"""

from dataclasses import dataclass
from enum import IntEnum

from ledger.core.encoding import ZERO_HASH, Hash
from ledger.core.signing import PublicKey, Signature


class Period(IntEnum):
    """How often a source closes: by UTC day, ISO week or UTC month."""

    DAY = 1
    WEEK = 2
    MONTH = 3


class RevocationReason(IntEnum):
    """Why a source says no more."""

    RETIRED = 1
    KEY_COMPROMISED = 2
    MISCONDUCT = 3
    OTHER = 4


class AuditCheck(IntEnum):
    """What an audit covered."""

    LOG = 1
    PAYLOADS = 2
    LOOKUP_MAP = 3
    CLOSINGS = 4


class LedgerKey(IntEnum):
    """Which of the ledger's own keys."""

    CHECKPOINT = 1
    CHAIN = 2
    VRF = 3


class DeliveryResult(IntEnum):
    """What became of a disclosure."""

    DELIVERED = 1
    ABORTED = 2


@dataclass(frozen=True, slots=True)
class Approval:
    """A signature by a named key."""

    algorithm: int
    key_id: Hash
    signature: bytes


@dataclass(frozen=True, slots=True)
class Threshold:
    """Approvals that body number ``body`` needs; 0 stands for every body without a row."""

    body: int
    count: int


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The log that this one continues."""

    log_id: Hash
    final_checkpoint: bytes


@dataclass(frozen=True, slots=True)
class LogOpened:
    """Index 0; its leaf hash is the log id."""

    random: Hash
    origin: str
    checkpoint_vkey: str
    ledger_keys: tuple[PublicKey, ...]
    vrf_key: Hash
    approvers: tuple[PublicKey, ...]
    thresholds: tuple[Threshold, ...]
    witness_policy_digest: Hash
    sealing_policy_digest: Hash
    predecessor: Predecessor | None = None


@dataclass(frozen=True, slots=True)
class SourceEnrolled:
    """A source may speak from here on."""

    number: int
    source_id: str
    service: str
    keys: tuple[PublicKey, ...]
    closing_period: Period
    grace_hours: int
    officers: tuple[PublicKey, ...] = ()
    officer_threshold: int = 0
    proofs_of_possession: tuple[Signature, ...] = ()
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceKeyChanged:
    """A source's new keys; forced without the old ones' signatures."""

    number: int
    source_id: str
    service: str
    keys: tuple[PublicKey, ...]
    closing_period: Period
    grace_hours: int
    officers: tuple[PublicKey, ...] = ()
    officer_threshold: int = 0
    proofs_of_possession: tuple[Signature, ...] = ()
    replaces: Hash = ZERO_HASH
    old_key_signatures: tuple[Signature, ...] = ()
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceRevoked:
    """A source says no more."""

    number: int
    source_id: str
    final_sequence: int
    reason: RevocationReason
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditorAdded:
    """An accredited auditor; its key id is this statement's leaf hash."""

    number: int
    name: str
    signing_key: PublicKey
    x25519_key: Hash
    signatures: tuple[Signature, ...] = ()
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditorRemoved:
    """The auditor opens nothing that is sealed from here on."""

    number: int
    name: str
    signing_key: PublicKey
    x25519_key: Hash
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an auditor checked in [begin, end), and how many findings there are."""

    auditor: Hash
    begin: int
    end: int
    checks: tuple[AuditCheck, ...]
    findings: int
    report_digest: Hash
    signatures: tuple[Signature, ...] = ()


@dataclass(frozen=True, slots=True)
class Anchor:
    """A cosigned checkpoint note."""

    checkpoint: bytes


@dataclass(frozen=True, slots=True)
class MapEpoch:
    """One published state of the lookup map."""

    number: int
    previous: Hash
    vrf_key: Hash
    root: Hash
    tag_count: int
    tree_size: int
    additions_digest: Hash


@dataclass(frozen=True, slots=True)
class Target:
    """A place in a source's chain, bound to its bytes."""

    sequence: int
    leaf_hash: Hash


@dataclass(frozen=True, slots=True)
class Erasure:
    """The target's shred, payload and lookup material are destroyed."""

    number: int
    source_id: str
    target: Target
    legal_basis: str
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True, slots=True)
class Challenge:
    """An allegation against the log, by digest."""

    allegation_digest: Hash
    maker: PublicKey
    signatures: tuple[Signature, ...] = ()


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Where the alleged entry is."""

    index: int
    leaf_hash: Hash


@dataclass(frozen=True, slots=True)
class Denial:
    """The source says that the allegation is untrue."""

    source_id: str
    signatures: tuple[Signature, ...] = ()


@dataclass(frozen=True, slots=True)
class ChallengeAnswer:
    """Exactly one of inclusion and denial."""

    challenge: Hash
    inclusion: Inclusion | None = None
    denial: Denial | None = None


@dataclass(frozen=True, slots=True)
class KeyChanged:
    """One of the ledger's own keys changes."""

    number: int
    which: LedgerKey
    checkpoint_vkey: str
    keys: tuple[PublicKey, ...]
    vrf_key: bytes
    replaces: Hash
    proofs_of_possession: tuple[Signature, ...] = ()
    old_key_signatures: tuple[Signature, ...] = ()
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyChanged:
    """The policies and approvers from here on, all stated anew."""

    number: int
    witness_policy_digest: Hash
    sealing_policy_digest: Hash
    approvers: tuple[PublicKey, ...]
    thresholds: tuple[Threshold, ...]
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True, slots=True)
class Frozen:
    """The log admits no source statements from here on."""

    number: int
    reason: str
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True, slots=True)
class Thawed:
    """The log admits source statements again."""

    number: int
    reason: str
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True, slots=True)
class LogClosed:
    """Nothing follows."""

    number: int
    successor_origin: str
    successor_vkey: str
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True, slots=True)
class SlotOpening:
    """One field of a record, opened: salt of 16 bytes, path of 5 hashes, leaf sibling first."""

    position: int
    name: str
    value: bytes
    salt: bytes
    path: tuple[Hash, ...]


@dataclass(frozen=True, slots=True)
class Embargo:
    """``until`` counts months since 1970-01."""

    until: int


@dataclass(frozen=True, slots=True)
class LateFor:
    """The start minute of an already closed period."""

    period_start: int


@dataclass(frozen=True, slots=True)
class Part:
    """One of ``count`` parts of a large handover."""

    index: int
    count: int


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Data of the record behind ``slots_root`` is about to leave."""

    slots_root: Hash
    payload_digest: Hash
    keys_root: Hash
    key_class: int
    aggregates_root: Hash
    embargo: Embargo | None = None
    late_for: LateFor | None = None
    part: Part | None = None
    openings: tuple[SlotOpening, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a disclosure."""

    target: Target
    result: DeliveryResult
    slots_root: Hash
    payload_digest: Hash


@dataclass(frozen=True, slots=True)
class Correction:
    """A later truth about a target; the last three are empty unless that is a DISCLOSURE."""

    target: Target
    slots_root: Hash
    payload_digest: Hash
    keys_root: bytes = b""
    key_class: int = 0
    aggregates_root: bytes = b""


@dataclass(frozen=True, slots=True)
class EmbargoLifted:
    """The target may be looked up from here on."""

    target: Target


@dataclass(frozen=True, slots=True)
class EmbargoExtended:
    """The order was prolonged to ``until`` (months since 1970-01)."""

    target: Target
    number: int
    until: int
    slots_root: Hash
    payload_digest: Hash
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True, slots=True)
class Count:
    """Equal bounds when exact, a band otherwise."""

    lo: int
    hi: int


@dataclass(frozen=True, slots=True)
class Closing:
    """What the period [start, end), in minutes, held."""

    start: int
    end: int
    first_sequence: int
    end_sequence: int
    disclosures: Count
    aborted: Count
    embargoed: Count
    late: Count
    previous: Hash
    mapped_through: int
    egress_digest: Hash
    approvals: tuple[Approval, ...] = ()


Body = (
    LogOpened
    | SourceEnrolled
    | SourceKeyChanged
    | SourceRevoked
    | AuditorAdded
    | AuditorRemoved
    | AuditReport
    | Anchor
    | MapEpoch
    | Erasure
    | Challenge
    | ChallengeAnswer
    | KeyChanged
    | PolicyChanged
    | Frozen
    | Thawed
    | LogClosed
    | Disclosure
    | Delivery
    | Correction
    | EmbargoLifted
    | EmbargoExtended
    | Closing
)

SOURCE_BODIES: tuple[type, ...] = (Disclosure, Delivery, Correction, EmbargoLifted, EmbargoExtended, Closing)
"""What a source says; everything else is the ledger's."""

Governance = (
    SourceEnrolled
    | SourceKeyChanged
    | SourceRevoked
    | AuditorAdded
    | AuditorRemoved
    | Erasure
    | KeyChanged
    | PolicyChanged
    | Frozen
    | Thawed
    | LogClosed
)
"""Ledger bodies that carry a gapless number and approvals (protocol §4)."""
