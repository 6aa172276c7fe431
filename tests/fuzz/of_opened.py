"""Target: files that open fields of an entry."""

from collections.abc import Sequence
from random import Random
from typing import Final

from ledger.core.encoding import decode_base64, encode_base64
from ledger.core.errors import InvalidInput, Uncheckable, VerificationFailed
from ledger.core.opened import OpenedFields, verify_fields
from tests.core.openings import ENTRY, OTHER, logged, opened
from tests.core.test_record import FULL
from tests.core.world import World, disclosure
from tests.fuzz.driving import NEEDLE, Broken, Target, require_same
from tests.fuzz.messages import protobuf, receipt
from tests.fuzz.mutating import text

_RECORD: Final = {**FULL, "notes": NEEDLE, "authority_name": NEEDLE}


def _log() -> World:
    world = logged()
    world.disclose("alpha", disclosure(**_RECORD))
    return world


_WORLD: Final = _log()
_RECORDS: Final = {ENTRY: FULL, OTHER: FULL, _WORLD.size - 1: _RECORD}
_SEEDS: Final = (
    opened(_WORLD, ENTRY, "outcome", "notes", "rejection_reason"),
    opened(_WORLD, OTHER, "accounts_disclosed"),
    opened(_WORLD, _WORLD.size - 1, "notes", "authority_name", "recipient"),
)


def _verify(data: bytes) -> None:
    """Whatever is accepted is what the entry's record says."""
    parsed = OpenedFields.parse(data)
    require_same(parsed.format(), data)
    proven = verify_fields(data, _WORLD.vkey)
    record = _RECORDS[proven.receipt.index]
    if any(record.get(field.name) != field.value for field in proven.fields):
        raise Broken("a value that the entry did not commit to")


def _file(chance: Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """Return a file changed as text, in the message of an opening, or in its receipt."""
    head, blank, rest = data.partition(b"\n\n")
    lines = head.split(b"\n")
    if not blank or len(lines) < 2 or not chance.randrange(4):
        return text(chance, data, seeds)
    if not chance.randrange(4):
        return head + blank + receipt(chance, rest, seeds)
    at = chance.randrange(1, len(lines))
    try:
        opening = decode_base64(lines[at].decode("latin-1"), "opening")
    except InvalidInput:
        return text(chance, data, seeds)
    lines[at] = encode_base64(protobuf(chance, opening, seeds)).encode()
    return b"\n".join(lines) + blank + rest


TARGETS: Final = (Target("verify_fields", _verify, (InvalidInput, VerificationFailed, Uncheckable), _SEEDS, _file),)
