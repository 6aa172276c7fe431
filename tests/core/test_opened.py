"""A file opens the fields that its writer chose to whoever has the log's key, and says nothing of the others."""

import base64
from collections import Counter
from typing import Final

import pytest

from ledger.core import bodies
from ledger.core.encoding import sha256
from ledger.core.errors import InvalidInput, LedgerError, VerificationFailed
from ledger.core.opened import HEADER, MAX_FIELDS, OpenedField, OpenedFields, open_fields, verify_fields
from ledger.core.record_fields import FIELDS
from ledger.core.sealed import CLASSES
from ledger.core.slots import SLOT_NAMES, slot_salts, slots_root, verify_opening
from ledger.core.statement import decode_leaf
from tests.core.openings import ENTRY, OTHER, encoded, joined, logged, opened, openings, payload_of, say
from tests.core.test_note import one_bit_off
from tests.core.test_record import FULL

WORLD: Final = logged()
RECEIPT: Final = WORLD.receipt(ENTRY)
CHOSEN: Final = ("notes", "accounts_disclosed", "rejection_reason")
FILE: Final = opened(WORLD, ENTRY, *CHOSEN)
NAMES: Final = tuple(field.name for field in FIELDS)


def test_the_chosen_fields_are_proven() -> None:
    """Each field opens to its value, an absent one to None, in the order of their positions, and the entry is told."""
    proven = verify_fields(FILE, WORLD.vkey)
    assert proven.fields == (
        OpenedField(14, "accounts_disclosed", 1),
        OpenedField(20, "rejection_reason", None),
        OpenedField(27, "notes", "synthetic"),
    )
    receipt = proven.receipt
    assert (receipt.index, receipt.log_id) == (ENTRY, WORLD.log_id)
    assert receipt.statement == decode_leaf(WORLD.leaves[ENTRY]).statement


@pytest.mark.parametrize("name", NAMES)
def test_every_field_opens_alone(name: str) -> None:
    """Of each field there is a file that opens it and nothing else."""
    (field,) = verify_fields(opened(WORLD, ENTRY, name), WORLD.vkey).fields
    assert (field.position, field.name, field.value) == (NAMES.index(name), name, FULL.get(name))


def test_all_fields_open_together() -> None:
    """A file that opens every field gives the record."""
    proven = verify_fields(opened(WORLD, ENTRY, *NAMES), WORLD.vkey)
    assert {field.name: field.value for field in proven.fields if field.value is not None} == FULL


def test_layout() -> None:
    """A file is a header, the openings in base64, each a line, an empty line and the receipt as it is."""
    head, _, receipt = FILE.partition(b"\n\n")
    first, *lines = head.decode().split("\n")
    assert first == HEADER == "disclosure-ledger/v1/fields"
    assert [base64.b64decode(line) for line in lines] == [encoded(item) for item in openings(WORLD, ENTRY, *CHOSEN)]
    assert receipt == RECEIPT


def test_a_file_is_written_as_it_was_read() -> None:
    """What parses formats to the same bytes."""
    assert OpenedFields.parse(FILE).format() == FILE


def test_source_and_auditor_write_the_same_file() -> None:
    """Whoever opened the payload, the same fields under the same receipt are the same bytes."""
    for index in (ENTRY, OTHER, OTHER + 1):
        assert opened(WORLD, index, *CHOSEN, auditor="one") == opened(WORLD, index, *CHOSEN)


def test_the_order_of_names_does_not_matter() -> None:
    """Names asked for twice or in another order give the same file."""
    assert opened(WORLD, ENTRY, *reversed(CHOSEN), *CHOSEN) == FILE


