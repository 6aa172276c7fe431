"""A command ends with one of three codes, and shows what others wrote without being steered by it."""

import pytest
import typer

from ledger.cli.outcome import DISPROVEN, UNCHECKED, command, show
from ledger.core.errors import (
    ConfigInvalid,
    InvalidInput,
    Locked,
    Refused,
    StoreDamaged,
    Uncheckable,
    VerificationFailed,
)

ENDS: dict[str, tuple[Exception, int, str]] = {
    "evidence that does not hold": (VerificationFailed("root: another"), DISPROVEN, "error: root: another\n"),
    "a store that contradicts itself": (StoreDamaged("entry 1: missing"), DISPROVEN, "error: entry 1: missing\n"),
    "what is not known": (Uncheckable("version: 2"), UNCHECKED, "error: version: 2\n"),
    "a wrong input": (InvalidInput("file", "not UTF-8"), UNCHECKED, "error: file: not UTF-8\n"),
    "what a server says": (Refused("a\x1b[31m\nb\x9b"), UNCHECKED, "error: a\ufffd[31m\ufffdb\ufffd\n"),
    "a lock": (Locked("store: in use"), UNCHECKED, "error: store: in use\n"),
    "two mistakes": (ConfigInvalid(["a: 1", "b: 2"]), UNCHECKED, "error: a: 1\nerror: b: 2\n"),
    "a missing file": (FileNotFoundError(2, "No such file or directory", "x"), UNCHECKED, "error: x: No such file"),
    "a failure without a file": (OSError(28, "No space left on device"), UNCHECKED, "error: No space left on device\n"),
    "a failure without a word": (TimeoutError(), UNCHECKED, "error: TimeoutError\n"),
}


@pytest.mark.parametrize(("error", "code", "said"), ENDS.values(), ids=ENDS)
def test_errors_end_a_command(error: Exception, code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Only evidence that does not hold disproves; each mistake is one line on standard error."""
    with pytest.raises(typer.Exit) as end, command():
        raise error
    assert end.value.exit_code == code
    assert capsys.readouterr().err.startswith(said)


CELLS = {
    "markup": ("[red]x[/]", "[red]x[/]"),
    "an end of nothing": ("[/bold]", "[/bold]"),
    "an emoji's name": (":smile:", ":smile:"),
    "a colour": ("\x1b[31mx", "\ufffd[31mx"),
    "a line break": ("a\nb", "a\ufffdb"),
    "a C1 control": ("a\x9bb", "a\ufffdb"),
    "text from right to left": ("a\u202eb", "a\ufffdb"),
    "a long text": ("é" * 5000, "é" * 5000),
}


@pytest.mark.parametrize(("cell", "shown"), CELLS.values(), ids=CELLS)
def test_cells_are_plain_text(cell: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What stands in a cell is shown as it is and whole; only what steers a terminal is replaced."""
    show(("one", "two"), [(cell, "end")])
    _, row = capsys.readouterr().out.splitlines()
    assert row.split() == [shown, "end"]
