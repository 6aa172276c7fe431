"""A statement and its leaf: bytes written out by hand, the seal as a suffix, bounds, and who says what."""

from datetime import UTC, datetime, timedelta

import pytest

from ledger.core import bodies
from ledger.core.encoding import ZERO_HASH, Hash
from ledger.core.errors import InvalidInput, LedgerError, Uncheckable
from ledger.core.rules import LEDGER, MAX_MINUTE
from ledger.core.signing import Signature
from ledger.core.statement import (
    MAX_SEQUENCE,
    MAX_STATEMENT,
    Seal,
    Statement,
    body_field,
    body_name,
    decode_leaf,
    encode_body,
    encode_statement,
)
from ledger.v1 import statement_pb2
from tests.core import wire
from tests.core.examples import BODIES, DISCLOSURE, EMBARGOED, PUBLISHING, SEAL, hashed, key, stated
from tests.core.world import START

NUMBERS = {
    "log_opened": 16,
    "source_enrolled": 17,
    "source_key_changed": 18,
    "source_revoked": 19,
    "auditor_added": 20,
    "auditor_removed": 21,
    "audit_report": 22,
    "anchor": 23,
    "map_epoch": 24,
    "erasure": 25,
    "challenge": 26,
    "challenge_answer": 27,
    "key_changed": 28,
    "policy_changed": 29,
    "frozen": 30,
    "thawed": 31,
    "log_closed": 32,
    "disclosure": 33,
    "delivery": 34,
    "correction": 35,
    "embargo_lifted": 36,
    "embargo_extended": 37,
    "closing": 38,
}
ANCHOR = bodies.Anchor(b"checkpoint")
HEAD: wire.Fields = [(1, 1), (2, LEDGER.encode()), (3, 300), (4, START)]
TOP = 2**29 - 1


def by_hand(disclosure: bodies.Disclosure) -> wire.Fields:
    """Return the fields of a DISCLOSURE as protos/ledger/v1/statement.proto numbers them."""
    fields: wire.Fields = [(1, disclosure.slots_root), (2, disclosure.payload_digest), (3, disclosure.keys_root)]
    fields += [(4, disclosure.key_class), (5, disclosure.aggregates_root)]
    if disclosure.embargo is not None:
        fields.append((6, [(1, disclosure.embargo.until)]))
    if disclosure.late_for is not None:
        fields.append((7, [(1, disclosure.late_for.period_start)]))
    if disclosure.part is not None:
        index: wire.Fields = [(1, disclosure.part.index)] if disclosure.part.index else []
        fields.append((8, [*index, (2, disclosure.part.count)]))
    for opening in disclosure.openings:
        path: wire.Fields = [(5, node) for node in opening.path]
        said: wire.Fields = [(2, opening.name.encode()), (3, opening.value)] if opening.name else []
        fields.append((9, [(1, opening.position), *said, (4, opening.salt), *path]))
    return fields


@pytest.mark.parametrize("body", [DISCLOSURE, PUBLISHING, EMBARGOED], ids=["late", "publishing", "embargoed"])
def test_a_disclosure_by_hand(body: bodies.Disclosure) -> None:
    """The bytes of a DISCLOSURE with its seal, written field by field, are its leaf and read as it."""
    seal: wire.Fields = [(1, hashed("sealed keys")), (2, [(1, 1), (2, b"signature")])]
    seal.append((2, [(1, 2), (2, b"post-quantum")]))
    unsealed = wire.encode([(1, 1), (2, b"alpha"), (3, 300), (4, START), (33, by_hand(body))])
    data = unsealed + wire.encode([(TOP, seal)])
    statement = Statement("alpha", 300, START, body, SEAL)
    assert encode_statement(statement) == data
    leaf = decode_leaf(data)
    assert (leaf.data, leaf.unsealed, leaf.statement) == (data, unsealed, statement)
    assert encode_body(body) == wire.encode(by_hand(body))


def test_every_body_has_its_number() -> None:
    """Bodies are numbered 16 to 38 without a gap, and named as the protocol spells them."""
    fields = statement_pb2.Statement.DESCRIPTOR.oneofs_by_name["body"].fields
    assert {field.name: field.number for field in fields} == NUMBERS
    assert sorted(NUMBERS.values()) == list(range(16, 39))
    for name, number in NUMBERS.items():
        body = type(BODIES[name])
        assert (body_field(body), body_name(body)) == (number, name.upper())


@pytest.mark.parametrize("name", BODIES)
def test_the_seal_is_a_suffix(name: str) -> None:
    """A leaf with a seal is the leaf without it and more bytes behind; both decode to what was encoded."""
    plain, sealed = stated(BODIES[name]), stated(BODIES[name], SEAL)
    unsealed, data = encode_statement(plain), encode_statement(sealed)
    assert data.startswith(unsealed)
    assert data[len(unsealed) :] == wire.encode([(TOP, wire.decode(data, statement_pb2.Statement.DESCRIPTOR)[-1][1])])
    leaf = decode_leaf(data)
    assert (leaf.data, leaf.unsealed, leaf.statement) == (data, unsealed, sealed)
    leaf = decode_leaf(unsealed)
    assert (leaf.data, leaf.unsealed, leaf.statement) == (unsealed, unsealed, plain)


