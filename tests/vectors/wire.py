"""Canonical protobuf (protocol §1): what ``decode`` returns, ``encode`` writes back to the same bytes."""

from collections.abc import Iterator
from typing import Any

from tests.vectors.basics import Disproven, require
from tests.vectors.document import SCALARS, Field, messages

Message = dict[str, Any]
"""Fields by name: an absent message is None, a list a list, a hash or bytes ``bytes``."""


def varint(value: int) -> bytes:
    """Return a minimal varint."""
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def encode(name: str, message: Message) -> bytes:
    """Return the canonical bytes of a message."""
    return b"".join(_write(field, message.get(field.name)) for field in messages()[name])


def _write(field: Field, value: Any) -> bytes:
    if value is None or (not isinstance(value, dict) and not value):
        return b""
    if field.repeated and field.type == "enum":
        return _tagged(field, b"".join(map(varint, value)))
    return b"".join(_one(field, item) for item in (value if field.repeated else [value]))


def _one(field: Field, value: Any) -> bytes:
    if isinstance(value, int):
        return varint(field.number << 3) + varint(value)
    if field.type not in SCALARS:
        return _tagged(field, encode(field.type, value))
    return _tagged(field, value.encode() if isinstance(value, str) else value)


def _tagged(field: Field, content: bytes) -> bytes:
    return varint(field.number << 3 | 2) + varint(len(content)) + content


def pairs(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield field numbers with an integer or the bytes of the field; raise Disproven where that cannot be."""
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        require(tag >> 3 > 0 and tag & 7 in (0, 2), "wire type")
        value, at = _read_varint(data, at)
        if tag & 7:
            require(at + value <= len(data), "length")
            yield tag >> 3, data[at : at + value]
            at += value
        else:
            yield tag >> 3, value


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        require(at < len(data) and shift < 64, "varint")
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at


def decode(name: str, data: bytes) -> Message:
    """Return a message; raise Disproven unless these are its canonical bytes."""
    fields = {field.number: field for field in messages()[name]}
    message: Message = {field.name: _default(field) for field in fields.values()}
    for number, content in pairs(data):
        field = fields.get(number)
        if field is None:
            raise Disproven("unknown field")
        value = _read(field, content)
        if field.repeated:
            message[field.name] += value if field.type == "enum" else [value]
        else:
            message[field.name] = value
    require(encode(name, message) == data, "not canonical")
    return message


def _default(field: Field) -> Any:
    if field.repeated:
        return []
    return {"u32": 0, "u64": 0, "enum": 0, "text": "", "bytes": b"", "hash": b""}.get(field.type)


def _read(field: Field, content: int | bytes) -> Any:
    if field.type in ("u32", "u64", "enum") and not field.repeated and isinstance(content, int):
        require(content < 1 << (64 if field.type == "u64" else 32), "width")
        return content
    require(isinstance(content, bytes), "wire type")
    assert isinstance(content, bytes)
    if field.type == "enum":
        require(field.repeated, "wire type")
        return _packed(content)
    if field.type == "text":
        try:
            return content.decode()
        except UnicodeDecodeError:
            raise Disproven("UTF-8") from None
    if field.type in ("bytes", "hash"):
        return content
    require(field.type not in SCALARS, "wire type")
    return decode(field.type, content)


def _packed(content: bytes) -> list[int]:
    values, at = [], 0
    while at < len(content):
        value, at = _read_varint(content, at)
        values.append(value)
    return values
