"""The body of an add-checkpoint request has one spelling (C2SP tlog-witness)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.encoding import MAX_SIZE, ZERO_HASH, Hash, encode_base64, sha256
from ledger.core.errors import InvalidInput
from ledger.core.note import Note
from ledger.core.witnessing import MAX_REQUEST, AddCheckpoint
from tests.core.witnessed import LOG, asking, leaves, signed

SEVEN = signed(leaves(7))
NOTE = SEVEN.note.format().decode()
HASH = encode_base64(ZERO_HASH)
LINE = NOTE.splitlines()[-1]


def test_the_body_is_the_specified_one() -> None:
    """Old size, proof, blank line, note: nothing else, and the proof may be empty."""
    request = asking(4, leaves(7))
    lines = [f"{encode_base64(item)}\n" for item in request.proof]
    assert request.format().decode() == f"old 4\n{''.join(lines)}\n{NOTE}"
    assert asking(0, leaves(7)).format().decode() == f"old 0\n\n{NOTE}"


@given(st.integers(0, MAX_SIZE), st.lists(st.binary(max_size=9).map(sha256), max_size=63))
def test_what_is_written_parses_back(old: int, proof: list[Hash]) -> None:
    """Every old size and proof of up to 63 hashes comes back as it was."""
    request = AddCheckpoint.of(old, proof, SEVEN)
    assert AddCheckpoint.parse(request.format()) == request


@pytest.mark.parametrize("text", [f"{LOG.name}\n0\n{HASH}\nmore\n", f"{LOG.name}\n5\n{HASH}\n0\n{HASH}\n"])
def test_sizes_are_read_from_the_second_line_alone(text: str) -> None:
    """A tree of size 0 parses under any root, and a line "0" further down is an extension."""
    checkpoint = AddCheckpoint.parse(f"old 0\n\n{text}\n{LINE}\n".encode()).checkpoint
    assert str(checkpoint.size) == text.split("\n")[1]
    assert checkpoint.root == ZERO_HASH


MALFORMED = {
    "nothing": "",
    "a note alone": NOTE,
    "no note": "old 0\n\n",
    "no blank line": f"old 0\n{LOG.name}\n7\n",
    "a blank line first": f"\n\nold 0\n\n{NOTE}",
    "two blank lines": f"old 0\n\n\n{NOTE}",
    "no old size": f"{HASH}\n\n{NOTE}",
    "another keyword": f"new 0\n\n{NOTE}",
    "a capital keyword": f"Old 0\n\n{NOTE}",
    "no space": f"old\n\n{NOTE}",
    "two spaces": f"old  0\n\n{NOTE}",
    "a space behind": f"old 0 \n\n{NOTE}",
    "a space before": f" old 0\n\n{NOTE}",
    "a tab": f"old\t0\n\n{NOTE}",
    **{f"old {size}": f"old {size}\n\n{NOTE}" for size in ("", "01", "+1", "-1", "1_0", "0x1", "٣", "1e1", 2**63)},
    "a carriage return": f"old 0\r\n\r\n{NOTE}",
    "a hash that is too short": f"old 4\n{encode_base64(bytes(31))}\n\n{NOTE}",
    "a hash that is too long": f"old 4\n{encode_base64(bytes(33))}\n\n{NOTE}",
    "a hash without padding": f"old 4\n{HASH[:-1]}\n\n{NOTE}",
    "a hash in another spelling": f"old 4\n{HASH[:-2]}B=\n\n{NOTE}",
    "a hash in hex": f"old 4\n{'00' * 32}\n\n{NOTE}",
    "a hash with a space behind": f"old 4\n{HASH} \n\n{NOTE}",
    "two hashes in a line": f"old 4\n{HASH}{HASH}\n\n{NOTE}",
    "64 hashes": "old 4\n" + f"{HASH}\n" * 64 + f"\n{NOTE}",
    "bytes that are not ASCII in the proof": f"old 4\n{HASH}é\n\n{NOTE}",
    "a note without signature": f"old 0\n\n{SEVEN.note.text}\n",
    "a note that is cut": f"old 0\n\n{NOTE[:-1]}",
    "a note with more behind": f"old 0\n\n{NOTE}\n",
    "a note that is no checkpoint": f"old 0\n\nhello\n\n{LINE}\n",
    "a checkpoint without root": f"old 0\n\n{LOG.name}\n7\n\n{LINE}\n",
    "a checkpoint of size 0 without root": f"old 0\n\n{LOG.name}\n0\n\n{LINE}\n",
    "a checkpoint of size 0 with a short root": f"old 0\n\n{LOG.name}\n0\nAAAA\n\n{LINE}\n",
    "a checkpoint without origin": f"old 0\n\n\n7\n{HASH}\n\n{LINE}\n",
    "a checkpoint of size 0 without origin": f"old 0\n\n\n0\n{HASH}\n\n{LINE}\n",
    "a size with a leading zero": f"old 0\n\n{LOG.name}\n07\n{HASH}\n\n{LINE}\n",
    "a blank line in the checkpoint": f"old 0\n\n{LOG.name}\n7\n{HASH}\n\nmore\n\n{LINE}\n",
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_malformed_bodies(text: str) -> None:
    """A body with any other spelling is refused, by a message that names a field."""
    with pytest.raises(InvalidInput, match=r"^[a-z ]+: "):
        AddCheckpoint.parse(text.encode())


def test_bytes_that_are_no_text_are_refused() -> None:
    """Neither proof nor note may hold what is not UTF-8."""
    for raw in (b"old 0\n\xff\n\n" + NOTE.encode(), b"old 0\n\n\xff" + NOTE.encode()):
        with pytest.raises(InvalidInput):
            AddCheckpoint.parse(raw)


def test_no_truncation_parses() -> None:
    """Every body that is cut short is refused."""
    raw = asking(4, leaves(7)).format()
    for end in range(len(raw)):
        with pytest.raises(InvalidInput):
            AddCheckpoint.parse(raw[:end])


def test_the_length_is_bounded() -> None:
    """A body past 64 KiB is refused for its length."""
    with pytest.raises(InvalidInput, match=f"request: longer than {MAX_REQUEST} bytes"):
        AddCheckpoint.parse(b"old 0\n\n" + b"x" * MAX_REQUEST)
    signed_more = AddCheckpoint.of(0, (), signed(leaves(7), LOG, LOG.name, "x"))
    room = MAX_REQUEST - len(signed_more.format()) + 1
    largest = AddCheckpoint.of(0, (), signed(leaves(7), LOG, LOG.name, "x" * room))
    assert len(largest.format()) == MAX_REQUEST


@pytest.mark.parametrize(
    "request_",
    [
        AddCheckpoint.of(-1, (), SEVEN),
        AddCheckpoint.of(0, (Hash(b"short"),), SEVEN),
        AddCheckpoint.of(0, (ZERO_HASH,) * 64, SEVEN),
        AddCheckpoint(0, (), Note("no checkpoint\n", SEVEN.note.signatures)),
        AddCheckpoint(0, (), Note(SEVEN.note.text, ())),
    ],
    ids=["a negative size", "a short hash", "64 hashes", "no checkpoint", "no signature"],
)
def test_unwritable_requests(request_: AddCheckpoint) -> None:
    """A request that would not parse back is not written."""
    with pytest.raises(InvalidInput):
        request_.format()
