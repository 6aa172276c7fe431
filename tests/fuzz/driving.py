"""One input, one verdict: a documented refusal or nothing, within bounded work."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final

import ledger
from ledger.core.errors import LedgerError
from tests.fuzz.mutating import Mutate

NEEDLE: Final = "Nadel4711"
"""Stands in each seed that holds a person's data, and may stand in no message."""

_SOURCES: Final = str(Path(ledger.__file__).parent)
_LINES: Final = 200_000
_LINES_A_BYTE: Final = 200


class Broken(Exception):
    """A parser broke its promise; the message says which."""


class TooMuchWork(Broken):
    """More lines of code ran than an input of this size may cost."""


@dataclass(frozen=True, slots=True)
class Target:
    """A parser under its ``name``: ``check`` feeds it, and raises Broken where what it accepted is not what came in."""

    name: str
    check: Callable[[bytes], object]
    refusals: tuple[type[LedgerError], ...]
    seeds: tuple[bytes, ...]
    mutate: Mutate


def try_input(target: Target, data: bytes) -> bool:
    """Return whether the parser accepted ``data``; raise Broken, or whatever the parser should not have raised."""
    try:
        with bounded_work(_LINES + _LINES_A_BYTE * len(data)):
            target.check(data)
    except target.refusals as error:
        if NEEDLE in str(error):
            raise Broken("the message carries a value") from error
        return False
    return True


def require_same(found: object, given: object) -> None:
    """Raise Broken unless what was accepted encodes back to what was given."""
    if found != given:
        raise Broken("accepted, and encodes to something else")


@contextmanager
def bounded_work(lines: int) -> Iterator[None]:
    """Raise TooMuchWork in code of the package once it has run that many lines; loops are counted, not time."""
    left = lines

    def count(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if event == "call" and not frame.f_code.co_filename.startswith(_SOURCES):
            return None
        left -= 1
        if left < 0:
            raise TooMuchWork(f"more than {lines} lines")
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        yield
    finally:
        sys.settrace(before)
