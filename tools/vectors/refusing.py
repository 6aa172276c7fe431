"""What must be refused is refused by the core too, or nothing is generated."""

from collections.abc import Callable

from ledger.core.errors import LedgerError, Uncheckable


def refused(name: str, attempt: Callable[[], object]) -> str:
    """Return ``name``; raise AssertionError unless ``attempt`` is refused, which being uncheckable is not."""
    try:
        attempt()
    except Uncheckable:
        raise AssertionError(f"uncheckable: {name}") from None
    except LedgerError:
        return name
    raise AssertionError(f"accepted: {name}")


def uncheckable(name: str, attempt: Callable[[], object]) -> str:
    """Return ``name``; raise AssertionError unless ``attempt`` ends in Uncheckable."""
    try:
        attempt()
    except Uncheckable:
        return name
    raise AssertionError(f"known: {name}")
