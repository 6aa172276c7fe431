"""Some fields of one entry, opened: a file that proves them to whoever has the log's verifier key (protocol §11).

    disclosure-ledger/v1/fields LF (base64(SlotOpening) LF)+ LF receipt

Openings are canonical messages, one a field, ascending by position; the receipt is a file of ``ledger.core.receipt``.
A salt belongs to one slot, so that the file says nothing of the others, not even whether they are present. A field
that is absent can be opened too, which proves its absence.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from google.protobuf.message import DecodeError

from ledger.core import bodies, mirror
from ledger.core.bodies import SlotOpening
from ledger.core.encoding import decode_base64, encode_base64
from ledger.core.errors import InvalidInput, VerificationFailed
from ledger.core.note import MAX_NOTE, VKey
from ledger.core.receipt import VerifiedReceipt, verify_receipt
from ledger.core.record_fields import FIELDS
from ledger.core.slots import SLOT_NAMES, open_slots, verify_opening
from ledger.core.statement import body_name
from ledger.v1 import statement_pb2

HEADER: Final = "disclosure-ledger/v1/fields"
MAX_FIELDS: Final = 2 * MAX_NOTE
"""Bytes of a file: enough for the longest note and, in base64, the longest extra data and the largest record."""

_NAMES: Final = SLOT_NAMES[: len(FIELDS)]
"""Without those of the reserved slots."""

Recorded = bodies.Disclosure | bodies.Delivery | bodies.Correction | bodies.EmbargoExtended
"""What has a record behind its slots root."""


@dataclass(frozen=True, slots=True)
class OpenedFields:
    """The file as it is written; nothing in it is verified."""

    openings: tuple[SlotOpening, ...]
    receipt: bytes

    @classmethod
    def parse(cls, raw: bytes) -> "OpenedFields":
        """Parse a file; raise InvalidInput if malformed."""
        if len(raw) > MAX_FIELDS:
            raise InvalidInput("fields", f"longer than {MAX_FIELDS} bytes")
        head, blank, receipt = raw.partition(b"\n\n")
        try:
            first, *lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise InvalidInput("fields", "not ASCII before the receipt") from None
        if first != HEADER or not blank:
            raise InvalidInput("fields", f"not {HEADER}, openings and a receipt after an empty line")
        if not 0 < len(lines) <= len(FIELDS):
            raise InvalidInput("openings", f"must be 1 to {len(FIELDS)}")
        openings = tuple([_decode(decode_base64(line, "opening")) for line in lines])
        if openings[-1].position >= len(FIELDS):
            raise InvalidInput("slot.position", f"must be 0 to {len(FIELDS) - 1}; the others are reserved")
        if any(one.position >= other.position for one, other in pairwise(openings)):
            raise InvalidInput("openings", "positions must ascend, one each")
        return cls(openings, receipt)

    def format(self) -> bytes:
        """Return the file's bytes; raise InvalidInput when they would not parse back to these fields."""
        lines = [HEADER, *[encode_base64(_encode(opening)) for opening in self.openings], "", ""]
        raw = "\n".join(lines).encode() + self.receipt
        if OpenedFields.parse(raw) != self:
            raise InvalidInput("fields", "cannot be written")
        return raw


@dataclass(frozen=True, slots=True)
class OpenedField:
    """One field that a file opens; ``value`` is None where it is absent."""

    position: int
    name: str
    value: object | None


@dataclass(frozen=True, slots=True)
class VerifiedFields:
    """What a file proves: the entry of ``receipt`` committed to exactly these ``fields``, ascending by position."""

    receipt: VerifiedReceipt
    fields: tuple[OpenedField, ...]


def check_names(names: Iterable[str]) -> frozenset[str]:
    """Return ``names``; raise InvalidInput unless each is a field's, and there is one."""
    wanted = frozenset(names)
    if not wanted or not wanted <= set(_NAMES):
        raise InvalidInput("fields", f"unknown name; known are {', '.join(_NAMES)}")
    return wanted


def open_fields(
    record_object: Mapping[str, object], entry_secret: bytes, names: Iterable[str], receipt: bytes
) -> OpenedFields:
    """Return the named fields of the record that the entry of ``receipt`` has; raise InvalidInput for another name."""
    return OpenedFields(open_slots(record_object, entry_secret, check_names(names)), receipt)


def verify_fields(data: bytes, log: VKey) -> VerifiedFields:
    """Return what a file proves under the log's verifier key.

    Raises:
        InvalidInput: malformed.
        VerificationFailed: the receipt or an opening does not hold, or the entry has no record.
        Uncheckable: a statement says something that this release does not know.
    """
    opened = OpenedFields.parse(data)
    receipt = verify_receipt(opened.receipt, log)
    body = receipt.statement.body
    if not isinstance(body, Recorded):
        raise VerificationFailed(f"entry: is a {body_name(type(body))}, which has no record")
    proven = [(opening.position, *verify_opening(opening, body.slots_root)) for opening in opened.openings]
    return VerifiedFields(receipt, tuple([OpenedField(*field) for field in proven]))


def _encode(opening: SlotOpening) -> bytes:
    return mirror.write(opening, statement_pb2.SlotOpening()).SerializeToString(deterministic=True)


def _decode(data: bytes) -> SlotOpening:
    message = statement_pb2.SlotOpening()
    try:
        message.ParseFromString(data)
    except DecodeError:
        raise InvalidInput("opening", "does not parse") from None
    message.DiscardUnknownFields()
    if message.SerializeToString(deterministic=True) != data:
        raise InvalidInput("opening", "is not in canonical form")
    return mirror.read(SlotOpening, message)
