"""What opens no field of an entry is refused, and told which part breaks which rule; no message carries a value."""

from dataclasses import replace
from typing import Any, Final

import pytest

from ledger.core.bodies import SlotOpening
from ledger.core.encoding import Hash, encode_base64
from ledger.core.errors import InvalidInput, Uncheckable, VerificationFailed
from ledger.core.opened import HEADER, MAX_FIELDS, OpenedFields, check_names, open_fields, verify_fields
from ledger.core.record_fields import FIELDS
from ledger.core.slots import SLOT_NAMES
from ledger.core.tlogproof import TlogProof
from tests.core.openings import ENTRY, OTHER, encoded, joined, logged, opened, openings
from tests.core.test_record import FULL
from tests.core.wire import BYTES, VARINT, padded, tag, varint

WORLD: Final = logged()
RECEIPT: Final = WORLD.receipt(ENTRY)
OUTCOME, REASON, NOTES = openings(WORLD, ENTRY, "outcome", "rejection_reason", "notes")
RESERVED: Final = openings(WORLD, ENTRY, "reserved_28", "reserved_31")
ALL: Final = openings(WORLD, ENTRY, *SLOT_NAMES)
FILE: Final = joined(RECEIPT, OUTCOME, REASON, NOTES)
LINE: Final = encode_base64(encoded(OUTCOME))
RAW: Final = encoded(OUTCOME)
START: Final = f"fields: not {HEADER}, openings and a receipt after an empty line"
COUNT: Final = "openings: must be 1 to 28"
CANONICAL: Final = "opening: is not in canonical form"


def changed(opening: SlotOpening, **fields: Any) -> bytes:
    """Return the file with this opening changed, alone."""
    return joined(RECEIPT, replace(opening, **fields))


MALFORMED = {
    "nothing": (b"", START),
    "a receipt alone": (RECEIPT, START),
    "another header": (joined(RECEIPT, OUTCOME, header=HEADER + " "), START),
    "a later header": (joined(RECEIPT, OUTCOME, header="disclosure-ledger/v2/fields"), START),
    "a header alone": (HEADER.encode() + b"\n", START),
    "no receipt": (FILE.partition(b"\n\n")[0] + b"\n", START),
    "an empty receipt": (joined(b"", OUTCOME), "proof: does not begin with c2sp.org/tlog-proof@v1"),
    "two empty lines": (joined(b"\n" + RECEIPT, OUTCOME), "proof: does not begin with c2sp.org/tlog-proof@v1"),
    "an empty line before the openings": (joined(RECEIPT, "", OUTCOME), COUNT),
    "lines that end as elsewhere": (HEADER.encode() + b"\r\n" + FILE.partition(b"\n")[2], START),
    "bytes that are no text": (joined(RECEIPT, "é"), "fields: not ASCII before the receipt"),
    "too many bytes": (FILE + b"A" * (MAX_FIELDS + 1 - len(FILE)), f"fields: longer than {MAX_FIELDS} bytes"),
    "as many bytes as may be": (FILE + b"A" * (MAX_FIELDS - len(FILE)), "note: longer than 1048576 bytes"),
    "no openings": (joined(RECEIPT), COUNT),
    "every slot": (joined(RECEIPT, *ALL), COUNT),
    "33 openings": (joined(RECEIPT, *ALL, ALL[-1]), COUNT),
    "29 openings": (joined(RECEIPT, *ALL[:29]), COUNT),
    "an opening that is not base64": (joined(RECEIPT, "%"), "opening: not standard base64"),
    "an opening with a space": (joined(RECEIPT, LINE + " "), "opening: not standard base64"),
    "an opening without padding": (joined(RECEIPT, encode_base64(RAW + RAW[:1]).rstrip("=")), "opening: not"),
    "an opening that is no message": (joined(RECEIPT, b"\x00\x00\x00"), "opening: does not parse"),
    "a name that is not UTF-8": (joined(RECEIPT, tag(2, BYTES) + b"\x01\xff"), "opening: does not parse"),
    "an unknown field": (joined(RECEIPT, RAW + tag(6, VARINT) + b"\x01"), CANONICAL),
    "a field twice": (joined(RECEIPT, RAW[:2] + RAW), CANONICAL),
    "fields in another order": (joined(RECEIPT, RAW[2:] + RAW[:2]), CANONICAL),
    "a padded varint": (joined(RECEIPT, tag(1, VARINT) + padded(OUTCOME.position) + RAW[2:]), CANONICAL),
    "a written default": (joined(RECEIPT, tag(1, VARINT) + varint(0)), CANONICAL),
    "a reserved slot": (joined(RECEIPT, RESERVED[0]), "slot.position: must be 0 to 27; the others are reserved"),
    "a reserved slot after others": (joined(RECEIPT, NOTES, RESERVED[1]), "slot.position: must be 0 to 27"),
    "a reserved slot before others": (joined(RECEIPT, RESERVED[0], NOTES), "openings: positions must ascend"),
    "a slot past the last": (changed(OUTCOME, position=32), "slot.position: must be 0 to 27"),
    "the largest position": (changed(OUTCOME, position=2**32 - 1), "slot.position: must be 0 to 27"),
    "swapped openings": (joined(RECEIPT, NOTES, OUTCOME), "openings: positions must ascend, one each"),
    "a position twice": (joined(RECEIPT, OUTCOME, OUTCOME), "openings: positions must ascend, one each"),
    "two openings of a position": (
        joined(RECEIPT, OUTCOME, replace(REASON, position=19)),
        "openings: positions must ascend, one each",
    ),
    "a salt of 15 bytes": (changed(OUTCOME, salt=OUTCOME.salt[:15]), "slot.salt: must be 16 bytes"),
    "no salt": (changed(OUTCOME, salt=b""), "slot.salt: must be 16 bytes"),
    "a path of 4 hashes": (changed(OUTCOME, path=OUTCOME.path[:4]), "slot.path: must be 5 hashes"),
    "a path of 6 hashes": (changed(OUTCOME, path=(*OUTCOME.path, OUTCOME.path[0])), "slot.path: must be 5 hashes"),
    "a hash of 31 bytes": (
        changed(OUTCOME, path=(Hash(OUTCOME.path[0][:31]), *OUTCOME.path[1:])),
        "path: must be 32 bytes",
    ),
    "nothing in an opening": (joined(RECEIPT, OUTCOME, tag(2, BYTES) + b"\x00"), CANONICAL),
}


