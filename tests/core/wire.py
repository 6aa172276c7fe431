"""Protobuf's wire format by hand, so that tests can say in bytes what the library would never write.

A message is a list of fields in the order of its bytes: (number, value), the value an integer, bytes, or the list of
a submessage. ``Raw`` stands for a field spelled out byte by byte, tag included.
"""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from google.protobuf.descriptor import Descriptor, FieldDescriptor

VARINT, FIXED64, BYTES = 0, 1, 2
UNKNOWN = 14
"""A field number that no message of the log has, and that no body will have."""
MAX_TAG = 5
"""Bytes of the longest tag that parses; the seal's is that long."""


class Raw(bytes):
    """The bytes of one whole field."""


Value: TypeAlias = "int | bytes | Raw | list[Field]"
Field: TypeAlias = "tuple[int, Value]"
Fields: TypeAlias = "list[Field]"


def varint(value: int) -> bytes:
    """Return the shortest varint of ``value``."""
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    return bytes([*encoded, value])


def padded(value: int) -> bytes:
    """Return a varint of ``value`` with a needless last byte."""
    shortest = varint(value)
    return shortest[:-1] + bytes([shortest[-1] | 128, 0])


def tag(number: int, wire_type: int) -> bytes:
    """Return the tag of a field."""
    return varint(number << 3 | wire_type)


def encode(fields: Sequence[Field]) -> bytes:
    """Return the bytes of a message."""
    return b"".join(encode_field(number, value) for number, value in fields)


def encode_field(number: int, value: Value) -> bytes:
    """Return the bytes of one field."""
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, int):
        return tag(number, VARINT) + varint(value)
    data = encode(value) if isinstance(value, list) else value
    return tag(number, BYTES) + varint(len(data)) + data


def decode(data: bytes, descriptor: Descriptor) -> Fields:
    """Return the fields of a well-formed message; ``descriptor`` tells submessages from bytes."""
    fields: Fields = []
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        value, at = _read_varint(data, at)
        number = key >> 3
        if key & 7 == VARINT:
            fields.append((number, value))
            continue
        assert key & 7 == BYTES, "the log has no other wire type"
        raw, at = data[at : at + value], at + value
        inner = descriptor.fields_by_number[number].message_type
        fields.append((number, raw if inner is None else decode(raw, inner)))
    return fields


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return value, at


# Every way to say the same thing in other bytes, one at a time, at any depth


def unknown_fields(fields: Fields, descriptor: Descriptor) -> Iterator[Fields]:
    """Yield ``fields`` with one more that the message does not know."""
    assert UNKNOWN not in descriptor.fields_by_number
    yield [*fields, (UNKNOWN, 1)]
    yield [*fields, (UNKNOWN, b"unknown")]
    yield [(UNKNOWN, 1), *fields]


def doubled_fields(fields: Fields, descriptor: Descriptor) -> Iterator[Fields]:
    """Yield ``fields`` with a singular one twice."""
    for at, (number, _) in enumerate(fields):
        if not descriptor.fields_by_number[number].is_repeated:
            yield [*fields[: at + 1], *fields[at:]]


def reordered_fields(fields: Fields, _: Descriptor) -> Iterator[Fields]:
    """Yield ``fields`` with two neighbours of different numbers swapped."""
    for at in range(len(fields) - 1):
        if fields[at][0] != fields[at + 1][0]:
            yield [*fields[:at], fields[at + 1], fields[at], *fields[at + 2 :]]


def padded_varints(fields: Fields, _: Descriptor) -> Iterator[Fields]:
    """Yield ``fields`` with a tag, a length or a value longer than it has to be."""
    for at, (number, value) in enumerate(fields):
        plain = encode_field(number, value)
        if isinstance(value, int):
            key, spelled = number << 3 | VARINT, tag(number, VARINT) + padded(value)
        else:
            data = encode(value) if isinstance(value, list) else value
            key, spelled = number << 3 | BYTES, tag(number, BYTES) + padded(len(data)) + data
        shortest = len(varint(key))
        longer_tag = [padded(key) + plain[shortest:]] if shortest < MAX_TAG else []
        for raw in (spelled, *longer_tag):
            yield [*fields[:at], (number, Raw(raw)), *fields[at + 1 :]]


def explicit_defaults(fields: Fields, descriptor: Descriptor) -> Iterator[Fields]:
    """Yield ``fields`` with a singular scalar, or a packed list, written although it has its default.

    Not the version: one that is 0 is not known, whatever follows.
    """
    for field in descriptor.fields:
        if field.name == "version":
            continue
        if field.type == FieldDescriptor.TYPE_MESSAGE or (field.is_repeated and not field.is_packed):
            continue
        empty = b"" if field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES) else 0
        default: Field = (field.number, b"" if field.is_repeated else empty)
        before = [item for item in fields if item[0] < field.number]
        after = [item for item in fields if item[0] > field.number]
        yield [*before, default, *after]


def other_wire_types(fields: Fields, _: Descriptor) -> Iterator[Fields]:
    """Yield ``fields`` with one as eight fixed bytes, which no field of the log is."""
    for at, (number, _value) in enumerate(fields):
        yield [*fields[:at], (number, Raw(tag(number, FIXED64) + bytes(8))), *fields[at + 1 :]]
