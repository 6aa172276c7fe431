"""The tree of errors is the one drawn, and each error carries what its reader needs to go on."""

import inspect
import re

import pytest

from ledger.core import errors
from ledger.core.encoding import ZERO_HASH
from ledger.core.errors import Head, LedgerError

HEAD = Head("alpha", 7, ZERO_HASH, 29_400_000, ZERO_HASH)


def drawn() -> dict[str, str]:
    """Return each error of the module's drawing with the one it hangs on."""
    parents: dict[str, str] = {}
    above = {0: "LedgerError"}
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    ([│ ]*)[├└]── (\w+) ", line)
        if found:
            depth = len(found[1]) // 4
            parents[found[2]] = above[depth]
            above[depth + 1] = found[2]
    return parents


def test_the_tree_is_the_one_drawn() -> None:
    """Every class but the root stands in the drawing, under its parent, and the drawing names no other."""
    classes = [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, Exception)]
    parents = {cls.__name__: cls.__bases__[0].__name__ for cls in classes if cls is not LedgerError}
    assert parents == drawn()
    assert LedgerError.__bases__ == (Exception,)


@pytest.mark.parametrize(
    ("error", "carried", "text"),
    [
        (errors.InvalidInput("seal", "missing"), {"field": "seal", "message": "missing"}, "seal: missing"),
        (errors.KeySuperseded("use another", ZERO_HASH), {"current": ZERO_HASH}, "use another"),
        (errors.ChainBroken("a gap", HEAD), {"head": HEAD}, "a gap"),
        (errors.AlreadyLogged("other bytes", HEAD), {"head": HEAD}, "other bytes"),
        (errors.TooFewAuditors("one more", 2), {"minimum": 2}, "one more"),
        (errors.Busy("full", 0.5), {"retry_after": 0.5}, "full"),
        (errors.ConfigInvalid(["one", "two"]), {"problems": ["one", "two"]}, "one\ntwo"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, LedgerError) else "",
)
def test_errors_carry_what_to_go_on_with(error: LedgerError, carried: dict[str, object], text: str) -> None:
    """Field, key, head, minimum, delay and every mistake are attributes; the message stands alone."""
    assert {name: getattr(error, name) for name in carried} == carried
    assert str(error) == text
