"""The one shape of a plain DISCLOSURE, read and written without a parser: there is one in nearly every leaf.

A plain one has no embargo, late_for, part, openings or seal, and a key class below the largest. Its fields are then of
fixed length in fixed order (protocol §1, §2), so that one regular expression is a strict decoder of it.
"""

import re
from functools import lru_cache
from typing import Final

from ledger.core import bodies
from ledger.core.encoding import str8, u8
from ledger.core.statement import HEAD, Leaf

_PLAIN_CLASSES: Final = (4, 16, 64)
_PLAIN: Final = re.compile(
    rb"\x8a\x02\x8a\x01"  # body 33, a DISCLOSURE, of 138 bytes
    rb"\x0a\x20.{32}\x12\x20.{32}\x1a\x20.{32}\x20[\x04\x10\x40]\x2a\x20.{32}",
    re.DOTALL,
)

_NUMBER: Final = rb"[\x80-\xff]{0,9}[\x00-\x7f]"
_LOOK: Final = re.compile(
    re.escape(HEAD)
    + rb"\x12[\x01-\x3f][a-z0-9.-]{1,63}(?:\x18"
    + _NUMBER
    + rb")?(?:\x20"
    + _NUMBER
    + rb")?"
    + _PLAIN.pattern,
    re.DOTALL,
)

_CONTINUED: Final = tuple(bytes((0x18, low | 0x80)) for low in range(0x80))


def looks_plain(data: bytes) -> bool:
    """Return whether a leaf looks like a plain DISCLOSURE, of whatever source: it refers to no other entry.

    For readers who look for those that do: it says nothing of canonical form, sequence or source.
    """
    return _LOOK.fullmatch(data) is not None


class PlainShape:
    """The one shape of a plain DISCLOSURE of a source and minute: no embargo, late_for, part, openings, seal."""

    __slots__ = ("_head", "_tail")

    def __init__(self, source_id: str, recorded_at: int) -> None:
        self._head = HEAD + b"\x12" + str8(source_id)
        self._tail = b"\x20" + _varint(recorded_at) if recorded_at else b""

    def write(self, sequence: int, body: bodies.Disclosure) -> bytes | None:
        """Return the leaf of a plain disclosure at ``sequence``, None for a body that has another shape."""
        if not _is_plain(body):
            return None
        number = _number(sequence)
        return b"".join(
            (
                *(self._head, number, self._tail, b"\x8a\x02\x8a\x01\x0a\x20", body.slots_root),
                *(b"\x12\x20", body.payload_digest, b"\x1a\x20", body.keys_root),
                *(b"\x20", u8(body.key_class), b"\x2a\x20", body.aggregates_root),
            )
        )

    def read(self, data: bytes, sequence: int) -> Leaf | None:
        """Return the leaf if ``data`` has this shape at ``sequence``, None if it is anything else.

        Of such a message there is one encoding, so what matches is in canonical form and breaks no rule.
        """
        prefix = self._head + _number(sequence) + self._tail
        if data.startswith(prefix) and _PLAIN.fullmatch(data, len(prefix)):
            return Leaf(data, data, None)
        return None


def _is_plain(body: bodies.Disclosure) -> bool:
    options = body.embargo or body.late_for or body.part or body.openings
    return not options and body.key_class in _PLAIN_CLASSES


def _number(sequence: int) -> bytes:
    """Return the field of a sequence, which the default 0 is not written for."""
    if sequence > 0x7F:
        return _CONTINUED[sequence & 0x7F] + _varint(sequence >> 7)
    return b"\x18" + u8(sequence) if sequence else b""


@lru_cache(maxsize=1024)
def _varint(value: int) -> bytes:
    """Return a protobuf varint; for the upper part of a sequence, which stays the same 128 times."""
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    data.append(value)
    return bytes(data)
