"""A source's periods as people look for them: a line a month of days, a line a year of weeks or months."""

from dataclasses import dataclass
from typing import Final

from ledger.core.bodies import Period
from ledger.core.completeness_report import Cell, Row, Status

COLUMNS: Final = {Period.DAY: 31, Period.WEEK: 53, Period.MONTH: 12}
"""Periods in a line."""
UNITS: Final = {Period.DAY: "day", Period.WEEK: "week", Period.MONTH: "month"}
SYMBOLS: Final = {
    Status.ON_TIME: "✓",
    Status.LATE: "L",
    Status.MISSING: "M",
    Status.CONTRADICTED: "X",
    Status.OPEN: "·",
    Status.UNCHECKED: "?",
}
"""One character for how a period stands, each another without any colour."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line under its ``label``; where the source owes nothing, or nothing is shown, there is None."""

    label: str
    cells: tuple[Cell | None, ...]


def lines(row: Row) -> list[Line]:
    """Return the lines of a source, ascending."""
    found: dict[str, list[Cell | None]] = {}
    for cell in row.cells:
        label, column = _place(cell.name)
        found.setdefault(label, [None] * COLUMNS[row.period])[column] = cell
    return [Line(label, tuple(cells)) for label, cells in found.items()]


def _place(name: str) -> tuple[str, int]:
    """Return the line and the column of a period by its name: 2026-11-25, 2026-W48, 2026-11."""
    label, _, number = name.rpartition("-")
    return label, int(number.removeprefix("W")) - 1
