"""A leaf has one spelling: every other way to say the same is refused, and nothing is read into changed bytes."""

from collections.abc import Callable, Iterator

import pytest
from google.protobuf.descriptor import Descriptor

from ledger.core import bodies
from ledger.core.errors import InvalidInput, Uncheckable
from ledger.core.statement import decode_leaf, encode_statement
from ledger.v1 import statement_pb2
from tests.core import wire
from tests.core.examples import BODIES, SEAL, stated

STATEMENT = statement_pb2.Statement.DESCRIPTOR
LEAVES = [pytest.param(encode_statement(stated(body, SEAL)), id=name) for name, body in BODIES.items()]
Change = Callable[[wire.Fields, Descriptor], Iterator[wire.Fields]]


def anywhere(change: Change, fields: wire.Fields, descriptor: Descriptor) -> Iterator[wire.Fields]:
    """Yield ``fields`` with ``change`` made once: in the message itself, or in one at any depth of it."""
    yield from change(fields, descriptor)
    for at, (number, value) in enumerate(fields):
        if isinstance(value, list):
            inner = descriptor.fields_by_number[number].message_type
            assert inner is not None
            for changed in anywhere(change, value, inner):
                yield [*fields[:at], (number, changed), *fields[at + 1 :]]


def spelled(data: bytes, change: Change) -> list[bytes]:
    """Return ``data`` with each ``change`` of what follows the version."""
    (version, *rest) = wire.decode(data, STATEMENT)
    return [wire.encode([version, *changed]) for changed in anywhere(change, rest, STATEMENT)]


@pytest.mark.parametrize("data", LEAVES)
def test_fields_stand_in_number_order(data: bytes) -> None:
    """What the library writes is what the wire format says by hand, the seal last."""
    fields = wire.decode(data, STATEMENT)
    assert wire.encode(fields) == data
    assert [number for number, _ in fields] == sorted(number for number, _ in fields)
    assert fields[0] == (1, 1)
    assert fields[-1][0] == 2**29 - 1


@pytest.mark.parametrize(
    ("change", "least"),
    [
        pytest.param(wire.unknown_fields, 9, id="unknown fields"),
        pytest.param(wire.doubled_fields, 8, id="doubled fields"),
        pytest.param(wire.reordered_fields, 7, id="reordered fields"),
        pytest.param(wire.padded_varints, 18, id="varints that are not minimal"),
        pytest.param(wire.explicit_defaults, 9, id="explicit defaults"),
        pytest.param(wire.other_wire_types, 9, id="fields of another wire type"),
    ],
)
@pytest.mark.parametrize("data", LEAVES)
def test_one_spelling_at_any_depth(data: bytes, change: Change, least: int) -> None:
    """The statement, its body, its seal and all they hold are refused when spelled otherwise in one place."""
    others = spelled(data, change)
    assert len(others) >= least
    for other in others:
        with pytest.raises(InvalidInput, match=r"^statement: is not in canonical form$"):
            decode_leaf(other)


@pytest.mark.parametrize(
    "head",
    [b"\x08\x01\x08\x01", b"\x08\x02\x08\x01", b"\x08\x81\x00", b"\x88\x00\x01", b"\x08\x81\x80\x80\x80\x10"],
    ids=["doubled", "after another", "padded", "with a padded tag", "past 32 bits"],
)
def test_the_version_has_one_spelling(head: bytes) -> None:
    """A version that reads as 1 but is not the bytes 08 01 is refused."""
    data = encode_statement(stated(BODIES["anchor"]))
    assert data.startswith(b"\x08\x01")
    with pytest.raises(InvalidInput, match="canonical form"):
        decode_leaf(head + data[2:])


def test_a_late_version_is_refused() -> None:
    """A version behind the source id is out of order."""
    (version, source_id, *rest) = wire.decode(encode_statement(stated(BODIES["anchor"])), STATEMENT)
    with pytest.raises(InvalidInput, match="canonical form"):
        decode_leaf(wire.encode([source_id, version, *rest]))


def test_two_bodies_are_refused() -> None:
    """A second body, in either order and whichever the library would keep, is refused."""
    first, second = (
        wire.decode(encode_statement(stated(BODIES[name])), STATEMENT) for name in ("anchor", "challenge_answer")
    )
    for both in ([*first, second[-1]], [*second, first[-1]]):
        with pytest.raises(InvalidInput, match="canonical form"):
            decode_leaf(wire.encode(both))


def test_lists_of_numbers_are_packed() -> None:
    """The checks of an audit report one by one, or in two packs, are refused."""
    fields = wire.decode(encode_statement(stated(BODIES["audit_report"])), STATEMENT)
    report = fields[-1][1]
    assert isinstance(report, list)
    assert report[3] == (4, b"\x01\x04")
    for checks in ([(4, 1), (4, 4)], [(4, b"\x01"), (4, b"\x04")], [(4, b"\x01\x84\x00")]):
        with pytest.raises(InvalidInput, match="canonical form"):
            decode_leaf(wire.encode([*fields[:-1], (fields[-1][0], [*report[:3], *checks, *report[4:]])]))


@pytest.mark.parametrize("data", LEAVES)
def test_every_truncation_is_refused(data: bytes) -> None:
    """Of all beginnings of a leaf only the leaf without its seal says something, and exactly that."""
    accepted = []
    for length in range(len(data)):
        try:
            leaf = decode_leaf(data[:length])
        except (InvalidInput, Uncheckable):
            continue
        accepted.append(data[:length])
        assert encode_statement(leaf.statement) == leaf.data == leaf.unsealed == data[:length]
    assert accepted == [decode_leaf(data).unsealed]


@pytest.mark.parametrize("name", BODIES)
def test_every_flipped_bit_shows(name: str) -> None:
    """A changed bit is refused, or the leaf says something else and encodes to the changed bytes."""
    seal = SEAL if name in ("disclosure", "anchor") else None
    statement = stated(BODIES[name], seal)
    data = encode_statement(statement)
    refused = 0
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            leaf = decode_leaf(bytes(changed))
        except (InvalidInput, Uncheckable):
            refused += 1
            continue
        assert leaf.data == changed == encode_statement(leaf.statement)
        assert leaf.statement != statement
    assert refused > 50


def test_a_body_of_defaults_is_a_body() -> None:
    """A body without a single field is there, and none at all is refused."""
    anchor = wire.decode(encode_statement(stated(BODIES["anchor"])), STATEMENT)
    assert decode_leaf(wire.encode([*anchor[:-1], (anchor[-1][0], b"")])).statement.body == bodies.Anchor(b"")
    with pytest.raises(InvalidInput, match=r"^body: missing$"):
        decode_leaf(wire.encode(anchor[:-1]))


@pytest.mark.parametrize("text", [b"\xff", b"\xc1\xa1", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"al\x80"])
def test_text_is_utf_8(text: bytes) -> None:
    """Bytes that are no text, an overlong letter and a lone surrogate are refused."""
    anchor = wire.decode(encode_statement(stated(BODIES["anchor"])), STATEMENT)
    with pytest.raises(InvalidInput, match=r"^statement: does not parse$"):
        decode_leaf(wire.encode([anchor[0], (2, text), *anchor[2:]]))
