"""Leaves and the seals of batches come out of docs/protocol.md alone."""

from typing import Any

import pytest

from tests.vectors import leaves, wire
from tests.vectors.basics import Case, Disproven, Unchecked, h, leaf_hash, named, sign, vectors
from tests.vectors.batches import check_seal, read_batch
from tests.vectors.document import SCALARS, Field, bodies, messages

STATEMENTS, BATCHES = vectors("statements"), vectors("batches")


def from_json(name: str, given: Case) -> wire.Message:
    """Return a message of its JSON: hex for bytes, names for enum values, absent for an absent message."""
    return {field.name: _value(field, given.get(field.name)) for field in messages()[name]}


def _value(field: Field, given: Any) -> Any:
    if field.repeated:
        return [_value(Field(field.number, field.name, field.type, False, field.rule), item) for item in given]
    if given is None:
        return None
    if field.type in ("bytes", "hash"):
        return h(given)
    if field.type == "enum":
        return field.members[given]
    return given if field.type in SCALARS else from_json(field.type, given)


def statement(case: Case) -> wire.Message:
    """Return the statement of a case."""
    given = case["statement"]
    body = bodies()[case["body_field"]][0].lower()
    return from_json("Statement", {"version": 1, "ext": [], **given, body: given["body"]})


@pytest.mark.parametrize("case", STATEMENTS["cases"], ids=named(STATEMENTS["cases"]))
def test_statements_encode_and_decode_as_published(case: Case) -> None:
    """The fields give the leaf, the leaf the fields; its hash and unsealed bytes are as published."""
    leaf = h(case["leaf"])
    assert wire.encode("Statement", statement(case)) == leaf
    assert leaves.read(leaf) == statement(case)
    assert leaf_hash(leaf) == h(case["leaf_hash"])
    assert leaves.unsealed(leaf) == h(case["unsealed"])


def test_every_body_is_published() -> None:
    """The statements hold each body of the table at least once."""
    assert {case["body_field"] for case in STATEMENTS["cases"]} == set(bodies())


@pytest.mark.parametrize("case", STATEMENTS["refused"], ids=named(STATEMENTS["refused"]))
def test_wrong_statements_are_refused(case: Case) -> None:
    """Every leaf that is not canonical or breaks a rule is disproven."""
    with pytest.raises(Disproven):
        leaves.read(h(case["leaf"]))


@pytest.mark.parametrize("case", STATEMENTS["uncheckable"], ids=named(STATEMENTS["uncheckable"]))
def test_unknown_statements_are_not_judged(case: Case) -> None:
    """What version 1 does not know could not be checked, whatever else is wrong."""
    with pytest.raises(Unchecked):
        leaves.read(h(case["leaf"]))


@pytest.mark.parametrize("case", BATCHES["cases"], ids=named(BATCHES["cases"]))
def test_seals_come_out_as_published(case: Case) -> None:
    """The statements give hashes, root and signed bytes; each key signs them; the digest is theirs."""
    batch = read_batch([h(item) for item in case["statements"]])
    assert batch.hashes == [h(item) for item in case["batch_leaf_hashes"]]
    assert batch.root == h(case["batch_root"])
    binding = h(case["log_id"]), h(case["key_statement"]), h(case["previous"])
    message = batch.signed_bytes(*binding)
    assert message == h(case["signed_bytes"])
    assert [sign(h(seed), message) for seed in case["seeds"]] == [h(item["signature"]) for item in case["signatures"]]
    assert check_seal(batch, *binding, keys_of(case)) == h(case["digest"])


def keys_of(case: Case) -> list[wire.Message]:
    """Return the keys of a case."""
    return [from_json("PublicKey", key) for key in case["keys"]]


def test_batches_of_a_source_form_a_chain() -> None:
    """previous of a source's next batch is the digest of the one before."""
    own = [
        case for case in BATCHES["cases"] if case["source_id"] == "messenger.eu-1" and "log.json" not in case["name"]
    ]
    assert [case["count"] for case in own] == [1, 2, 5]
    assert [case["previous"] for case in own] == ["00" * 32, *(case["digest"] for case in own[:-1])]


@pytest.mark.parametrize("case", BATCHES["refused"], ids=named(BATCHES["refused"]))
def test_wrong_batches_are_refused(case: Case) -> None:
    """No published wrong batch verifies with what is given beside it."""
    with pytest.raises(Disproven):
        check_seal(
            read_batch([h(item) for item in case["statements"]]),
            h(case["log_id"]),
            h(case["key_statement"]),
            h(case["previous"]),
            keys_of(case),
        )
