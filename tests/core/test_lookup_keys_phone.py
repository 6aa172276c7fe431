"""A telephone number has one spelling, or is refused before it is recorded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.errors import InvalidInput
from ledger.core.lookup_keys import canonicalise, verify_canonical

WRITTEN = st.from_regex(r"\+(1|33|39|4[4-9]|55|81|86)[ ]?(\(0\)|0{0,3})[0-9 .-]{4,14}", fullmatch=True)


@pytest.mark.parametrize("text", ["+49001656", "+49 (0) 01656", "+6300524300724", "+640042082"])
def test_a_trunk_prefix_stands_once(text: str) -> None:
    """A number that would lose another zero the next time it is read is refused."""
    with pytest.raises(InvalidInput, match=r"^keys\.value: not a telephone number: a trunk prefix stands twice$"):
        canonicalise("phone", text)


@given(WRITTEN)
def test_what_is_canonical_stays_so(text: str) -> None:
    """Whatever is taken in is what admission asks for."""
    try:
        key = canonicalise("phone", text)
    except InvalidInput:
        return
    assert verify_canonical(key) == key == canonicalise("phone", key.value.decode())
