"""What is no evidence against a source is refused, and told where it breaks which rule."""

import base64
from dataclasses import replace

import pytest

from ledger.core.conviction import MAX_BOXES, MAX_CONVICTION, Conviction, verify_conviction
from ledger.core.errors import InvalidInput, Uncheckable
from ledger.core.note import VKey
from tests.core.dishonest import Entry, speak, stage

SAID = speak(stage(), Entry(shift=1))
LOG: VKey = SAID.world.vkey
GOOD = SAID.conviction()
RAW = GOOD.format()
FIRST, STATEMENTS, RECEIPT = RAW.split(b"\n\n", 2)
HEAD, KEY, PAYLOAD, SHRED, *BOXES = FIRST.split(b"\n")
LEAVES = STATEMENTS.split(b"\n")
SHAPE = "conviction: not disclosure-ledger/v1/conviction, a key, a payload, a shred and boxes, statements, a receipt"


def written(*first: bytes, statements: tuple[bytes, ...] = tuple(LEAVES), receipt: bytes = RECEIPT) -> bytes:
    """Return the file of these lines."""
    return b"\n\n".join([b"\n".join(first), b"\n".join(statements), receipt])


MALFORMED = {
    "nothing": (b"", SHAPE),
    "another header": (written(HEAD + b" ", KEY, PAYLOAD, SHRED, *BOXES), SHAPE),
    "a header alone": (HEAD + b"\n", SHAPE),
    "no shred": (written(HEAD, KEY, PAYLOAD), SHAPE),
    "no receipt": (written(HEAD, KEY, PAYLOAD, SHRED, *BOXES, receipt=b""), SHAPE),
    "no statements and no receipt": (FIRST + b"\n\n" + STATEMENTS, SHAPE),
    "no statements": (written(HEAD, KEY, PAYLOAD, SHRED, *BOXES, statements=()), "statement: must be 1 to 16384 bytes"),
    "an empty line among the boxes": (
        written(HEAD, KEY, PAYLOAD, SHRED, *BOXES[:1], b"", *BOXES[1:]),
        "proof: does not",
    ),
    "bytes that are no text": (written(HEAD, b"\xff", PAYLOAD, SHRED), "conviction: not ASCII before the receipt"),
    "bytes among the statements that are no text": (
        written(HEAD, KEY, PAYLOAD, SHRED, statements=(b"\xff",)),
        "conviction: not ASCII before the receipt",
    ),
    "carriage returns": (RAW.replace(b"\n", b"\r\n"), "conviction: not ASCII before the receipt"),
    "too many bytes": (RAW + b"A" * (MAX_CONVICTION + 1 - len(RAW)), f"conviction: longer than {MAX_CONVICTION} bytes"),
    "as many bytes as may be": (RAW + b"A" * (MAX_CONVICTION - len(RAW)), "note: "),
    "a key that is not base64": (written(HEAD, b"%", PAYLOAD, SHRED), "conviction part: not standard base64"),
    "a key of three bytes": (written(HEAD, b"AAAA", PAYLOAD, SHRED), "batch_key: must be 32 bytes"),
    "a key for the payload": (written(HEAD, KEY, KEY, SHRED), "payload: must be 104 bytes and one of 512, 1024, "),
    "a shred of three bytes": (written(HEAD, KEY, PAYLOAD, b"AAAA"), "shred: must be 32 bytes"),
    "a shred written otherwise": (written(HEAD, KEY, PAYLOAD, b"AB=="), "conviction part: not canonical base64"),
    "a box of three bytes": (written(HEAD, KEY, PAYLOAD, SHRED, b"AAAA"), "sealed_keys: must be at least 35 bytes"),
    "65 boxes": (
        written(HEAD, KEY, PAYLOAD, SHRED, *BOXES[:1] * (MAX_BOXES + 1)),
        "conviction: more than 64 boxes or statements",
    ),
    "65 statements": (
        written(HEAD, KEY, PAYLOAD, SHRED, *BOXES, statements=tuple(LEAVES[:1] * (MAX_BOXES + 1))),
        "conviction: more than 64 boxes or statements",
    ),
    "a box twice": (
        written(HEAD, KEY, PAYLOAD, SHRED, *BOXES[:1], *BOXES),
        "sealed_keys: key ids do not ascend strictly",
    ),
    "a statement that is not base64": (
        written(HEAD, KEY, PAYLOAD, SHRED, *BOXES, statements=(b"%",)),
        "conviction statement: not standard base64",
    ),
    "a receipt that is none": (written(HEAD, KEY, PAYLOAD, SHRED, *BOXES, receipt=b"?"), "proof: does not begin with"),
}


