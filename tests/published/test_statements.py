"""Leaves, seals and inner signatures of the vectors hold, and their wrong ones do not."""

from dataclasses import replace
from typing import Any, cast

import pytest

from ledger.core import mirror
from ledger.core.batch import Binding, decode_batch, sign_batch, verify_seal
from ledger.core.encoding import Hash, sha256
from ledger.core.errors import InvalidInput, NotAuthenticated, Refused, Uncheckable, VerificationFailed
from ledger.core.inner import signed_bytes, verify_approvals, verify_inner
from ledger.core.merkle import leaf_hash, tree_root
from ledger.core.signing import SecretKey, Signature
from ledger.core.statement import (
    MAX_STATEMENT,
    Seal,
    Statement,
    body_field,
    body_message,
    body_name,
    decode_leaf,
    encode_body,
    encode_statement,
)
from ledger.v1 import statement_pb2
from tests.published.reading import Case, body_class, cases, hashes, public_keys, raw, rebuild, vectors


def shown(case: Case) -> Statement:
    """Return the statement that a case shows field by field."""
    fields = case["statement"]
    seal = rebuild(Seal, fields["seal"]) if "seal" in fields else None
    body = rebuild(body_class(case["body_field"]), fields["body"])
    return Statement(fields["source_id"], fields["sequence"], fields["recorded_at"], body, seal)


def binding(case: Case) -> Binding:
    """Return what a case says its seal binds."""
    return Binding(*hashes([case["log_id"], case["key_statement"], case["previous"]]))


def body_of(case: Case) -> Any:
    """Return the body that a case gives as bytes."""
    cls = body_class(case["body_field"])
    field = statement_pb2.Statement.DESCRIPTOR.fields_by_number[case["body_field"]]
    message = getattr(statement_pb2.Statement(), field.name)
    message.ParseFromString(raw(case["body"]))
    body = mirror.read(cls, message)
    assert (encode_body(body).hex(), body_name(cls)) == (case["body"], case["body_name"])
    assert body_message(body).DESCRIPTOR.fields_by_name[case["field"]].number == case["signature_field"]
    return body


def test_every_body_is_there() -> None:
    """The cases hold each body of the oneof at least once, and a seal."""
    numbers = {field.number for field in statement_pb2.Statement.DESCRIPTOR.oneofs_by_name["body"].fields}
    listed = vectors("statements")["cases"]
    assert {case["body_field"] for case in listed} == numbers
    assert any("seal" in case["statement"] for case in listed)


@pytest.mark.parametrize("case", cases("statements", "cases"))
def test_leaves(case: Case) -> None:
    """The fields serialise to the leaf, and the leaf decodes to the fields."""
    statement, leaf = shown(case), raw(case["leaf"])
    assert encode_statement(statement) == leaf
    decoded = decode_leaf(leaf)
    assert (decoded.statement, body_field(type(statement.body))) == (statement, case["body_field"])
    assert leaf_hash(leaf).hex() == case["leaf_hash"]
    assert decoded.unsealed.hex() == case["unsealed"]
    assert leaf.startswith(decoded.unsealed)


@pytest.mark.parametrize("case", cases("statements", "refused"))
def test_wrong_leaves(case: Case) -> None:
    """A leaf that is not canonical or breaks a rule is refused, though it is small enough."""
    assert len(raw(case["leaf"])) <= MAX_STATEMENT
    with pytest.raises(InvalidInput):
        decode_leaf(raw(case["leaf"]))


@pytest.mark.parametrize("case", cases("statements", "uncheckable"))
def test_unknown_leaves(case: Case) -> None:
    """What is not known is neither proven nor disproven."""
    with pytest.raises(Uncheckable):
        decode_leaf(raw(case["leaf"]))


