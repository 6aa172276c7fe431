"""A slot opens alone, at its own position, and shows nothing of the others."""

import dataclasses
import hashlib

import pytest

from ledger.core.bodies import SlotOpening
from ledger.core.encoding import Hash
from ledger.core.errors import InvalidInput, VerificationFailed
from ledger.core.merkle import leaf_hash, merkle_root
from ledger.core.slots import (
    SLOT_NAMES,
    open_slots,
    slot_data,
    slot_salts,
    slots_root,
    verify_opening,
)
from tests.core.test_record import FULL, MINIMAL

SECRET = bytes(range(32))
ROOT = slots_root(FULL, SECRET)


def forged(position: int, name: str, value: bytes) -> tuple[SlotOpening, Hash]:
    """Return an opening and a root that agree, whatever the slot holds."""
    leaves = [slot_data(bytes(16), "", b"")] * 32
    leaves[position] = slot_data(bytes(16), name, value)
    level = [leaf_hash(leaf) for leaf in leaves]
    root = merkle_root(leaves)
    path = []
    at = position
    while len(level) > 1:
        path.append(level[at ^ 1])
        level = [Hash(hashlib.sha256(b"\x01" + level[i] + level[i + 1]).digest()) for i in range(0, len(level), 2)]
        at >>= 1
    return SlotOpening(position, name, value, bytes(16), tuple(path)), root


def test_root_is_the_tree_over_every_slot() -> None:
    """The root is MTH over the 32 slot data, absent ones with empty name and value."""
    salts = slot_salts(SECRET)
    stream = hashlib.shake_256(b"disclosure-ledger/v1/salts\x00" + SECRET).digest(512)
    assert b"".join(salts) == stream
    data = [slot_data(salt, "", b"") for salt in salts]
    data[14] = slot_data(salts[14], "accounts_disclosed", b"1")
    assert slots_root({"accounts_disclosed": 1}, SECRET) == merkle_root(data)
    assert data[14] == b"disclosure-ledger/v1/slot\x00" + salts[14] + b"\x12accounts_disclosed1"


def test_every_slot_opens_to_its_value() -> None:
    """Every slot of a record opens to its value, or to None where absent or reserved."""
    for record in (FULL, MINIMAL):
        openings = open_slots(record, SECRET, SLOT_NAMES)
        root = slots_root(record, SECRET)
        shown = dict(verify_opening(opening, root) for opening in openings)
        assert list(shown) == list(SLOT_NAMES)
        assert {name: value for name, value in shown.items() if value is not None} == record


def test_openings_come_in_position_order_once() -> None:
    """Names asked for twice or out of order give one opening each, ascending."""
    openings = open_slots(FULL, SECRET, ["notes", "outcome", "notes"])
    assert [opening.position for opening in openings] == [19, 27]


def test_every_change_of_an_opening_is_refused() -> None:
    """No position, name, value, salt or path but its own leads to the root."""
    (opening,) = open_slots(FULL, SECRET, ["outcome"])
    (other,) = open_slots(FULL, SECRET, ["urgency"])
    changes: list[dict[str, object]] = [{"position": at} for at in range(32) if at != 19]
    changes += [{"name": "urgency"}, {"name": ""}, {"value": b""}, {"value": b'"PARTIAL"'}]
    changes += [{"name": "", "value": b""}, {"salt": other.salt}, {"path": other.path}]
    changes += [{"path": tuple(reversed(opening.path))}, {"name": "urgency", "position": 10}]
    for change in changes:
        with pytest.raises(VerificationFailed):
            verify_opening(dataclasses.replace(opening, **change), ROOT)  # type: ignore[arg-type]
    with pytest.raises(VerificationFailed):
        verify_opening(opening, slots_root(FULL, bytes(32)))


@pytest.mark.parametrize(
    "change",
    [{"position": -1}, {"position": 32}, {"salt": bytes(15)}, {"path": ()}, {"path": (b"",) * 5}],
)
def test_wrong_sizes_are_bad_input(change: dict[str, object]) -> None:
    """A position, salt or path of a wrong size is refused before any hash."""
    (opening,) = open_slots(FULL, SECRET, ["outcome"])
    with pytest.raises(InvalidInput):
        verify_opening(dataclasses.replace(opening, **change), ROOT)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("position", "name", "value"),
    [
        (19, "outcome", b'"FULL" '),
        (19, "outcome", b'"\\u0046ULL"'),
        (24, "recipient", b'{"name":"x","key_id":"y"}'),
        (14, "accounts_disclosed", b"1.0"),
        (19, "outcome", b"null"),
        (27, "notes", b'""'),
        (25, "approvals", b"[]"),
        (19, "outcome", b""),
        (19, "", b'"FULL"'),
        (19, "urgency", b'"ROUTINE"'),
        (28, "reserved_28", b'"x"'),
    ],
)
def test_a_committed_slot_that_is_not_canonical_is_refused(position: int, name: str, value: bytes) -> None:
    """Other JSON than RFC 8785, empty values, misplaced names and filled reserved slots fail under a true root."""
    opening, root = forged(position, name, value)
    with pytest.raises(VerificationFailed):
        verify_opening(opening, root)


def test_a_verifier_does_not_judge_unicode() -> None:
    """A decomposed letter, which writers refuse, verifies: Unicode tables differ between releases."""
    opening, root = forged(27, "notes", '"e\u0301"'.encode())
    assert verify_opening(opening, root) == ("notes", "e\u0301")


def test_a_slot_missing_or_doubled_changes_the_root() -> None:
    """A tree of 31 or 33 slots, or one with a slot twice, has another root."""
    data = [slot_data(salt, "", b"") for salt in slot_salts(SECRET)]
    root = slots_root({}, SECRET)
    assert merkle_root(data) == root
    for changed in (data[:-1], [*data, data[-1]], [data[0], data[0], *data[2:]]):
        assert merkle_root(changed) != root
    (opening,) = open_slots({}, SECRET, ["notes"])
    with pytest.raises(VerificationFailed):
        verify_opening(opening, merkle_root(data[:-1]))


@pytest.mark.parametrize(
    "record", [{"subject": 1}, {"reserved_28": 1}, {"notes": ""}, {"approvals": []}, {"notes": None}]
)
def test_a_root_needs_known_present_fields(record: dict[str, object]) -> None:
    """Unknown, reserved and empty fields have no slot data."""
    with pytest.raises(InvalidInput):
        slots_root(record, SECRET)


def test_names_and_secrets_are_checked() -> None:
    """An unknown name and a short entry secret are refused."""
    with pytest.raises(InvalidInput, match="known are request_reference"):
        open_slots(FULL, SECRET, ["subject"])
    with pytest.raises(InvalidInput, match="entry_secret"):
        slot_salts(bytes(31))
