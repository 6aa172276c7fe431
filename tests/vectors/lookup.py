"""Lookup keys and their commitments (protocol §6)."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tests.vectors.basics import Disproven, Unchecked, label, leaf_hash, require, root_of, sha256, str8, u
from tests.vectors.records import stream

TYPES = ("phone", "email", "account", "ip", "username", "artifact", "request")
_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


@dataclass(frozen=True, slots=True)
class Key:
    """A lookup key."""

    type: str
    value: bytes
    version: int = 1

    def canonical(self) -> bytes:
        """Return its canonical key; raise Disproven unless its value is canonical, Unchecked for another version."""
        if self.version != 1:
            raise Unchecked("version of the canonicaliser")
        require(self.type in TYPES, "type")
        require(canonical_value(self.type, self.value) == self.value, "value")
        return u(1, 1) + str8(self.type) + u(2, len(self.value)) + self.value


def canonical_value(key_type: str, value: bytes) -> bytes:
    """Return the canonical form of a value, whether a number is possible left aside."""
    if key_type == "request":
        first = 2 + int.from_bytes(value[:2], "big")
        parts = [value[2:first], value[first + 2 :]]
        return request_value(*(_text(part) for part in parts))
    text = _text(value)
    if key_type == "phone":
        require(re.fullmatch(r"\+[0-9 ().-]{2,40}", text) is not None, "phone")
        text = "+" + re.sub(r"\D", "", text)
    elif key_type == "email":
        require(re.fullmatch(r"[^\s@]+@[^\s@]+", text) is not None, "email")
        text = text.translate(_LOWER)
    elif key_type == "ip":
        text = _address(text)
    elif key_type == "artifact":
        require(re.fullmatch(r"[0-9A-Fa-f]{64}", text) is not None, "artifact")
        text = text.lower()
    return text.encode()


def request_value(authority: str, reference: str) -> bytes:
    """Return the value of a request."""
    parts = [part.translate(_LOWER).encode() for part in (authority, reference)]
    require(all(parts), "request")
    return b"".join(u(2, len(part)) + part for part in parts)


def _text(value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        raise Disproven("UTF-8") from None
    require(1 <= len(text) <= 500, "length")
    return text


def _address(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise Disproven("ip") from None
    if isinstance(address, ipaddress.IPv6Address):
        require(address.scope_id is None, "scope")
        return str(address.ipv4_mapped or address)
    return str(address)


def commitment(salt: bytes, canonical: bytes) -> bytes:
    """Return the commitment to a canonical key."""
    return sha256(label("key") + salt + canonical)


def key_class(count: int) -> int:
    """Return the smallest class for so many keys."""
    require(count <= 256, "keys")
    return next(size for size in (4, 16, 64, 256) if count <= size)


def derive(count: int, secret: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return salts and padding of an entry with so many keys."""
    rest = key_class(count) - count
    taken = stream("key-salts", secret, 16 * count + 32 * rest)
    salts_, padding = taken[: 16 * count], taken[16 * count :]
    return (
        [salts_[at : at + 16] for at in range(0, len(salts_), 16)],
        [padding[at : at + 32] for at in range(0, len(padding), 32)],
    )


def check_keys(keys: Sequence[Key], salts_: Sequence[bytes], padding: Sequence[bytes], size: int, root: bytes) -> None:
    """Raise Disproven unless keys, salts and padding are those of a class and root."""
    require(all(len(salt) == 16 for salt in salts_) and all(len(piece) == 32 for piece in padding), "size")
    require(key_class(len(keys)) == size == len(keys) + len(padding), "class")
    canonical = [key.canonical() for key in keys]
    require(len(set(canonical)) == len(canonical), "a key twice")
    commitments = [*map(commitment, salts_, canonical), *padding]
    require(len(set(commitments)) == len(commitments), "a commitment twice")
    require(root_of([leaf_hash(one) for one in sorted(commitments)]) == root, "keys root")