@pytest.mark.parametrize(("raw", "message"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_files(raw: bytes, message: str) -> None:
    """The message names the part and the rule."""
    with pytest.raises(InvalidInput) as error:
        verify_fields(raw, WORLD.vkey)
    assert str(error.value).startswith(message)


NAME, LEADS = "slot: the name is not the one of its position", "slot: does not lead to the slots root"
UNTRUE = {
    "a receipt of another entry": (joined(WORLD.receipt(OTHER), OUTCOME), LEADS),
    "one opening of another entry": (joined(RECEIPT, OUTCOME, *openings(WORLD, OTHER, "notes")), LEADS),
    "another salt": (changed(OUTCOME, salt=NOTES.salt), LEADS),
    "another path": (changed(OUTCOME, path=NOTES.path), LEADS),
    "another value": (changed(OUTCOME, value=b'"PARTIAL"'), LEADS),
    "the same value spelled otherwise": (changed(OUTCOME, value=b' "FULL"'), "slot.value: not canonical JSON"),
    "a value that is no JSON": (changed(OUTCOME, value=b"FULL"), "slot.value: not JSON"),
    "an empty text": (changed(OUTCOME, value=b'""'), "slot.value: empty, which only an absent field is"),
    "a present field shown as absent": (changed(OUTCOME, name="", value=b""), LEADS),
    "an absent field shown as present": (changed(REASON, name="rejection_reason", value=b'"OTHER"'), LEADS),
    "another position": (changed(OUTCOME, position=20), NAME),
    "another position with its name": (changed(OUTCOME, position=10, name="urgency"), LEADS),
    "the name of another field": (changed(OUTCOME, name="urgency"), NAME),
    "a name that no field has": (changed(OUTCOME, name="subject"), NAME),
    "a value without a name": (changed(OUTCOME, name=""), NAME),
    "a name without a value": (changed(REASON, name="rejection_reason"), "slot.value: not JSON"),
    "a good opening after a wrong one": (joined(RECEIPT, replace(OUTCOME, salt=NOTES.salt), NOTES), LEADS),
    "an entry that has no record": (joined(WORLD.receipt(1), REASON), "entry: is a SOURCE_ENROLLED, which has no"),
}


@pytest.mark.parametrize(("raw", "message"), UNTRUE.values(), ids=UNTRUE)
def test_what_does_not_hold(raw: bytes, message: str) -> None:
    """What the entry did not commit to is disproven, by the words that say why, and without a value."""
    with pytest.raises(VerificationFailed) as error:
        verify_fields(raw, WORLD.vkey)
    assert str(error.value).startswith(message)
    assert "FULL" not in str(error.value)


def test_only_under_the_logs_own_key() -> None:
    """Under the key of another log nothing is proven."""
    other = logged()
    stranger = type(other).open(origin="other.example").vkey
    verify_fields(FILE, other.vkey)
    with pytest.raises(VerificationFailed, match=r"^note: no signature by a known key$"):
        verify_fields(FILE, stranger)


def test_an_entry_of_a_later_version_cannot_be_checked() -> None:
    """A leaf that this release does not know is neither proven nor disproven."""
    proof, extra = TlogProof.parse(RECEIPT), WORLD.receipt_extra(ENTRY)
    later = replace(proof, extra=replace(extra, leaf=b"\x08\x02").encode()).format()
    with pytest.raises(Uncheckable, match=r"^statement: this version is not known to this release$"):
        verify_fields(joined(later, OUTCOME), WORLD.vkey)


@pytest.mark.parametrize("names", [["subject"], ["outcome", "subject"], ["reserved_28"], [""], [], ["Outcome"]])
def test_an_unknown_name_is_told_the_known_ones(names: list[str]) -> None:
    """Who asks for a field that there is none of, or for no field, is told the name of each."""
    known = ", ".join(field.name for field in FIELDS)
    for refuse in (check_names, lambda names: open_fields(FULL, bytes(32), names, RECEIPT)):
        with pytest.raises(InvalidInput) as error:
            refuse(names)
        assert str(error.value) == f"fields: unknown name; known are {known}"


def test_what_cannot_be_written_says_so() -> None:
    """Fields that would read back as others, or not at all, are not written."""
    with pytest.raises(InvalidInput, match=rf"^{COUNT}$"):
        OpenedFields((), RECEIPT).format()
    with pytest.raises(InvalidInput, match=r"^openings: positions must ascend"):
        OpenedFields((NOTES, OUTCOME), RECEIPT).format()
    with pytest.raises(InvalidInput, match=r"^fields: cannot be written$"):
        OpenedFields((OUTCOME, SlotOpening(0, "", b"", b"", ())), RECEIPT).format()
    assert OpenedFields((OUTCOME,), RECEIPT).format() == opened(WORLD, ENTRY, "outcome")
