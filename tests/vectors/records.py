"""Canonical JSON and slots (protocol §5)."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.vectors.basics import Disproven, check_path, label, leaf_hash, require, root_of, str8
from tests.vectors.document import slots as slot_names


def canonical_json(value: object) -> bytes:
    """Return RFC 8785 JSON of what a record may hold; raise Disproven for anything else."""
    _check_json(value)
    try:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise Disproven("a lone surrogate") from None


def _check_json(value: object) -> None:
    if isinstance(value, dict):
        require(all(name.isascii() for name in value), "member name")
    elif not isinstance(value, list):
        require(isinstance(value, str | int), "null or a fraction")
        require(not isinstance(value, int) or abs(value) < 2**53, "integer")
    for held in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_json(held)


def read_json(data: bytes) -> Any:
    """Return a value; raise Disproven unless these are its canonical bytes."""
    try:
        value = json.loads(data.decode())
    except ValueError:
        raise Disproven("JSON") from None
    require(canonical_json(value) == data, "canonical JSON")
    return value


def stream(name: str, secret: bytes, size: int) -> bytes:
    """Return SHAKE-256(L(name) ‖ entry secret, size)."""
    return hashlib.shake_256(label(name) + secret).digest(size)


def salts(secret: bytes) -> list[bytes]:
    """Return the 32 salts of an entry's slots."""
    taken = stream("salts", secret, 512)
    return [taken[at : at + 16] for at in range(0, 512, 16)]


def slot_data(salt: bytes, name: str, value: bytes) -> bytes:
    """Return a slot's data."""
    return label("slot") + salt + str8(name) + value


def all_slots(record: Mapping[str, object], secret: bytes) -> list[bytes]:
    """Return the data of the 32 slots of a record's present fields."""
    names = [*slot_names(), *[""] * (32 - len(slot_names()))]
    require(set(record) <= set(slot_names()), "field")
    present = [(name, canonical_json(record[name])) if name in record else ("", b"") for name in names]
    return [slot_data(salt, name, value) for salt, (name, value) in zip(salts(secret), present, strict=True)]


def slots_root(record: Mapping[str, object], secret: bytes) -> bytes:
    """Return the slots root of a record."""
    return root_of([leaf_hash(data) for data in all_slots(record, secret)])


def check_opening(position: int, name: str, value: bytes, salt: bytes, path: Sequence[bytes], root: bytes) -> None:
    """Raise Disproven unless an opening holds under a slots root."""
    require(0 <= position < 32 and len(salt) == 16 and len(path) == 5, "size")
    if name or value:
        require(position < len(slot_names()) and name == slot_names()[position], "name")
        require(read_json(value) not in ("", []), "a second spelling of absence")
    check_path(leaf_hash(slot_data(salt, name, value)), position, 32, path, root)
