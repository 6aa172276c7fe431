"""How a command ends: 0 proven, 1 disproven, 2 could not be checked; errors on stderr, one line each."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import typer

from ledger.core.errors import ConfigInvalid, LedgerError, StoreDamaged, VerificationFailed

PROVEN: Final = 0
DISPROVEN: Final = 1
UNCHECKED: Final = 2


def code_of(error: LedgerError) -> int:
    """Return the exit code of an error: evidence that does not hold disproves, everything else leaves it open."""
    return DISPROVEN if isinstance(error, VerificationFailed | StoreDamaged) else UNCHECKED


@contextmanager
def command() -> Iterator[None]:
    """Run a command's body; a LedgerError or a missing file ends it with its exit code and its words."""
    try:
        yield
    except ConfigInvalid as error:
        for problem in error.problems:
            say(f"error: {problem}")
        raise typer.Exit(UNCHECKED) from None
    except LedgerError as error:
        say(f"error: {error}")
        raise typer.Exit(code_of(error)) from None
    except OSError as error:
        say(f"error: {error.filename or ''}: {error.strerror or type(error).__name__}")
        raise typer.Exit(UNCHECKED) from None


def say(text: str) -> None:
    """Write a line for people, on stderr."""
    print(text, file=sys.stderr)


def emit(value: Any) -> None:
    """Write one JSON object as a line on stdout."""
    print(json.dumps(value, separators=(",", ":"), ensure_ascii=False))
