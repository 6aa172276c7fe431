"""One lawful body of each kind, every field of it filled."""

from typing import Final

from ledger.core import bodies
from ledger.core.encoding import Hash, sha256
from ledger.core.note import ED25519, VKey
from ledger.core.rules import LEDGER, month_of
from ledger.core.signing import PublicKey, Signature
from ledger.core.statement import Seal, Statement
from tests.core.world import ORIGIN, START, secret


def hashed(text: str) -> Hash:
    """Return the hash that stands for ``text``."""
    return sha256(text.encode())


def key(name: str) -> PublicKey:
    """Return the public key of ``name``."""
    return secret(name).public


SIGNATURES: Final = (Signature(1, b"signature"), Signature(2, b"post-quantum"))
"""Inner signatures as a body carries them; what they sign is not judged by its bytes alone."""
APPROVALS: Final = (bodies.Approval(1, hashed("approver"), b"approval"), bodies.Approval(2, hashed("officer"), b"a"))
TARGET: Final = bodies.Target(7, hashed("leaf"))
OPENING: Final = bodies.SlotOpening(19, "outcome", b'"FULL"', b"salt" * 4, (hashed("l"), hashed("r")))
UNTIL: Final = month_of(START) + 12

DISCLOSURE: Final = bodies.Disclosure(
    hashed("slots"), hashed("payload"), hashed("keys"), 4, hashed("aggregates"), late_for=bodies.LateFor(START - 1440)
)
PUBLISHING: Final = bodies.Disclosure(
    hashed("slots"),
    hashed("payload"),
    hashed("keys"),
    256,
    hashed("aggregates"),
    part=bodies.Part(1, 3),
    openings=(OPENING, bodies.SlotOpening(20, "", b"", b"salt" * 4, (hashed("r"),))),
)
EMBARGOED: Final = bodies.Disclosure(
    hashed("slots"),
    hashed("payload"),
    hashed("keys"),
    16,
    hashed("aggregates"),
    bodies.Embargo(UNTIL),
    bodies.LateFor(1),
    bodies.Part(0, 2),
)
LOG_OPENED: Final = bodies.LogOpened(
    hashed("random"),
    ORIGIN,
    VKey.of(ORIGIN, ED25519, key("checkpoints").key).format(),
    (key("chain"),),
    hashed("vrf"),
    (key("approver 0"), key("approver 1")),
    (bodies.Threshold(0, 1), bodies.Threshold(20, 2)),
    hashed("witness policy"),
    hashed("sealing policy"),
    bodies.Predecessor(hashed("log"), b"checkpoint"),
)
SOURCE_ENROLLED: Final = bodies.SourceEnrolled(
    2, "alpha", "mail", (key("alpha"),), bodies.Period.MONTH, 24, (key("officer"),), 1, SIGNATURES, APPROVALS
)
SOURCE_KEY_CHANGED: Final = bodies.SourceKeyChanged(
    3,
    "alpha",
    "mail",
    (key("alpha"),),
    bodies.Period.DAY,
    744,
    (key("officer"), key("another officer")),
    2,
    SIGNATURES,
    hashed("key statement"),
    SIGNATURES[:1],
    APPROVALS,
)
SOURCE_REVOKED: Final = bodies.SourceRevoked(4, "alpha", 9, bodies.RevocationReason.OTHER, APPROVALS)
AUDITOR_ADDED: Final = bodies.AuditorAdded(5, "One Auditor", key("auditor"), hashed("x25519"), SIGNATURES, APPROVALS)
AUDITOR_REMOVED: Final = bodies.AuditorRemoved(6, "One Auditor", key("auditor"), hashed("x25519"), APPROVALS)
KEY_CHANGED: Final = bodies.KeyChanged(
    8,
    bodies.LedgerKey.CHAIN,
    VKey.of(ORIGIN, ED25519, key("checkpoints").key).format(),
    (key("chain"),),
    hashed("vrf"),
    hashed("key statement"),
    SIGNATURES[:1],
    SIGNATURES,
    APPROVALS,
)
ANSWER: Final = bodies.ChallengeAnswer(hashed("challenge"), bodies.Inclusion(9, hashed("leaf")))
CLOSING: Final = bodies.Closing(
    START,
    START + 10_080,
    3,
    11,
    bodies.Count(8, 8),
    bodies.Count(1, 4),
    bodies.Count(2, 2),
    bodies.Count(1, 1),
    hashed("previous"),
    500,
    hashed("egress"),
    APPROVALS,
)

BODIES: Final[dict[str, bodies.Body]] = {
    "log_opened": LOG_OPENED,
    "source_enrolled": SOURCE_ENROLLED,
    "source_key_changed": SOURCE_KEY_CHANGED,
    "source_revoked": SOURCE_REVOKED,
    "auditor_added": AUDITOR_ADDED,
    "auditor_removed": AUDITOR_REMOVED,
    "audit_report": bodies.AuditReport(
        hashed("auditor"), 1, 9, (bodies.AuditCheck.LOG, bodies.AuditCheck.CLOSINGS), 3, hashed("report"), SIGNATURES
    ),
    "anchor": bodies.Anchor(b"checkpoint"),
    "map_epoch": bodies.MapEpoch(2, hashed("previous"), hashed("vrf"), hashed("root"), 300, 128, hashed("additions")),
    "erasure": bodies.Erasure(7, "alpha", TARGET, "a court order", APPROVALS),
    "challenge": bodies.Challenge(hashed("allegation"), key("maker"), SIGNATURES),
    "challenge_answer": ANSWER,
    "denial": bodies.ChallengeAnswer(hashed("challenge"), denial=bodies.Denial("alpha", SIGNATURES)),
    "key_changed": KEY_CHANGED,
    "policy_changed": bodies.PolicyChanged(
        9,
        hashed("witness policy"),
        hashed("sealing policy"),
        (key("approver 0"),),
        (bodies.Threshold(0, 1),),
        APPROVALS,
    ),
    "frozen": bodies.Frozen(10, "a breach", APPROVALS),
    "thawed": bodies.Thawed(11, "mended", APPROVALS),
    "log_closed": bodies.LogClosed(12, "next.example", "vkey", APPROVALS),
    "disclosure": DISCLOSURE,
    "publishing disclosure": PUBLISHING,
    "embargoed disclosure": EMBARGOED,
    "delivery": bodies.Delivery(TARGET, bodies.DeliveryResult.ABORTED, hashed("slots"), hashed("payload")),
    "correction": bodies.Correction(
        TARGET, hashed("slots"), hashed("payload"), hashed("keys"), 64, hashed("aggregates")
    ),
    "embargo_lifted": bodies.EmbargoLifted(TARGET),
    "embargo_extended": bodies.EmbargoExtended(TARGET, 1, UNTIL, hashed("slots"), hashed("payload"), APPROVALS),
    "closing": CLOSING,
}
"""Each body by its name in Statement; some twice, because what they hold excludes itself."""

SEAL: Final = Seal(hashed("sealed keys"), SIGNATURES)


def stated(body: bodies.Body, seal: Seal | None = None) -> Statement:
    """Return ``body`` as said by the ledger, or by the source alpha where it is a source's."""
    source_id = "alpha" if isinstance(body, bodies.SOURCE_BODIES) else LEDGER
    return Statement(source_id, 300, START, body, seal)
