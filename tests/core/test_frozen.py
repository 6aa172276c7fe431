"""Values of our own classes go through JSON and come back the same; what does not fit is refused."""

import json
from typing import Any

import pytest

from ledger.core.bodies import Period, Threshold
from ledger.core.encoding import Hash
from ledger.core.errors import InvalidInput
from ledger.core.frozen import _reader, plain, restored
from ledger.core.signing import PublicKey

VALUES: list[tuple[Any, Any]] = [
    (int, 7),
    (str, "text"),
    (bool, True),
    (bytes, b"\x00\xff"),
    (Hash, bytes(32)),
    (Period, Period.WEEK),
    (PublicKey, PublicKey(1, b"key")),
    (tuple[Threshold, ...], (Threshold(0, 1), Threshold(5, 2))),
    (tuple[str, int], ("a", 1)),
    (list[bytes], [b"a", b""]),
    (dict[tuple[str, int], Period], {("a", 1): Period.DAY, ("b", 2): Period.MONTH}),
    (int | None, None),
    (int | None, 5),
]


@pytest.fixture(autouse=True)
def _anew() -> None:
    """Make readers anew: those of a process that read before are kept."""
    _reader.cache_clear()


@pytest.mark.parametrize(("kind", "value"), VALUES, ids=str)
def test_what_goes_in_comes_out(kind: Any, value: Any) -> None:
    """Through JSON's own text and back, nothing is lost and nothing added."""
    assert restored(kind, json.loads(json.dumps(plain(value)))) == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (int, "7"),
        (int, True),
        (str, None),
        (bytes, "0"),
        (bytes, "AB"),
        (Hash, "00"),
        (Period, 9),
        (Period, "DAY"),
        (PublicKey, [1]),
        (PublicKey, [1, "00", 3]),
        (PublicKey, {}),
        (tuple[str, int], ["a"]),
        (tuple[str, ...], "ab"),
        (dict[str, int], [["a"]]),
        (dict[str, int], {}),
        (int | None, ""),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(kind: Any, value: Any) -> None:
    """Another type, another length, an unknown member: all are the state's fault, named without the value."""
    with pytest.raises(InvalidInput, match="state: "):
        restored(kind, value)
