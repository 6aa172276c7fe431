"""What the specification of a witness fixes in numbers, and which part of a request is said to be wrong."""

import pytest

from ledger.core import witnessing
from ledger.core.encoding import ZERO_HASH, encode_base64
from ledger.core.errors import InvalidInput
from ledger.core.witnessing import AddCheckpoint, Refusal
from tests.core.test_witnessing_request import HASH, NOTE, SEVEN
from tests.core.witnessed import asking, decided, knowing, leaves


def test_statuses_and_bounds_are_the_specifications() -> None:
    """Refusals carry the HTTP statuses of C2SP tlog-witness; a proof has up to 63 hashes, a request up to 64 KiB."""
    statuses = witnessing.MALFORMED, witnessing.UNSIGNED, witnessing.UNKNOWN, witnessing.STALE, witnessing.INCONSISTENT
    assert statuses == (400, 403, 404, 409, 422)
    assert (witnessing.MAX_PROOF, witnessing.MAX_REQUEST) == (63, 65_536)


def test_a_proof_of_63_hashes_is_read() -> None:
    """The longest proof that there can be comes back as it was, and one hash more does not."""
    longest = AddCheckpoint(1, (ZERO_HASH,) * 63, SEVEN.note)
    assert AddCheckpoint.parse(longest.format()) == longest
    with pytest.raises(InvalidInput, match=r"^proof: more than 63 hashes$"):
        AddCheckpoint(1, (ZERO_HASH,) * 64, SEVEN.note).format()


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("old 0\n", "request: without a blank line"),
        ("old é\n\n", "request: not ASCII before the note"),
        (f"new 0\n\n{NOTE}", "request: does not begin with the old size"),
        (f"old\n\n{NOTE}", "request: does not begin with the old size"),
        (f"old 01\n\n{NOTE}", "old size: "),
        (f"old 4\n{HASH}x\n\n{NOTE}", "proof: "),
        (f"old 4\n{encode_base64(bytes(31))}\n\n{NOTE}", "proof: must be 32 bytes"),
    ],
)
def test_where_and_why(raw: str, message: str) -> None:
    """The message begins with the part that is wrong, and why."""
    with pytest.raises(InvalidInput) as error:
        AddCheckpoint.parse(raw.encode())
    assert str(error.value).startswith(message)


def test_a_log_of_one_entry_can_split() -> None:
    """Two trees of one entry are evidence already."""
    outcome = decided(knowing(1), asking(0, leaves(1, fork=0)))
    assert isinstance(outcome, Refusal)
    assert outcome.split is not None
