"""How a command ends: 0 proven, 1 disproven, 2 could not be checked; errors on stderr, one line each."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import typer

from ledger.core.errors import ConfigInvalid, LedgerError, StoreDamaged, VerificationFailed

PROVEN: Final = 0
DISPROVEN: Final = 1
UNCHECKED: Final = 2
SHUT: Final = 125
"""How ``ledger gate`` ends where its command did not run, as env(1) and timeout(1) do."""
PIPE_WIDTH: Final = 10_000
"""Characters a line may have where no terminal sets a width: more than any row of ours has."""


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
        say(printable(f"error: {error}"))  # a server may have written it
        raise typer.Exit(code_of(error)) from None
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        say(f"error: {place}{error.strerror or type(error).__name__}")
        raise typer.Exit(UNCHECKED) from None


def say(text: str) -> None:
    """Write a line for people, on stderr."""
    print(text, file=sys.stderr)


def show(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table on stdout: as wide as the terminal, or where there is none as its cells, so that none is cut.

    Cells are plain text, whoever wrote them: no markup, and what could steer a terminal is replaced.
    """
    from rich.console import Console  # slow to import, and a server shows no table
    from rich.table import Table
    from rich.text import Text

    table = Table(*header, box=None)
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    Console(width=None if sys.stdout.isatty() else PIPE_WIDTH).print(table)


def printable(text: str) -> str:
    """Return ``text`` with whatever could steer a terminal replaced."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def emit(value: Any) -> None:
    """Write one JSON object as a line on stdout."""
    print(json.dumps(value, separators=(",", ":"), ensure_ascii=False))
