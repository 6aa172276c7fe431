"""Canonical JSON is RFC 8785, checked against an independent encoder."""

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.core.canonical_json import decode_json, encode_json
from ledger.core.errors import InvalidInput

_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
_ASCII = st.text(st.characters(max_codepoint=127))
_VALUES = st.recursive(
    st.integers(-(2**53) + 1, 2**53 - 1) | st.booleans() | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_ASCII, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(value=_VALUES)
def test_agrees_with_an_independent_encoder(value: object) -> None:
    """Every value within the bounds encodes to the bytes of rfc8785.py and decodes back."""
    data = encode_json(value)
    assert data == rfc8785.dumps(value)  # type: ignore[arg-type]
    assert decode_json(data) == value


@pytest.mark.parametrize(
    "value", [None, 1.0, 2**53, -(2**53), "\ud800", {"é": 1}, {1: 2}, [None], {"a": 0.5}, (1,), b"x"]
)
def test_refuses_what_a_record_cannot_hold(value: object) -> None:
    """Null, fractions, large integers, lone surrogates and other names than ASCII are refused."""
    with pytest.raises(InvalidInput):
        encode_json(value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b" 1",
        b"1 ",
        b"01",
        b"-0",
        b"1.0",
        b"1e2",
        b"null",
        b"NaN",
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'"\\u0041"',
        b'"\\ud800"',
        b'"\\/"',
        b"\xef\xbb\xbf1",
        b"\xff",
        b"[1, 2]",
        b"[" * 100000,
        b"9" * 5000,
    ],
)
def test_refuses_every_other_spelling(data: bytes) -> None:
    """What does not encode again to the same bytes is refused."""
    with pytest.raises(InvalidInput):
        decode_json(data)


def test_too_deep_to_encode() -> None:
    """A value nested past the interpreter's depth is refused, not a crash."""
    value: list[object] = []
    for _ in range(5000):
        value = [value]
    with pytest.raises(InvalidInput, match="nested"):
        encode_json(value)
