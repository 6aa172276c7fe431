"""Signatures inside bodies: one of every kind."""

from dataclasses import dataclass, fields, replace
from typing import Any, Final, cast

from ledger.core import bodies
from ledger.core.encoding import sha256
from ledger.core.inner import signed_bytes
from ledger.core.rules import LEDGER
from ledger.core.signing import SecretKey, approver_id
from ledger.core.statement import body_field, body_message, body_name, encode_body
from vectors import seeds
from vectors.governing import accreditation, enrolment, key_change
from vectors.plain import Json, case
from vectors.saying import LEDGER_BODIES, SOURCE_BODIES
from vectors.seeds import APPROVERS, AUDITOR_KEY, OFFICER, SOURCE, SOURCE_KEYS, seed

LOG_ID: Final = seed("log id")
_CLEARED: Final = ("proofs_of_possession", "old_key_signatures", "signatures", "approvals")


@dataclass(frozen=True, slots=True)
class _Signed:
    """A body and who signs in which of its fields."""

    body: bodies.Body
    field: str
    keys: tuple[SecretKey, ...]
    source_id: str = LEDGER


def inner() -> Json:
    """Return inner signatures with the bytes they are over."""
    return {
        "description": [
            (
                "cases: body is the serialisation of a body, which is field body_field of Statement; field and "
                "signature_field name the field of the body that holds the signatures."
            ),
            (
                "cleared: the body with proofs_of_possession, old_key_signatures, signatures and approvals empty, and "
                "number 0 unless the signatures are approvals."
            ),
            (
                'signed_bytes = L("inner") ‖ log_id ‖ str8(source_id of the statement) ‖ u16 body_field ‖ u16 '
                "signature_field ‖ SHA-256(cleared)."
            ),
            (
                "seeds: Ed25519 seeds of keys, each of which signs signed_bytes. expected: what the field of body "
                'holds: signatures in the order of keys, or approvals ascending by key_id = SHA-256(L("approver") ‖ '
                "u8 algorithm ‖ key)."
            ),
            (
                "refused: the signatures in the field must not pass. Where there is no threshold they must be by "
                "exactly keys, in that order; where there is one, keys are the approvers, threshold of whom must have "
                "approved, each once and nobody else."
            ),
        ],
        "cases": [_case(signed) for signed in _signed()],
    }


def _signed() -> list[_Signed]:
    enrolled = enrolment(LOG_ID)
    changed = key_change(LOG_ID, seed("replaced"), 1, forced=False)
    added = accreditation(LOG_ID, "First Auditor", AUDITOR_KEY, seeds.AUDITOR_BOX_KEY)
    report, challenge, ledger_key = (LEDGER_BODIES[at] for at in (6, 10, 13))
    maker, new = (seeds.secret_key(name) for name in ("maker", "new ledger key"))
    chain = replace(cast(Any, ledger_key), keys=(new.public,))
    governing = [body for body in LEDGER_BODIES if isinstance(body, bodies.Governance)]
    return [
        _Signed(replace(enrolled, number=1), "proofs_of_possession", SOURCE_KEYS[:1]),
        _Signed(replace(changed, number=2), "proofs_of_possession", SOURCE_KEYS[1:2]),
        _Signed(replace(changed, number=2), "old_key_signatures", SOURCE_KEYS[:1]),
        _Signed(replace(added, number=3), "signatures", (AUDITOR_KEY,)),
        _Signed(report, "signatures", (AUDITOR_KEY,)),
        _Signed(replace(cast(Any, challenge), maker=maker.public), "signatures", (maker,)),
        _Signed(chain, "proofs_of_possession", (new,)),
        _Signed(chain, "old_key_signatures", (seeds.LEDGER_KEY,)),
        *(_Signed(body, "approvals", APPROVERS) for body in governing),
        _Signed(SOURCE_BODIES[7], "approvals", (OFFICER,), SOURCE),
        _Signed(SOURCE_BODIES[8], "approvals", (OFFICER,), SOURCE),
    ]


def _case(signed: _Signed) -> Json:
    body, name, number = signed.body, signed.field, getattr(signed.body, "number", None)
    message = signed_bytes(LOG_ID, body, name, signed.source_id)
    public = [key.public for key in signed.keys]
    signatures = tuple(key.sign(message) for key in signed.keys)
    cleared = _cleared(body, keep_number=name == "approvals")
    if sha256(encode_body(cleared)) != message[-32:]:
        raise AssertionError("cleared otherwise than the core clears")
    given: tuple[object, ...] = signatures
    if name == "approvals":
        ids = sorted(((approver_id(key.public), key) for key in signed.keys), key=lambda pair: pair[0])
        given = tuple(bodies.Approval(1, key_id, key.sign(message).signature) for key_id, key in ids)
    filled = replace(cast(Any, body), **{name: given})
    return case(
        f"{name} of {body_name(type(body))}{'' if number is None else f' number {number}'}",
        log_id=LOG_ID,
        source_id=signed.source_id,
        body_name=body_name(type(body)),
        body_field=body_field(type(body)),
        body=encode_body(filled),
        field=name,
        signature_field=field_number(body, name),
        cleared=encode_body(cleared),
        signed_bytes=message,
        seeds=[key.seed for key in signed.keys],
        keys=public,
        expected=given,
    )


def _cleared(body: bodies.Body, keep_number: bool) -> bodies.Body:
    names = {field.name for field in fields(body)}
    changes: dict[str, Any] = {name: () for name in _CLEARED if name in names}
    if "number" in names and not keep_number:
        changes["number"] = 0
    return cast(bodies.Body, replace(cast(Any, body), **changes))


def field_number(body: bodies.Body, name: str) -> int:
    """Return the number of a field of a body."""
    return int(body_message(body).DESCRIPTOR.fields_by_name[name].number)
