"""Integers have one width, texts one spelling; everything else is refused."""

from collections.abc import Callable

import pytest

from ledger.core.encoding import (
    MAX_SIZE,
    check_hash,
    decode_base64,
    decode_decimal,
    decode_hex,
    encode_base64,
    label,
    sha256,
    str8,
    u8,
    u16,
    u32,
    u64,
)
from ledger.core.errors import InvalidInput


def test_labels_end_in_a_zero_byte() -> None:
    """L("x") is ASCII and one zero byte, so no label begins another."""
    assert label("batch") == b"disclosure-ledger/v1/batch\x00"


def test_sha256_of_abc() -> None:
    """The hash is FIPS 180-4's SHA-256, by its example "abc"."""
    assert sha256(b"abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(("encode", "width"), [(u8, 1), (u16, 2), (u32, 4), (u64, 8)])
def test_integers_are_big_endian_and_fixed(encode: Callable[[int], bytes], width: int) -> None:
    """Each integer takes its whole width, and what does not fit is never cut."""
    assert encode(1) == bytes(width - 1) + b"\x01"
    assert encode(256**width - 1) == b"\xff" * width
    for outside in (-1, 256**width):
        with pytest.raises(OverflowError):
            encode(outside)


def test_texts_carry_their_length_in_bytes() -> None:
    """str8 counts bytes of UTF-8, 255 at most."""
    assert str8("") == b"\x00"
    assert str8("é") == b"\x02\xc3\xa9"
    assert str8("x" * 255) == b"\xff" + b"x" * 255
    for long in ("x" * 256, "é" * 128):
        with pytest.raises(InvalidInput, match="text: longer than 255 bytes"):
            str8(long)


def test_hashes_are_32_bytes() -> None:
    """Any other length is refused under the field's name."""
    assert check_hash(bytes(32), "field") == bytes(32)
    for length in (0, 31, 33):
        with pytest.raises(InvalidInput, match="field: must be 32 bytes"):
            check_hash(bytes(length), "field")


@pytest.mark.parametrize(
    ("raw", "text"),
    [(b"", ""), (b"f", "Zg=="), (b"fo", "Zm8="), (b"foo", "Zm9v"), (b"foobar", "Zm9vYmFy"), (b"\xfb\xff", "+/8=")],
)
def test_base64_is_rfc_4648s(raw: bytes, text: str) -> None:
    """The vectors of RFC 4648 §10 encode and decode."""
    assert encode_base64(raw) == text
    assert decode_base64(text, "field") == raw


@pytest.mark.parametrize("text", ["Zg", "Zg=", "Zh==", "Zm9=", "-_8=", "Zm9v\n", " Zm9v", "Zm9v=", "====", "é"])
def test_base64_has_one_spelling(text: str) -> None:
    """Missing padding, loose bits, spaces and the other alphabet are refused."""
    with pytest.raises(InvalidInput, match="field: not"):
        decode_base64(text, "field")


def test_hex_is_lower_case_and_whole() -> None:
    """Hex has two lower-case digits a byte."""
    assert decode_hex("", "field") == b""
    assert decode_hex("00ff", "field") == b"\x00\xff"
    for text in ("0", "0F", "0x", "00 ", "00\n", "é0", "٠٠"):
        with pytest.raises(InvalidInput, match="field: not lower-case hex"):
            decode_hex(text, "field")


def test_decimals_have_no_sign_and_no_leading_zero() -> None:
    """A decimal is ASCII, from 0 to its maximum."""
    assert decode_decimal("0", "field") == 0
    assert decode_decimal(str(MAX_SIZE), "field") == MAX_SIZE
    assert decode_decimal("7", "field", 7) == 7
    for text in ("", "00", "01", "+1", "-1", "1_0", " 1", "1\n", "1.0", "٣", str(MAX_SIZE + 1)):
        with pytest.raises(InvalidInput, match="field: not a decimal"):
            decode_decimal(text, "field")
    with pytest.raises(InvalidInput, match="between 0 and 7"):
        decode_decimal("8", "field", 7)
