"""Signatures inside a body are over exactly the bytes that protocol §4 spells out."""

import hashlib
from dataclasses import replace
from typing import Any, cast

import pytest

from ledger.core import bodies
from ledger.core.errors import VerificationFailed
from ledger.core.inner import approve, sign_inner, signed_bytes, verify_approvals, verify_inner
from ledger.core.signing import Signature
from ledger.core.statement import encode_body
from tests.core import wire
from tests.core.examples import (
    AUDITOR_ADDED,
    BODIES,
    CLOSING,
    KEY_CHANGED,
    SOURCE_ENROLLED,
    SOURCE_KEY_CHANGED,
    hashed,
)
from tests.core.strategies import descriptor_of
from tests.core.world import secret

LOG_ID = hashed("log")
KEYS = (secret("one"), secret("two"))
PUBLIC = tuple(key.public for key in KEYS)

INNER = [
    pytest.param(SOURCE_ENROLLED, "proofs_of_possession", 17, 9, {9, 15}, True, id="enrolled, possession"),
    pytest.param(SOURCE_ENROLLED, "approvals", 17, 15, {9, 15}, False, id="enrolled, approval"),
    pytest.param(SOURCE_KEY_CHANGED, "proofs_of_possession", 18, 9, {9, 11, 15}, True, id="key, possession"),
    pytest.param(SOURCE_KEY_CHANGED, "old_key_signatures", 18, 11, {9, 11, 15}, True, id="key, old key"),
    pytest.param(SOURCE_KEY_CHANGED, "approvals", 18, 15, {9, 11, 15}, False, id="key, approval"),
    pytest.param(BODIES["source_revoked"], "approvals", 19, 15, {15}, False, id="revoked, approval"),
    pytest.param(AUDITOR_ADDED, "signatures", 20, 5, {5, 15}, True, id="auditor, its own"),
    pytest.param(AUDITOR_ADDED, "approvals", 20, 15, {5, 15}, False, id="auditor, approval"),
    pytest.param(BODIES["auditor_removed"], "approvals", 21, 15, {15}, False, id="auditor removed, approval"),
    pytest.param(BODIES["audit_report"], "signatures", 22, 7, {7}, False, id="report, its auditor"),
    pytest.param(BODIES["erasure"], "approvals", 25, 15, {15}, False, id="erasure, approval"),
    pytest.param(BODIES["challenge"], "signatures", 26, 3, {3}, False, id="challenge, its maker"),
    pytest.param(KEY_CHANGED, "proofs_of_possession", 28, 7, {7, 8, 15}, True, id="ledger key, possession"),
    pytest.param(KEY_CHANGED, "old_key_signatures", 28, 8, {7, 8, 15}, True, id="ledger key, old key"),
    pytest.param(KEY_CHANGED, "approvals", 28, 15, {7, 8, 15}, False, id="ledger key, approval"),
    pytest.param(BODIES["policy_changed"], "approvals", 29, 15, {15}, False, id="policy, approval"),
    pytest.param(BODIES["frozen"], "approvals", 30, 15, {15}, False, id="frozen, approval"),
    pytest.param(BODIES["thawed"], "approvals", 31, 15, {15}, False, id="thawed, approval"),
    pytest.param(BODIES["log_closed"], "approvals", 32, 15, {15}, False, id="closed, approval"),
]


def by_hand(source_id: bytes, body: bytes, body_field: int, signature_field: int) -> bytes:
    """Return the signed bytes of protocol §4 over a cleared body."""
    head = b"disclosure-ledger/v1/inner\x00" + LOG_ID + bytes([len(source_id)]) + source_id
    return head + bytes([0, body_field, 0, signature_field]) + hashlib.sha256(body).digest()


def cleared(body: bodies.Body, numbers: set[int]) -> bytes:
    """Return the bytes of ``body`` without the fields of these numbers."""
    fields = wire.decode(encode_body(body), descriptor_of(type(body)))
    assert numbers <= {number for number, _ in fields}
    return wire.encode([field for field in fields if field[0] not in numbers])


@pytest.mark.parametrize(("body", "name", "body_field", "field", "signatures", "beforehand"), INNER)
def test_what_is_signed(
    body: bodies.Body, name: str, body_field: int, field: int, signatures: set[int], beforehand: bool
) -> None:
    """Label, log, chain, both field numbers, and the body without signatures; who signs beforehand skips number 1."""
    gone = signatures | ({1} if beforehand else set())
    message = by_hand(b"ledger", cleared(body, gone), body_field, field)
    assert signed_bytes(LOG_ID, body, name) == message
    assert sign_inner(LOG_ID, body, name, KEYS) == tuple(key.sign(message) for key in KEYS)


@pytest.mark.parametrize(
    ("body", "body_field"), [(BODIES["embargo_extended"], 37), (CLOSING, 38)], ids=["extension", "closing"]
)
def test_officers_approve_in_their_sources_chain(body: bodies.Body, body_field: int) -> None:
    """An officer's approval names the source, and keeps an extension's number."""
    message = by_hand(b"alpha", cleared(body, {15}), body_field, 15)
    assert signed_bytes(LOG_ID, body, "approvals", "alpha") == message


