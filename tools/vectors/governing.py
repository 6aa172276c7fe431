"""What the ledger says of sources and auditors in the small log, signed by them, not yet numbered or approved."""

from dataclasses import replace

from ledger.core import bodies
from ledger.core.encoding import Hash
from ledger.core.inner import sign_inner
from ledger.core.signing import SecretKey
from vectors import seeds


def enrolment(log_id: Hash) -> bodies.SourceEnrolled:
    """Return the enrolment of the source with its proof of possession, not yet numbered or approved."""
    key = seeds.SOURCE_KEYS[0]
    body = bodies.SourceEnrolled(
        0,
        seeds.SOURCE,
        seeds.SERVICE,
        (key.public,),
        bodies.Period.WEEK,
        24,
        (seeds.OFFICER.public,),
        1,
    )
    return replace(body, proofs_of_possession=sign_inner(log_id, body, "proofs_of_possession", [key]))


def key_change(log_id: Hash, replaces: Hash, number: int, forced: bool) -> bodies.SourceKeyChanged:
    """Return the change to source key ``number``, signed by the one before unless ``forced``."""
    key, old = seeds.SOURCE_KEYS[number], seeds.SOURCE_KEYS[number - 1]
    body = bodies.SourceKeyChanged(
        0, seeds.SOURCE, seeds.SERVICE, (key.public,), bodies.Period.WEEK, 24, replaces=replaces
    )
    body = replace(body, proofs_of_possession=sign_inner(log_id, body, "proofs_of_possession", [key]))
    if forced:
        return body
    return replace(body, old_key_signatures=sign_inner(log_id, body, "old_key_signatures", [old]))


def accreditation(log_id: Hash, name: str, key: SecretKey, box_key: bytes) -> bodies.AuditorAdded:
    """Return an AUDITOR_ADDED signed by the auditor, not yet numbered or approved."""
    body = bodies.AuditorAdded(0, name, key.public, seeds.x25519_public(box_key))
    return replace(body, signatures=sign_inner(log_id, body, "signatures", [key]))


def other_enrolment(log_id: Hash) -> bodies.SourceEnrolled:
    """Return the enrolment of a source of whose two officers both must approve."""
    officers = tuple(officer.public for officer in seeds.OFFICERS)
    body = bodies.SourceEnrolled(
        0,
        seeds.OTHER_SOURCE,
        seeds.OTHER_SERVICE,
        (seeds.OTHER_SOURCE_KEY.public,),
        bodies.Period.DAY,
        48,
        officers,
        2,
    )
    return replace(
        body, proofs_of_possession=sign_inner(log_id, body, "proofs_of_possession", [seeds.OTHER_SOURCE_KEY])
    )


def report(log_id: Hash, auditor: Hash, end: int, key: SecretKey = seeds.SECOND_AUDITOR_KEY) -> bodies.AuditReport:
    """Return an auditor's report of the first ``end`` entries."""
    checks = (bodies.AuditCheck.LOG, bodies.AuditCheck.PAYLOADS)
    body = bodies.AuditReport(auditor, 0, end, checks, 1, seeds.seed("report"))
    return replace(body, signatures=sign_inner(log_id, body, "signatures", [key]))