@pytest.mark.parametrize("case", cases("batches", "cases"))
def test_batches(case: Case) -> None:
    """Root, signed bytes, signatures and digest are those of the statements, which can be signed again."""
    batch, keys = decode_batch([raw(leaf) for leaf in case["statements"]]), public_keys(case["keys"])
    assert [leaf_hash(leaf.unsealed).hex() for leaf in batch.leaves] == case["batch_leaf_hashes"]
    assert batch.leaves[-1].unsealed.hex() == case["last_unsealed"]
    assert tree_root(hashes(case["batch_leaf_hashes"])).hex() == batch.root.hex() == case["batch_root"]
    placed = (batch.source_id, batch.first_sequence, batch.count, batch.seal.sealed_keys_digest.hex())
    assert placed == tuple(case[name] for name in ("source_id", "first_sequence", "count", "sealed_keys_digest"))
    assert batch.seal.signatures == tuple(rebuild(Signature, signature) for signature in case["signatures"])
    assert batch.signed_bytes(binding(case)).hex() == case["signed_bytes"]
    assert verify_seal(batch, binding(case), keys) == sha256(raw(case["signed_bytes"])) == raw(case["digest"])
    secrets = [SecretKey.from_seed(raw(seed)) for seed in case["seeds"]]
    unsealed = [replace(leaf.statement, seal=None) for leaf in batch.leaves]
    signed = sign_batch(unsealed, binding(case), batch.seal.sealed_keys_digest, [key.sign for key in secrets])
    assert [leaf.hex() for leaf in signed] == case["statements"]
    assert tuple(key.public for key in secrets) == keys


def test_batches_of_a_source_are_a_chain() -> None:
    """The digest of each batch is what the source's next one names as previous."""
    one, two, *_ = [case for case in vectors("batches")["cases"] if case["source_id"] != "ledger"]
    opened, enrolled = vectors("batches")["cases"][:2]
    assert (opened["previous"], one["previous"]) == ("00" * 32, "00" * 32)
    assert (enrolled["previous"], two["previous"]) == (opened["digest"], one["digest"])


@pytest.mark.parametrize("case", cases("batches", "refused"))
def test_wrong_batches(case: Case) -> None:
    """Statements that are no batch, or not under this log, key, place and chain, are refused."""
    with pytest.raises((InvalidInput, NotAuthenticated)):
        verify_seal(decode_batch([raw(leaf) for leaf in case["statements"]]), binding(case), public_keys(case["keys"]))


@pytest.mark.parametrize("case", cases("inner", "cases"))
def test_inner_signatures(case: Case) -> None:
    """The signed bytes end in the hash of the cleared body, and each key signed them."""
    body, keys, log_id = body_of(case), public_keys(case["keys"]), Hash(raw(case["log_id"]))
    message = signed_bytes(log_id, body, case["field"], case["source_id"])
    assert message.hex() == case["signed_bytes"]
    assert message.endswith(sha256(raw(case["cleared"])))
    secrets = [SecretKey.from_seed(raw(seed)) for seed in case["seeds"]]
    assert tuple(key.public for key in secrets) == keys
    signed = {key.sign(message).signature.hex() for key in secrets}
    assert {one["signature"] for one in case["expected"]} == signed
    listed = getattr(body, case["field"])
    assert listed == tuple(rebuild(type(one), given) for one, given in zip(listed, case["expected"], strict=True))
    if case["field"] != "approvals":
        verify_inner(log_id, body, case["field"], keys)
    elif case["source_id"] == "ledger":
        assert verify_approvals(log_id, body, keys, len(keys)) == body.approvals


def test_every_kind_of_inner_signature_is_there() -> None:
    """The cases hold every signature field of every body, the denial's apart."""
    fields = statement_pb2.Statement.DESCRIPTOR.oneofs_by_name["body"].fields
    names = ("proofs_of_possession", "old_key_signatures", "signatures", "approvals")
    kinds = {(body.number, name) for body in fields for name in names if name in _field_names(body.message_type)}
    assert {(case["body_field"], case["field"]) for case in vectors("inner")["cases"]} == kinds


def _field_names(message: Any) -> set[str]:
    return {str(field.name) for field in cast(Any, message).fields}


@pytest.mark.parametrize("case", cases("inner", "refused"))
def test_wrong_inner_signatures(case: Case) -> None:
    """No signature counts for another log, body, number, field or key, and none stands in for a second."""
    body, keys, log_id = body_of(case), public_keys(case["keys"]), Hash(raw(case["log_id"]))
    if "threshold" in case:
        with pytest.raises((VerificationFailed, Refused), match=r"^approvals: "):
            verify_approvals(log_id, body, keys, case["threshold"])
    else:
        with pytest.raises(VerificationFailed, match=f"^{case['field']}: "):
            verify_inner(log_id, body, case["field"], keys)
