"""The one strict codec: what it decodes encodes back to the same bytes, everything else is refused.

Integers are big-endian and fixed in width; text forms are canonical (protocol §1, C2SP signed-note).
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from typing import Final, NewType, cast

from ledger.core.errors import InvalidInput

Hash = NewType("Hash", bytes)
"""32 bytes of SHA-256."""

HASH_SIZE: Final = 32
ZERO_HASH: Final = Hash(bytes(HASH_SIZE))
MAX_SIZE: Final = 2**63 - 1
"""The largest tree size, index or timestamp that any C2SP format carries."""

_DECIMAL: Final = re.compile(r"(?:0|[1-9][0-9]{0,18})\Z", re.ASCII)
_HEX: Final = re.compile(r"(?:[0-9a-f]{2})*\Z", re.ASCII)


def sha256(data: bytes) -> Hash:
    """Return the 32-byte SHA-256 of ``data``."""
    return Hash(hashlib.sha256(data).digest())


def sha256_each(items: Iterable[bytes], prefix: bytes = b"") -> list[Hash]:
    """Return the SHA-256 of ``prefix`` ‖ item for each item."""
    new = hashlib.sha256
    return cast("list[Hash]", [new(prefix + item).digest() for item in items])


def label(name: str) -> bytes:
    """Return ``L(name)``: ASCII ``disclosure-ledger/v1/name`` and one zero byte (protocol §1)."""
    return b"disclosure-ledger/v1/" + name.encode("ascii") + b"\x00"


def u8(value: int) -> bytes:
    """Return ``value`` as one byte."""
    return value.to_bytes(1, "big")


def u16(value: int) -> bytes:
    """Return ``value`` as two big-endian bytes."""
    return value.to_bytes(2, "big")


def u32(value: int) -> bytes:
    """Return ``value`` as four big-endian bytes."""
    return value.to_bytes(4, "big")


def u64(value: int) -> bytes:
    """Return ``value`` as eight big-endian bytes."""
    return value.to_bytes(8, "big")


def str8(text: str) -> bytes:
    """Return u8 length ‖ UTF-8 of ``text``, at most 255 bytes (protocol §1)."""
    raw = text.encode()
    if len(raw) > 255:
        raise InvalidInput("text", "longer than 255 bytes of UTF-8")
    return u8(len(raw)) + raw


def check_hash(data: bytes, field: str) -> Hash:
    """Return ``data`` as a hash; raise InvalidInput unless it is 32 bytes."""
    if len(data) != HASH_SIZE:
        raise InvalidInput(field, f"must be {HASH_SIZE} bytes")
    return Hash(data)


def decode_base64(text: str, field: str) -> bytes:
    """Decode canonical RFC 4648 §4 base64 with padding; raise InvalidInput for any other spelling."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise InvalidInput(field, "not standard base64") from None
    if encode_base64(raw) != text:
        raise InvalidInput(field, "not canonical base64")
    return raw


def encode_base64(data: bytes) -> str:
    """Return RFC 4648 §4 base64 with padding."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def decode_hex(text: str, field: str) -> bytes:
    """Decode lower-case hex of whole bytes; raise InvalidInput for any other spelling."""
    if not _HEX.match(text):
        raise InvalidInput(field, "not lower-case hex of whole bytes")
    return bytes.fromhex(text)


def decode_decimal(text: str, field: str, maximum: int = MAX_SIZE) -> int:
    """Decode an ASCII decimal without sign or leading zeros, at most ``maximum``."""
    if not _DECIMAL.match(text) or int(text) > maximum:
        raise InvalidInput(field, f"not a decimal between 0 and {maximum} without leading zeros")
    return int(text)
