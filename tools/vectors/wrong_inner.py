"""Signatures inside bodies that must not count."""

from collections.abc import Sequence
from dataclasses import replace

from ledger.core import bodies
from ledger.core.encoding import Hash
from ledger.core.inner import approve, verify_approvals, verify_inner
from ledger.core.rules import LEDGER
from ledger.core.signing import PublicKey
from ledger.core.statement import body_field, body_name, encode_body
from vectors import seeds
from vectors.governing import accreditation, enrolment, key_change
from vectors.inner import LOG_ID, field_number
from vectors.plain import Json, case
from vectors.refusing import refused
from vectors.seeds import APPROVERS, AUDITOR_KEY, OFFICER, SOURCE_KEYS, seed


def wrong_inner() -> Json:
    """Return bodies whose signatures must be refused."""
    return {"refused": [*_refused_signatures(), *_refused_approvals()]}


def _refused_signatures() -> list[Json]:
    good = key_change(LOG_ID, seed("replaced"), 1, forced=False)
    old, new = (tuple(key.public for key in SOURCE_KEYS[at : at + 1]) for at in range(2))
    proof, own = good.proofs_of_possession, good.old_key_signatures
    elsewhere = key_change(seed("other log"), seed("replaced"), 1, forced=False)
    enrolled = enrolment(LOG_ID)
    as_change = replace(
        good,
        keys=enrolled.keys,
        officers=enrolled.officers,
        officer_threshold=1,
        replaces=Hash(bytes(32)),
        proofs_of_possession=enrolled.proofs_of_possession,
    )
    added = accreditation(LOG_ID, "First Auditor", AUDITOR_KEY, seeds.AUDITOR_BOX_KEY)
    auditor = (AUDITOR_KEY.public,)
    rows: list[tuple[str, bodies.Body, str, Sequence[PublicKey]]] = [
        ("for another log", elsewhere, "proofs_of_possession", new),
        ("the old key's signature as proof", replace(good, proofs_of_possession=own), "proofs_of_possession", old),
        ("the proof as the old key's signature", replace(good, old_key_signatures=proof), "old_key_signatures", new),
        ("the old key's by the new key", good, "old_key_signatures", new),
        ("another grace", replace(good, grace_hours=25), "old_key_signatures", old),
        ("another key statement replaced", replace(good, replaces=seed("other")), "old_key_signatures", old),
        ("an enrolment's proof in a key change", as_change, "proofs_of_possession", old),
        ("no proof", replace(good, proofs_of_possession=()), "proofs_of_possession", new),
        ("the proof twice", replace(good, proofs_of_possession=proof * 2), "proofs_of_possession", new),
        ("the auditor under another name", replace(added, name="Second Auditor"), "signatures", auditor),
        ("the auditor with another box key", replace(added, x25519_key=seed("other")), "signatures", auditor),
    ]
    return [_refused(name, body, field, keys) for name, body, field, keys in rows]


def _refused(name: str, body: bodies.Body, field: str, keys: Sequence[PublicKey]) -> Json:
    refused(name, lambda: verify_inner(LOG_ID, body, field, keys))
    return _given(name, body, field, keys)


def _given(name: str, body: bodies.Body, field: str, keys: Sequence[PublicKey], **more: object) -> Json:
    return case(
        name,
        log_id=LOG_ID,
        source_id=LEDGER,
        body_name=body_name(type(body)),
        body_field=body_field(type(body)),
        body=encode_body(body),
        field=field,
        signature_field=field_number(body, field),
        keys=keys,
        **more,
    )


def _refused_approvals() -> list[Json]:
    body = bodies.Frozen(11, "under inspection")
    good = approve(LOG_ID, body, APPROVERS)
    first, second = good.approvals
    by_stranger = approve(LOG_ID, body, [OFFICER])
    rows: dict[str, tuple[bodies.Governance, int]] = {
        "approved under another number": (replace(good, number=12), 2),
        "another reason": (replace(good, reason="other"), 2),
        "approved as THAWED": (bodies.Thawed(11, "under inspection", good.approvals), 2),
        "approved for another log": (approve(seed("other log"), body, APPROVERS), 2),
        "key ids that descend": (replace(body, approvals=(second, first)), 2),
        "one approver twice": (replace(body, approvals=(first, first)), 2),
        "one approver's signature under the other's name": (
            replace(body, approvals=(replace(first, signature=second.signature), second)),
            2,
        ),
        "a stranger": (by_stranger, 1),
        "two approvals where three are needed": (good, 3),
        "none where one is needed": (body, 1),
        "under algorithm 2": (replace(body, approvals=(replace(first, algorithm=2), second)), 2),
    }
    return [_refused_approval(name, wrong, threshold) for name, (wrong, threshold) in rows.items()]


def _refused_approval(name: str, body: bodies.Governance, threshold: int) -> Json:
    approvers = [key.public for key in APPROVERS]
    refused(name, lambda: verify_approvals(LOG_ID, body, approvers, threshold))
    return _given(name, body, "approvals", approvers, threshold=threshold)
