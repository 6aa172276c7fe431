"""The protobuf wire format by hand, for bytes that no serialiser would write."""

VARINT, BYTES = 0, 2


def varint(value: int, size: int = 0) -> bytes:
    """Return a varint, drawn out to ``size`` bytes where that is longer than it need be."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F)
    groups += [0] * (size - len(groups))
    return bytes([group | 0x80 for group in groups[:-1]] + [groups[-1]])


def number(field: int, value: int, size: int = 0) -> bytes:
    """Return an integer field."""
    return varint(field << 3 | VARINT) + varint(value, size)


def text(field: int, value: bytes) -> bytes:
    """Return a field of bytes, text or a message."""
    return varint(field << 3 | BYTES) + varint(len(value)) + value
