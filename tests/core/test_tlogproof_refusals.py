"""A refused proof file is told where it breaks which rule."""

import pytest

from ledger.core.encoding import MAX_SIZE, Hash
from ledger.core.errors import InvalidInput
from ledger.core.tlogproof import MAX_PATH, TlogProof
from tests.core.test_tlogproof import HASH, NOTE

HEADER = "c2sp.org/tlog-proof@v1\n"


def test_a_path_is_as_long_as_the_largest_tree_is_deep() -> None:
    """A tree of 2^63 - 1 leaves has paths of 63 hashes."""
    assert MAX_PATH == 63 == (MAX_SIZE - 1).bit_length()


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("é\n", "proof: not ASCII before the checkpoint"),
        ("another\nindex 0\n", "proof: does not begin with c2sp.org/tlog-proof@v1, or has no checkpoint"),
        (HEADER, "proof: without an index line"),
        (f"{HEADER}{HASH}\n", "proof: without an index line"),
        (f"{HEADER}extra ====\nindex 0\n", "proof extra: not standard base64"),
        (f"{HEADER}extra \nindex 0\n", "proof extra: an empty one is written as no line"),
        (f"{HEADER}index 01\n", f"proof index: not a decimal between 0 and {MAX_SIZE}"),
        (f"{HEADER}index 0\n" + f"{HASH}\n" * (MAX_PATH + 1), "proof: more than 63 hashes"),
        (f"{HEADER}index 0\n====\n", "proof path: not standard base64"),
        (f"{HEADER}index 0\nAAAA\n", "proof path: must be 32 bytes"),
    ],
)
def test_where_and_why(head: str, message: str) -> None:
    """The message names the line and the rule."""
    with pytest.raises(InvalidInput) as error:
        TlogProof.parse(head.encode() + b"\n" + NOTE)
    assert str(error.value).startswith(message)


def test_a_missing_blank_line() -> None:
    """A file without a blank line after its head has no checkpoint."""
    with pytest.raises(InvalidInput, match=r"^proof: does not begin with .*, or has no checkpoint$"):
        TlogProof.parse(f"{HEADER}index 0\n".encode())


def test_what_cannot_be_written_says_so() -> None:
    """A proof that would read back as another one, or not at all, is not written."""
    with pytest.raises(InvalidInput, match=r"^proof index: "):
        TlogProof(-1, (), NOTE).format()
    with pytest.raises(InvalidInput, match=r"^proof: cannot be written$"):
        TlogProof(0, (Hash(b""),), NOTE).format()
