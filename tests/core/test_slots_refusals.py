"""A refused opening is told which part of it breaks which rule."""

from dataclasses import replace

import pytest

from ledger.core.bodies import SlotOpening
from ledger.core.encoding import Hash
from ledger.core.errors import InvalidInput
from ledger.core.slots import open_slots, slots_root, verify_opening
from tests.core.world import RECORD

SECRET = bytes(range(32))
ROOT = slots_root(RECORD, SECRET)
(OPENING,) = open_slots(RECORD, SECRET, ["outcome"])


@pytest.mark.parametrize(
    ("opening", "message"),
    [
        (replace(OPENING, position=32), "slot.position: must be 0 to 31"),
        (replace(OPENING, position=-1), "slot.position: must be 0 to 31"),
        (replace(OPENING, salt=bytes(15)), "slot.salt: must be 16 bytes"),
        (replace(OPENING, path=OPENING.path[:4]), "slot.path: must be 5 hashes"),
        (replace(OPENING, path=(*OPENING.path[:4], Hash(b"short"))), "slot.path: must be 32 bytes"),
    ],
)
def test_where_and_why(opening: SlotOpening, message: str) -> None:
    """The message is the field and the bound."""
    with pytest.raises(InvalidInput) as error:
        verify_opening(opening, ROOT)
    assert str(error.value) == message


def test_an_unknown_name_is_told_the_known_ones() -> None:
    """Who asks for a slot that there is none of is told every name."""
    with pytest.raises(InvalidInput, match=r"^slots: unknown name; known are request_reference, .*, reserved_31$"):
        open_slots(RECORD, SECRET, ["subject"])
