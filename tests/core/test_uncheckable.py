"""A version, body or extension that this release does not know is never disproven (protocol §1)."""

import pytest

from ledger.core.errors import InvalidInput, Uncheckable
from ledger.core.rules import LEDGER
from ledger.core.statement import decode_leaf
from tests.core import wire
from tests.core.world import START

HEAD: wire.Fields = [(1, 1), (2, LEDGER.encode()), (3, 300), (4, START)]
TOP = 2**29 - 1


@pytest.mark.parametrize(
    ("data", "what"),
    [
        pytest.param(wire.encode([(1, 2), *HEAD[1:], (23, b"")]), "version", id="the next version"),
        pytest.param(wire.encode([(1, 2**32 - 1), *HEAD[1:], (23, b"")]), "version", id="the last version"),
        pytest.param(wire.encode([*HEAD[1:], (23, b"")]), "version", id="no version"),
        pytest.param(wire.encode([(1, 2), (6, 1), (2, b"")]), "version", id="another version in another form"),
        pytest.param(wire.encode([(1, 2), (2, b"\xff"), (23, 1)]), "version", id="another version in other types"),
        pytest.param(wire.encode([(1, 2), (33, b"\x32\x01")]), "version", id="another version with other bodies"),
        pytest.param(wire.encode([(1, 128), (33, b"\x32\x01")]), "version", id="a version of two bytes"),
        pytest.param(wire.encode([*HEAD, (39, b"")]), "body", id="the body after the last"),
        pytest.param(wire.encode([*HEAD, (TOP - 1, b"\xff")]), "body", id="the body before the seal"),
        pytest.param(wire.encode([*HEAD, (40, 7)]), "body", id="a body that is a number"),
        pytest.param(wire.encode([*HEAD, (23, b""), (40, b"")]), "body", id="a known and an unknown body"),
        pytest.param(wire.encode([*HEAD, (40, b""), (TOP, b"")]), "body", id="an unknown body under a seal"),
        pytest.param(wire.encode([*HEAD, (40, b""), (3, 0)]), "body", id="an unknown body in another form"),
        pytest.param(wire.encode([*HEAD, (5, [(1, 1)]), (23, b"")]), "extension", id="an odd extension"),
        pytest.param(wire.encode([*HEAD, (5, [(1, 2)]), (23, b"")]), "extension", id="an even extension"),
        pytest.param(wire.encode([*HEAD, (5, b""), (23, b"")]), "extension", id="an extension without type"),
        pytest.param(wire.encode([*HEAD, (5, [(7, 1)]), (23, [(9, 0)])]), "extension", id="an extended extension"),
    ],
)
def test_the_unknown_is_uncheckable(data: bytes, what: str) -> None:
    """Version, body and extensions come first: what is unknown is never disproven, whatever else it looks like."""
    with pytest.raises(Uncheckable, match=rf"^statement: this {what} is not known to this release$"):
        decode_leaf(data)


@pytest.mark.parametrize("number", range(6, 16))
def test_reserved_fields_are_refused(number: int) -> None:
    """A field below the bodies that version 1 does not have is no body: it is not canonical."""
    with pytest.raises(InvalidInput, match="canonical form"):
        decode_leaf(wire.encode([*HEAD, (number, b""), (23, b"")]))


def test_bytes_of_another_kind_do_not_parse() -> None:
    """A leaf begins with its version; what neither does nor parses is refused, not uncheckable."""
    for data in (b"\xff", b"\x0c", b"\x08\x01\xff", b"\x08\x01\x12", b"\x0a\x05hello\x07"):
        with pytest.raises(InvalidInput, match=r"^statement: does not parse$"):
            decode_leaf(data)
