"""Signatures inside a body: proofs of possession, old keys, auditors, approvals (protocol §4).

Each is over L("inner") ‖ log id ‖ str8(source id of the statement) ‖ u16 body field number ‖ u16 signature field
number ‖ SHA-256(the body with all inner signatures and approvals cleared). Who signs beforehand elsewhere signs with
``number`` cleared too.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, Final, TypeVar, cast

from ledger.core import bodies
from ledger.core.encoding import Hash, label, sha256, str8, u16
from ledger.core.errors import Refused, VerificationFailed
from ledger.core.rules import LEDGER
from ledger.core.signing import PublicKey, SecretKey, Signature, approver_id, verify_each, verify_signature
from ledger.core.statement import body_field, body_message, encode_body

_LABEL: Final = label("inner")
_SIGNATURE_FIELDS: Final = ("proofs_of_possession", "old_key_signatures", "signatures", "approvals")


def signed_bytes(log_id: Hash, body: bodies.Body, signature_field: str, source_id: str = LEDGER) -> bytes:
    """Return what a signature in ``signature_field`` of ``body`` is over; all but approvals clear ``number``."""
    names = {field.name for field in fields(body)}
    cleared: dict[str, Any] = {name: () for name in _SIGNATURE_FIELDS if name in names}
    if signature_field != "approvals" and "number" in names:
        cleared["number"] = 0
    digest = sha256(encode_body(replace(cast(Any, body), **cleared)))
    number = body_message(body).DESCRIPTOR.fields_by_name[signature_field].number
    return b"".join((_LABEL, log_id, str8(source_id), u16(body_field(type(body))), u16(number), digest))


def sign_inner(
    log_id: Hash, body: bodies.Body, signature_field: str, keys: Sequence[SecretKey]
) -> tuple[Signature, ...]:
    """Return each key's signature for ``signature_field``, in the order given."""
    message = signed_bytes(log_id, body, signature_field)
    return tuple(key.sign(message) for key in keys)


def verify_inner(log_id: Hash, body: bodies.Body, signature_field: str, keys: Sequence[PublicKey]) -> None:
    """Raise VerificationFailed unless exactly ``keys`` signed in ``signature_field``, in order."""
    message = signed_bytes(log_id, body, signature_field)
    verify_each(keys, message, getattr(body, signature_field), signature_field)


Approved = TypeVar("Approved", bound=bodies.Governance | bodies.EmbargoExtended | bodies.Closing)


def approve(log_id: Hash, body: Approved, keys: Sequence[SecretKey], source_id: str = LEDGER) -> Approved:
    """Return ``body`` with an approval by each of ``keys``, those of others kept, ascending by key id."""
    message = signed_bytes(log_id, body, "approvals", source_id)
    given = {approval.key_id: approval for approval in body.approvals}
    for key in keys:
        key_id = approver_id(key.public)
        given[key_id] = bodies.Approval(key.public.algorithm, key_id, key.sign(message).signature)
    return cast(Approved, replace(cast(Any, body), approvals=tuple(given[key_id] for key_id in sorted(given))))


def verify_approvals(
    log_id: Hash,
    body: bodies.Governance | bodies.EmbargoExtended | bodies.Closing,
    approvers: Sequence[PublicKey],
    threshold: int,
    source_id: str = LEDGER,
) -> Sequence[bodies.Approval]:
    """Return the approvals of ``body``, which ``source_id`` says.

    Raises:
        VerificationFailed: one is by a stranger, out of order, doubled, or does not verify.
        Refused: there are fewer than ``threshold``.
    """
    message = signed_bytes(log_id, body, "approvals", source_id)
    known = {approver_id(key): key for key in approvers}
    previous = b""
    for approval in body.approvals:
        if approval.key_id <= previous:
            raise VerificationFailed("approvals: must ascend by key id, each key once")
        previous = approval.key_id
        if approval.key_id not in known:
            who = "an approver of this log" if source_id == LEDGER else "an officer of this source"
            raise VerificationFailed(f"approvals: not by {who}")
        signature = Signature(approval.algorithm, approval.signature)
        verify_signature(known[approval.key_id], message, signature, "approvals")
    if len(body.approvals) < threshold:
        raise Refused(f"approvals: {threshold} are needed")
    return body.approvals
