"""One of each body that a statement can hold, every field of it filled."""

from dataclasses import replace
from typing import Final

from ledger.core import bodies
from ledger.core.encoding import ZERO_HASH, Hash
from ledger.core.signing import PublicKey, Signature
from ledger.core.slots import open_slots
from vectors.records import EVERY_FIELD
from vectors.seeds import AUDITOR_KEY, LOG_KEY, LOG_OPENED, MINUTE, MONTH, ORIGIN, SERVICE, SOURCE, VRF_KEY, seed


def _key(name: str) -> PublicKey:
    return PublicKey(1, seed(f"key {name}"))


def _signatures(name: str) -> tuple[Signature, ...]:
    return (Signature(1, seed(f"{name} R") + seed(f"{name} S")),)


def _approvals() -> tuple[bodies.Approval, ...]:
    ids = sorted(seed(f"approver id {n}") for n in range(2))
    return tuple(bodies.Approval(1, key_id, _signatures(key_id.hex())[0].signature) for key_id in ids)


def _ledger() -> list[bodies.Body]:
    keys, target, approvals = (_key("new"),), bodies.Target(300, seed("target")), _approvals()
    proofs, old = _signatures("proof"), _signatures("old")
    enrolled = (SOURCE, SERVICE, keys, bodies.Period.MONTH, 24, (_key("officer"),), 1, proofs)
    policies = seed("witness policy"), seed("sealing policy")
    auditor = ("First Auditor", AUDITOR_KEY.public, seed("auditor box key"))
    return [
        LOG_OPENED,
        bodies.SourceEnrolled(1, *enrolled, approvals),
        bodies.SourceKeyChanged(2, *enrolled, seed("replaced"), old, approvals),
        bodies.SourceRevoked(3, SOURCE, 300, bodies.RevocationReason.KEY_COMPROMISED, approvals),
        bodies.AuditorAdded(4, *auditor, _signatures("auditor"), approvals),
        bodies.AuditorRemoved(5, *auditor, approvals),
        bodies.AuditReport(
            seed("auditor id"),
            1,
            300,
            (bodies.AuditCheck.LOG, bodies.AuditCheck.CLOSINGS),
            2,
            seed("report"),
            _signatures("auditor"),
        ),
        bodies.Anchor(b"a checkpoint note\n"),
        bodies.MapEpoch(1, seed("epoch 0"), VRF_KEY, seed("map root"), 128, 300, seed("additions")),
        bodies.Erasure(6, SOURCE, target, "Example Act, section 9", approvals),
        bodies.Challenge(seed("allegation"), _key("maker"), _signatures("maker")),
        bodies.ChallengeAnswer(seed("challenge"), bodies.Inclusion(300, seed("target"))),
        bodies.ChallengeAnswer(seed("challenge"), denial=bodies.Denial(SOURCE, _signatures("source"))),
        bodies.KeyChanged(7, bodies.LedgerKey.CHAIN, "", keys, b"", seed("replaced"), proofs, old, approvals),
        bodies.KeyChanged(8, bodies.LedgerKey.VRF, "", (), VRF_KEY, seed("replaced"), proofs, old, approvals),
        bodies.KeyChanged(
            9, bodies.LedgerKey.CHECKPOINT, LOG_KEY.vkey().format(), (), b"", seed("replaced"), proofs, old, approvals
        ),
        bodies.PolicyChanged(10, *policies, (_key("approver"),), (bodies.Threshold(0, 1),), approvals),
        bodies.Frozen(11, "under inspection", approvals),
        bodies.Thawed(12, "inspected", approvals),
        bodies.LogClosed(13, f"{ORIGIN}2", LOG_KEY.vkey().format(), approvals),
    ]


def disclosure_body(**members: object) -> bodies.Disclosure:
    """Return a DISCLOSURE with these members in place of its own."""
    body = bodies.Disclosure(seed("slots root"), seed("payload"), seed("keys root"), 4, seed("aggregates root"))
    return replace(body, **members)  # type: ignore[arg-type]  # the caller names real members


def opening(*names: str) -> tuple[bodies.SlotOpening, ...]:
    """Return public openings of one record's slots."""
    opened = open_slots({name: EVERY_FIELD[name] for name in ("outcome", "urgency")}, seed("public"), names)
    return tuple(bodies.SlotOpening(one.position, one.name, one.value, one.salt, one.path) for one in opened)


def _source() -> list[bodies.Body]:
    target, payload = bodies.Target(300, seed("target")), (seed("slots root"), seed("payload"))
    counts = bodies.Count(12, 12), bodies.Count(0, 0), bodies.Count(0, 9), bodies.Count(1, 1)
    return [
        disclosure_body(),
        disclosure_body(embargo=bodies.Embargo(MONTH + 36), late_for=bodies.LateFor(MINUTE - 7 * 24 * 60)),
        disclosure_body(part=bodies.Part(0, 2), openings=opening("outcome", "urgency", "notes")),
        bodies.Delivery(target, bodies.DeliveryResult.ABORTED, *payload),
        bodies.Correction(target, *payload),
        bodies.Correction(target, *payload, seed("keys root"), 16, seed("aggregates root")),
        bodies.EmbargoLifted(bodies.Target(0, seed("target"))),
        bodies.EmbargoExtended(target, 1, MONTH + 72, *payload, _approvals()),
        bodies.Closing(
            MINUTE - 7 * 24 * 60, MINUTE, 0, 12, *counts, ZERO_HASH, 290, Hash(seed("egress log")), _approvals()
        ),
    ]


LEDGER_BODIES: Final = _ledger()
SOURCE_BODIES: Final = _source()
EVERY_BODY: Final = (*LEDGER_BODIES, *SOURCE_BODIES)