def test_a_seal_of_nothing_is_still_a_seal() -> None:
    """A seal with zeros and no signatures is there; one without its digest is refused."""
    empty = Seal(ZERO_HASH, ())
    data = encode_statement(stated(ANCHOR, empty))
    assert decode_leaf(data).statement.seal == empty
    with pytest.raises(InvalidInput, match=r"^sealed_keys_digest: must be 32 bytes$"):
        decode_leaf(decode_leaf(data).unsealed + wire.encode([(TOP, b"")]))


def padding(size: int, seal: Seal | None = None) -> Statement:
    """Return a statement whose leaf has ``size`` bytes."""
    bare = len(encode_statement(stated(bodies.Anchor(bytes(MAX_STATEMENT // 2)), seal))) - MAX_STATEMENT // 2
    return stated(bodies.Anchor(bytes(size - bare)), seal)


@pytest.mark.parametrize("seal", [None, SEAL], ids=["without a seal", "with a seal"])
def test_a_leaf_has_16_kib_at_most(seal: Seal | None) -> None:
    """The bound counts the seal, and holds for writing and reading."""
    largest = encode_statement(padding(MAX_STATEMENT, seal))
    assert len(largest) == MAX_STATEMENT == 16_384
    assert decode_leaf(largest).data == largest
    with pytest.raises(InvalidInput, match=r"^statement: longer than 16384 bytes$"):
        encode_statement(padding(MAX_STATEMENT + 1, seal))
    for data in (b"", largest + b"\x00"):
        with pytest.raises(InvalidInput, match=r"^statement: must be 1 to 16384 bytes$"):
            decode_leaf(data)
    with pytest.raises(Uncheckable, match="version"):
        decode_leaf(b"\x08\x02" + largest[2:] + b"\x00")


@pytest.mark.parametrize(
    ("at", "largest", "message"),
    [
        pytest.param(2, MAX_SEQUENCE, "sequence: must be at most 9223372036854775806", id="sequence"),
        pytest.param(3, MAX_MINUTE, "recorded_at: must be at most 4223371679", id="recorded_at"),
    ],
)
def test_numbers_have_a_last_value(at: int, largest: int, message: str) -> None:
    """Sequence and minute are read up to their bounds, and refused one past them and at 64 bits."""
    fields: wire.Fields = [*HEAD, (23, b"")]
    fields[at] = (at + 1, largest)
    statement = decode_leaf(wire.encode(fields)).statement
    assert (statement.sequence, statement.recorded_at)[at - 2] == largest
    for past in (largest + 1, 2**64 - 1):
        fields[at] = (at + 1, past)
        with pytest.raises(InvalidInput, match=f"^{message}$"):
            decode_leaf(wire.encode(fields))


def test_minutes_end_with_the_year_9999() -> None:
    """The last minute that a statement can be dated is the last that a calendar of four digits names."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=MAX_MINUTE)
    assert moment == datetime(9999, 12, 31, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize("name", BODIES)
def test_bodies_do_not_change_sides(name: str) -> None:
    """A source's body under the ledger's id, and the ledger's under a source's, are refused."""
    right = stated(BODIES[name])
    wrong = Statement("alpha" if right.source_id == LEDGER else LEDGER, 300, START, right.body)
    with pytest.raises(InvalidInput, match=r"^body: a source's bodies and the ledger's never mix$"):
        decode_leaf(encode_statement(wrong))


@pytest.mark.parametrize(
    ("statement", "field"),
    [
        (Statement("Alpha secret", 0, START, DISCLOSURE), "source_id"),
        (Statement(LEDGER, 0, START, bodies.AuditorRemoved(1, "a secret\n", key("auditor"), ZERO_HASH)), "name"),
        (
            Statement("alpha", 0, START, DISCLOSURE, Seal(Hash(b"secret"), (Signature(1, b"secret"),))),
            "sealed_keys_digest",
        ),
    ],
)
def test_errors_name_the_field_and_no_value(statement: Statement, field: str) -> None:
    """Each rule speaks of the field, never of what stood there."""
    with pytest.raises(LedgerError, match=f"^{field}: ") as caught:
        decode_leaf(encode_statement(statement))
    assert "secret" not in str(caught.value)


def test_a_leaf_is_its_bytes() -> None:
    """Leaves of the same bytes are equal, whoever decoded them; others, and what is no leaf, are not."""
    one, other = encode_statement(stated(ANCHOR)), encode_statement(stated(ANCHOR, SEAL))
    assert decode_leaf(one) == decode_leaf(one)
    assert decode_leaf(one) != decode_leaf(other)
    assert decode_leaf(one) != one


def test_a_body_of_defaults_is_still_a_body() -> None:
    """A statement whose body says nothing says at least which body it is."""
    thawed = encode_statement(Statement(LEDGER, 0, START, bodies.Thawed(0, "")))
    assert thawed == wire.encode([(1, 1), (2, LEDGER.encode()), (4, START), (body_field(bodies.Thawed), b"")])