def test_an_enrolment_to_sign_by_hand() -> None:
    """A proof of possession is over these fields and no others, all of them written out."""
    officer, key = SOURCE_ENROLLED.officers[0], SOURCE_ENROLLED.keys[0]
    fields: wire.Fields = [(2, b"alpha"), (3, b"mail"), (4, [(1, 1), (2, key.key)]), (5, 3), (6, 24)]
    fields += [(7, [(1, 1), (2, officer.key)]), (8, 1)]
    message = by_hand(b"ledger", wire.encode(fields), 17, 9)
    assert signed_bytes(LOG_ID, SOURCE_ENROLLED, "proofs_of_possession") == message
    approval = by_hand(b"ledger", wire.encode([(1, 2), *fields]), 17, 15)
    assert signed_bytes(LOG_ID, SOURCE_ENROLLED, "approvals") == approval


@pytest.mark.parametrize(("body", "name", "_body", "_field", "_signatures", "beforehand"), INNER)
def test_who_signs_beforehand_need_not_know_the_number(
    body: bodies.Body, name: str, _body: int, _field: int, _signatures: set[int], beforehand: bool
) -> None:
    """Another number or other signatures change nothing for them; an approval is for one number."""
    emptied = dict.fromkeys(("proofs_of_possession", "old_key_signatures", "signatures", "approvals"), ())
    kept = {field: value for field, value in emptied.items() if hasattr(body, field)}
    message = signed_bytes(LOG_ID, body, name)
    assert signed_bytes(LOG_ID, replace(cast(Any, body), **kept), name) == message
    if hasattr(body, "number"):
        renumbered = replace(cast(Any, body), number=99)
        assert (signed_bytes(LOG_ID, renumbered, name) == message) == beforehand


def signed(body: bodies.Body, name: str) -> bodies.Body:
    """Return ``body`` signed by both keys in one field."""
    return cast(bodies.Body, replace(cast(Any, body), **{name: sign_inner(LOG_ID, body, name, KEYS)}))


SIGNED = [
    pytest.param(SOURCE_ENROLLED, "proofs_of_possession", id="possession"),
    pytest.param(SOURCE_KEY_CHANGED, "old_key_signatures", id="old key"),
    pytest.param(AUDITOR_ADDED, "signatures", id="auditor"),
]


@pytest.mark.parametrize(("body", "name"), SIGNED)
def test_inner_signatures_verify(body: bodies.Body, name: str) -> None:
    """What the keys signed verifies under the same keys in the same order, whatever number it gets."""
    numbered = replace(cast(Any, signed(body, name)), number=7)
    verify_inner(LOG_ID, numbered, name, PUBLIC)
    for keys in (PUBLIC[:1], PUBLIC[::-1], (*PUBLIC, PUBLIC[0])):
        with pytest.raises(VerificationFailed, match=f"^{name}: "):
            verify_inner(LOG_ID, numbered, name, keys)


@pytest.mark.parametrize(("body", "name"), SIGNED)
def test_inner_signatures_do_not_move(body: bodies.Body, name: str) -> None:
    """No other log, no other content and no flipped bit verifies."""
    said = cast(Any, signed(body, name))
    first, second = getattr(said, name)
    flipped = Signature(1, bytes([first.signature[0] ^ 1]) + first.signature[1:])
    changed = replace(said, **{"name": "Another"} if name == "signatures" else {"service": "another"})
    for log_id, other in (
        (hashed("another log"), said),
        (LOG_ID, changed),
        (LOG_ID, replace(said, **{name: (flipped, second)})),
        (LOG_ID, replace(said, **{name: (second, first)})),
        (LOG_ID, replace(said, **{name: (Signature(2, first.signature), second)})),
    ):
        with pytest.raises(VerificationFailed, match=f"^{name}: "):
            verify_inner(log_id, other, name, PUBLIC)


def test_a_signature_in_one_field_is_none_in_another() -> None:
    """A new key's proof is no old key's signature, and no body's proof another's: the field numbers are signed."""
    proofs = sign_inner(LOG_ID, SOURCE_KEY_CHANGED, "proofs_of_possession", KEYS)
    with pytest.raises(VerificationFailed, match=r"^old_key_signatures: the signature does not verify$"):
        verify_inner(LOG_ID, replace(SOURCE_KEY_CHANGED, old_key_signatures=proofs), "old_key_signatures", PUBLIC)
    frozen, thawed = bodies.Frozen(1, "a breach"), bodies.Thawed(1, "a breach")
    assert encode_body(frozen) == encode_body(thawed)
    moved = replace(thawed, approvals=approve(LOG_ID, frozen, KEYS).approvals)
    with pytest.raises(VerificationFailed, match=r"^approvals: the signature does not verify$"):
        verify_approvals(LOG_ID, moved, PUBLIC, 1)
