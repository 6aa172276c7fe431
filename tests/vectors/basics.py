"""Labels, integers, trees and signatures (protocol §1)."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair
from nacl.exceptions import CryptoError

Case = Mapping[str, Any]


class Disproven(Exception):
    """Malformed, or contradicted by a hash, path or signature."""


class Unchecked(Exception):
    """Something unknown: nothing is proven or disproven."""


def vectors(name: str) -> dict[str, Any]:
    """Return a file of vectors."""
    loaded: dict[str, Any] = json.loads((Path(__file__).parent / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def named(cases: Sequence[Case]) -> list[str]:
    """Return the names of cases, which pytest shows."""
    return [str(case["name"]) for case in cases]


def h(text: str) -> bytes:
    """Return the bytes of hex."""
    return bytes.fromhex(text)


def require(holds: bool, what: str) -> None:
    """Raise Disproven unless ``holds``."""
    if not holds:
        raise Disproven(what)


def sha256(data: bytes) -> bytes:
    """Return SHA-256."""
    return hashlib.sha256(data).digest()


def label(name: str) -> bytes:
    """Return L(name)."""
    return f"disclosure-ledger/v1/{name}".encode() + b"\0"


def u(size: int, value: int) -> bytes:
    """Return ``value`` in ``size`` big-endian bytes."""
    return value.to_bytes(size, "big")


def str8(text: str) -> bytes:
    """Return u8 length and UTF-8."""
    return u(1, len(text.encode())) + text.encode()


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\0" + data)


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node."""
    return sha256(b"\1" + left + right)


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Return MTH over leaf hashes, straight from its definition."""
    if len(hashes) < 2:
        return hashes[0] if hashes else sha256(b"")
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return node(root_of(hashes[:split]), root_of(hashes[split:]))


def path_of(hashes: Sequence[bytes], index: int) -> list[bytes]:
    """Return an audit path, straight from its definition."""
    if len(hashes) < 2:
        return []
    middle = 1 << (len(hashes) - 1).bit_length() - 1
    if index < middle:
        return [*path_of(hashes[:middle], index), root_of(hashes[middle:])]
    return [*path_of(hashes[middle:], index - middle), root_of(hashes[:middle])]


def root_from(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root that a path leads to."""
    require(0 <= index < size, "index outside the tree")
    inner = (index ^ (size - 1)).bit_length()
    require(len(path) == inner + (index >> inner).bit_count(), "length of the path")
    require(all(len(step) == 32 for step in path), "hash of the path")
    steps = list(path)

    def climb(begin: int, end: int) -> bytes:
        if end - begin == 1:
            return leaf
        middle = begin + (1 << (end - begin - 1).bit_length() - 1)
        sibling = steps.pop()
        return node(climb(begin, middle), sibling) if index < middle else node(sibling, climb(middle, end))

    return climb(0, size)


def check_path(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Raise Disproven unless the path leads to ``root``."""
    require(root_from(leaf, index, size, path) == root, "path")


def sign(seed: bytes, message: bytes) -> bytes:
    """Return an Ed25519 signature."""
    return crypto_sign(message, crypto_sign_seed_keypair(seed)[1])[:64]


def check_signature(key: bytes, message: bytes, signature: bytes) -> None:
    """Raise Disproven unless an Ed25519 signature verifies."""
    require(len(key) == 32 and len(signature) == 64, "length of a key or signature")
    try:
        crypto_sign_open(signature + message, key)
    except CryptoError:
        raise Disproven("signature") from None


def check_each(keys: Sequence[Case], message: bytes, signatures: Sequence[Case]) -> None:
    """Raise Disproven unless each key signed, in order and nobody else; keys and signatures are decoded messages."""
    require(len(keys) == len(signatures), "one signature a key")
    for key, signature in zip(keys, signatures, strict=True):
        require(key["algorithm"] == signature["algorithm"] == 1, "algorithm")
        check_signature(key["key"], message, signature["signature"])