@pytest.mark.parametrize(("raw", "message"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_files(raw: bytes, message: str) -> None:
    """The message names the part and the rule."""
    with pytest.raises(InvalidInput) as error:
        verify_conviction(raw, LOG)
    assert str(error.value).startswith(message)


def test_as_many_boxes_as_a_batch_may_have() -> None:
    """64 boxes and 64 statements are read; a file has at most 4 MiB."""
    assert (MAX_BOXES, MAX_CONVICTION) == (64, 4_194_304)
    raw = written(HEAD, KEY, PAYLOAD, SHRED, *BOXES[:1] * 64, statements=tuple(LEAVES[:1] * 64))
    found = Conviction.parse(raw)
    assert (len(found.boxes), len(found.recipients)) == (64, 64)


ENCODED = GOOD.boxes[0].encoded
BOX_WORDS = {
    "no key id and nothing else": (ENCODED[:34], InvalidInput, "sealed_keys: must be at least 35 bytes each"),
    "no box": (ENCODED[:35], InvalidInput, "sealed_keys.box: must be 80 bytes"),
    "a box too short": (ENCODED[:-1], InvalidInput, "sealed_keys.box: must be 80 bytes"),
    "a box too long": (ENCODED + b"?", InvalidInput, "sealed_keys.box: must be 80 bytes"),
    "another length": (ENCODED[:34] + b"\x51" + ENCODED[35:], InvalidInput, "sealed_keys: the length is not the box's"),
    "another suite": (ENCODED[:32] + b"\x02" + ENCODED[33:], Uncheckable, "sealed_keys.suite: only 1 is known"),
}


@pytest.mark.parametrize(("box", "error", "message"), BOX_WORDS.values(), ids=BOX_WORDS)
def test_malformed_boxes(box: bytes, error: type[Exception], message: str) -> None:
    """A box is a key id, a suite, a length and as many bytes; one of a later suite cannot be checked."""
    with pytest.raises(error) as raised:
        verify_conviction(written(HEAD, KEY, PAYLOAD, SHRED, base64.b64encode(box)), LOG)
    assert str(raised.value) == message


def test_a_recipient_of_a_later_version_cannot_be_checked() -> None:
    """A statement that a later release wrote is neither right nor wrong."""
    later = b"\x08\x02" + GOOD.recipients[0][2:]
    with pytest.raises(Uncheckable, match=r"^statement: this version is not known to this release$"):
        verify_conviction(replace(GOOD, recipients=(later,)).format(), LOG)


UNWRITABLE = {
    "a short key": (replace(GOOD, batch_key=b"short"), "batch_key: must be 32 bytes"),
    "no payload": (replace(GOOD, payload=b""), "conviction: not disclosure-ledger/v1/conviction, a key, "),
    "a short shred": (replace(GOOD, shred=b"short"), "shred: must be 32 bytes"),
    "65 boxes": (replace(GOOD, boxes=GOOD.boxes[:1] * 65), "conviction: more than 64 boxes or statements"),
    "no statement": (replace(GOOD, recipients=()), "conviction statement: "),
    "no receipt": (replace(GOOD, receipt=b""), "conviction: not disclosure-ledger/v1/conviction, a key, "),
    "an empty statement at the end": (
        replace(GOOD, recipients=(*GOOD.recipients, b"")),
        "conviction: cannot be written",
    ),
}


@pytest.mark.parametrize(("conviction", "message"), UNWRITABLE.values(), ids=UNWRITABLE)
def test_what_cannot_be_written_says_so(conviction: Conviction, message: str) -> None:
    """A conviction that would read back as another one, or not at all, is not written."""
    with pytest.raises(InvalidInput) as error:
        conviction.format()
    assert str(error.value).startswith(message)
