"""A refused checkpoint is told where it breaks which rule."""

import pytest

from ledger.core.checkpoint import Checkpoint, Cosignature, cosign
from ledger.core.encoding import MAX_SIZE, ZERO_HASH
from ledger.core.errors import InvalidInput, VerificationFailed
from tests.core.test_checkpoint import CHECKPOINT, COSIGNER, ROOT


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"origin\t\n1\n{ROOT}\n", "checkpoint: has a control byte"),
        ("\ud800\n", "checkpoint: not UTF-8"),
        (f"origin\n1\n{ROOT}", "checkpoint: not three or more lines, none of them empty"),
        (f"origin\n1\n{ROOT}\nlast line without LF", "checkpoint: not three or more lines, none of them empty"),
        (f"origin\n01\n{ROOT}\n", f"checkpoint size: not a decimal between 0 and {MAX_SIZE}"),
        ("origin\n1\nroos\n", "checkpoint root: must be 32 bytes"),
        ("origin\n1\n=\n", "checkpoint root: not standard base64"),
        ("origin\n1\nAAAA\n", "checkpoint root: must be 32 bytes"),
        (f"origin\n0\n{ROOT}\n", "checkpoint root: not the empty tree's"),
    ],
)
def test_where_and_why(text: str, message: str) -> None:
    """The message names the line and the rule."""
    with pytest.raises(InvalidInput) as error:
        Checkpoint.parse(text)
    assert str(error.value).startswith(message)


def test_what_cannot_be_written_says_so() -> None:
    """A checkpoint that reads back as another one names itself."""
    with pytest.raises(InvalidInput, match=r"^checkpoint: cannot be written$"):
        Checkpoint("a", 1, ZERO_HASH, ("b\nc",)).format()


def test_the_latest_time() -> None:
    """2^63 - 1 is a time that a cosignature may bear, and one later is refused by name."""
    line = cosign(CHECKPOINT, MAX_SIZE, COSIGNER)
    assert Cosignature.parse(line.blob).timestamp == MAX_SIZE
    with pytest.raises(InvalidInput, match=rf"^timestamp: not between 1 and {MAX_SIZE}$"):
        cosign(CHECKPOINT, MAX_SIZE + 1, COSIGNER)


@pytest.mark.parametrize("length", [0, 8, 71, 73])
def test_cosignatures_of_another_length(length: int) -> None:
    """A cosignature is 72 bytes, whatever time they begin with."""
    blob = (bytes(7) + b"\x01" + bytes(80))[:length]
    with pytest.raises(VerificationFailed, match=r"^cosignature: of the wrong length"):
        Cosignature.parse(blob)