def spellings(data: bytes) -> list[bytes]:
    """Return ``data`` raw, in hex, and as it stands inside of base64, wherever that begins."""
    found = [data, data.hex().encode()]
    for skip in range(3):
        text = base64.b64encode(bytes(skip) + data + bytes(3))
        found.append(text[-(-skip * 8 // 6) : (skip + len(data)) * 8 // 6])
    return found


def content(file: bytes) -> bytes:
    """Return a file's bytes and those of everything that stands in it in base64."""
    found = [file]
    for word in file.split():
        try:
            found.append(base64.b64decode(word, validate=True))
        except ValueError:
            continue
    return b"\xff".join(found)


def test_nothing_is_said_of_other_fields() -> None:
    """No name, salt or value of another slot stands in the file, nor the secret or a key of the entry."""
    payload, text = payload_of(WORLD, ENTRY), content(FILE)
    salts = dict(zip(SLOT_NAMES, slot_salts(payload.entry_secret), strict=True))
    values = {item.name: item.value for item in openings(WORLD, ENTRY, *NAMES) if item.value}
    searched = {name: value for name, value in values.items() if len(value) > 4}
    assert values.keys() - searched.keys() == {"accounts_requested", "accounts_disclosed"}
    for name in CHOSEN:
        assert any(spelling in text for spelling in spellings(salts.pop(name)))
        searched.pop(name, None)
    hidden = [payload.entry_secret, *salts.values(), *searched.values()]
    hidden += [name.encode() for name in NAMES if name not in CHOSEN]
    assert len(hidden) > 70
    for data in hidden:
        assert [spelling for spelling in spellings(data) if spelling in text] == []


def test_an_absent_field_has_no_name_in_the_file() -> None:
    """The opening of an absent field has neither name nor value: its position says which it is."""
    (opening,) = OpenedFields.parse(opened(WORLD, ENTRY, "rejection_reason")).openings
    assert (opening.name, opening.value) == ("", b"")


def test_every_change_is_refused() -> None:
    """No truncation, no flipped bit and no byte more leaves a proof."""
    file = opened(WORLD, ENTRY, "outcome")
    for changed in [*(file[:end] for end in range(len(file))), *one_bit_off(file), file + b"\n", file + b"A"]:
        with pytest.raises(LedgerError):
            verify_fields(changed, WORLD.vkey)


def test_every_byte_of_an_opening_counts() -> None:
    """Whatever byte stands in place of one before the receipt, no file or no opening of the entry is left."""
    file = opened(WORLD, ENTRY, "outcome")
    root = slots_root(FULL, payload_of(WORLD, ENTRY).entry_secret)

    def prove(raw: bytes) -> None:
        for opening in OpenedFields.parse(raw).openings:
            verify_opening(opening, root)

    prove(file)
    why: Counter[type] = Counter()
    for at in range(file.index(b"\n\n") + 2):
        for byte in {*range(256)} - {file[at]}:
            with pytest.raises(LedgerError) as error:
                prove(file[:at] + bytes([byte]) + file[at + 1 :])
            why[error.type] += 1
    assert why.keys() == {InvalidInput, VerificationFailed}
    assert why[VerificationFailed] > 10_000


SECRET: Final = sha256(b"entry secret")
ROOT: Final = slots_root({"notes": "a reason"}, SECRET)
TARGET: Final = bodies.Target(0, sha256(b"target"))
LATER: Final[dict[str, bodies.Body]] = {
    "a delivery": bodies.Delivery(TARGET, bodies.DeliveryResult.DELIVERED, ROOT, sha256(b"payload")),
    "a correction": bodies.Correction(TARGET, ROOT, sha256(b"payload")),
    "an extension": bodies.EmbargoExtended(TARGET, 1, 700, ROOT, sha256(b"payload")),
}


@pytest.mark.parametrize("body", LATER.values(), ids=LATER)
def test_other_records_open_too(body: bodies.Body) -> None:
    """What became of a disclosure, its correction and an order's extension have a record that opens alike."""
    world = logged()
    file = open_fields({"notes": "a reason"}, SECRET, ["notes"], world.receipt(say(world, body))).format()
    assert [field.value for field in verify_fields(file, world.vkey).fields] == ["a reason"]


def test_what_has_no_record_opens_to_nothing() -> None:
    """A statement without slots root proves no field, not even an absent one."""
    world = logged()
    (opening,) = openings(world, ENTRY, "rejection_reason")
    for index in (0, 1, say(world, bodies.EmbargoLifted(TARGET))):
        with pytest.raises(VerificationFailed, match=r"^entry: is a [A-Z_]+, which has no record$"):
            verify_fields(joined(world.receipt(index), opening), world.vkey)


def test_the_bound_leaves_room() -> None:
    """The longest note, extra data and record that may be are within the bound together."""
    notes, extra, record, each = 1024 * 1024, 256 * 1024, CLASSES[-1], 300
    assert notes + (extra + record + each * len(FIELDS)) * 4 // 3 + 64 * 45 < MAX_FIELDS == 2_097_152
