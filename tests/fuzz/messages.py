"""Valid messages with something changed that still reads as one: a field, at any depth, or one inside a receipt."""

from collections.abc import Sequence
from random import Random
from typing import Final

from ledger.core.encoding import decode_base64, encode_base64
from ledger.core.errors import InvalidInput
from tests.core.wire import BYTES, FIXED64, VARINT, padded, tag, varint
from tests.fuzz.mutating import BOUNDS, text

FIXED32: Final = 5


def protobuf(chance: Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """Return a message with one field changed, at any depth; as text where ``data`` is no message."""
    fields = _split(data)
    if not fields or not chance.randrange(8):
        return text(chance, data, seeds)
    at = chance.randrange(len(fields))
    number, value = fields[at]
    match chance.randrange(9):
        case 0:
            del fields[at]
        case 1:
            fields.insert(at, fields[at])
        case 2:
            other = chance.randrange(len(fields))
            fields[at], fields[other] = fields[other], fields[at]
        case 3:
            fields[at] = (chance.choice((number + 1, max(number - 1, 1), 14, 17, 20, 30, 46, 2**29 - 1)), value)
        case 4:
            fields.insert(at, (chance.choice((1, 2, 14, 60, 536_870_911)), chance.choice((0, 1, b"", b"unknown"))))
        case 5:
            return _join(fields[:at]) + _odd(chance, number) + _join(fields[at:])
        case _:
            fields[at] = (number, _value(chance, value, seeds))
    return _join(fields)


def _value(chance: Random, value: int | bytes, seeds: Sequence[bytes]) -> int | bytes:
    if isinstance(value, int):
        return chance.choice((*BOUNDS, value + 1, max(value - 1, 0)))
    if _split(value) and chance.randrange(4):
        return protobuf(chance, value, seeds)
    if chance.randrange(3):
        return text(chance, value, seeds)
    return chance.randbytes(chance.choice((0, 1, 16, 31, 32, 33, 64, 80, 255, 256)))


def _odd(chance: Random, number: int) -> bytes:
    """Return a field as no writer spells it."""
    return chance.choice(
        (
            tag(number, VARINT) + padded(0),
            tag(number, FIXED64) + bytes(8),
            tag(number, FIXED32) + bytes(4),
            tag(number, BYTES) + padded(0),
            tag(number, BYTES) + varint(2**32),
            tag(number, 3) + tag(number, 4),
            tag(0, VARINT) + b"\x00",
            b"\xff" * 11,
        )
    )


def _split(data: bytes) -> list[tuple[int, int | bytes]]:
    """Return the fields of a message of varints and bytes, none where it is not one."""
    fields: list[tuple[int, int | bytes]] = []
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        value, at = _varint(data, at)
        if key & 7 == VARINT and at <= len(data):
            fields.append((key >> 3, value))
        elif key & 7 == BYTES and at + value <= len(data):
            fields.append((key >> 3, data[at : at + value]))
            at += value
        else:
            return []
    return fields


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return value, at
    return value, len(data) + 1


def _join(fields: Sequence[tuple[int, int | bytes]]) -> bytes:
    parts = []
    for number, value in fields:
        if isinstance(value, int):
            parts.append(tag(number, VARINT) + varint(value))
        else:
            parts.append(tag(number, BYTES) + varint(len(value)) + value)
    return b"".join(parts)


def receipt(chance: Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """Return a receipt changed as text, or in the message on its second line."""
    head, line, rest = (*data.split(b"\n", 2), b"", b"")[:3]
    if not line.startswith(b"extra ") or not chance.randrange(3):
        return text(chance, data, seeds)
    try:
        extra = decode_base64(line[6:].decode("latin-1"), "extra")
    except InvalidInput:
        return text(chance, data, seeds)
    changed = protobuf(chance, extra, seeds)
    return b"\n".join((head, b"extra " + encode_base64(changed).encode(), rest))
