"""A refused opening is told which part of it breaks which rule."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ledger.core.bodies import SlotOpening
from ledger.core.encoding import Hash, sha256
from ledger.core.errors import InvalidInput, VerificationFailed
from ledger.core.slots import encode_slots, open_slots, slot_data, slot_salts, slots_root, verify_opening
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


@pytest.mark.parametrize(
    ("refuse", "message"),
    [
        (lambda: encode_slots({"subject": "a"}), "record: has an unknown field"),
        (lambda: encode_slots({"notes": ""}), "notes: empty; leave an absent field out"),
        (lambda: slot_salts(b"short"), "entry_secret: must be 32 bytes"),
    ],
)
def test_what_is_no_record_is_not_encoded(refuse: Callable[[], object], message: str) -> None:
    """Unknown and empty fields, and a secret of another length, are refused by name."""
    with pytest.raises(InvalidInput) as error:
        refuse()
    assert str(error.value) == message


def test_a_value_that_is_no_json_is_named() -> None:
    """A slot whose value does not parse is named, though it leads to the root."""
    data = slot_data(OPENING.salt, OPENING.name, b"{")
    root, at = sha256(b"\x00" + data), OPENING.position
    for height, sibling in enumerate(OPENING.path):
        root = sha256(b"\x01" + (sibling + root if at >> height & 1 else root + sibling))
    with pytest.raises(VerificationFailed, match=r"^slot\.value: "):
        verify_opening(replace(OPENING, value=b"{"), root)


def test_an_unknown_name_is_told_the_known_ones() -> None:
    """Who asks for a slot that there is none of is told every name."""
    with pytest.raises(InvalidInput, match=r"^slots: unknown name; known are request_reference, .*, reserved_31$"):
        open_slots(RECORD, SECRET, ["subject"])
