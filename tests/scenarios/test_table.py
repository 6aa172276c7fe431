"""No act is silently absent: each row of the table has scenarios that run, or says why there are none yet."""

from importlib import import_module
from pathlib import Path
from typing import Final

from tests.scenarios.table import ROWS, Act

HERE: Final = Path(__file__).parent
DOCUMENT: Final = HERE.parents[1] / "docs" / "scenarios.md"


def scenarios() -> set[str]:
    """Return every test of this package, as module and function, but for those of this file."""
    return {
        f"{path.stem}.{name}"
        for path in HERE.glob("test_*.py")
        if path.stem != Path(__file__).stem
        for name, found in vars(import_module(f"tests.scenarios.{path.stem}")).items()
        if name.startswith("test_") and callable(found)
    }


def test_every_act_has_a_row_that_runs_or_says_why() -> None:
    """Each act is in the table, and each row has scenarios or a reason, not both."""
    assert {row.act for row in ROWS} == set(Act)
    assert [row for row in ROWS if bool(row.tests) == bool(row.later)] == []


def test_every_act_is_caught_by_somebody_today() -> None:
    """Of each act something is shown already; what is left for later stands beside it."""
    assert {row.act for row in ROWS if row.tests} == set(Act)


def test_rows_and_scenarios_are_the_same() -> None:
    """Each scenario that a row names is there, and there is none that no row names."""
    named = [name for row in ROWS for name in row.tests]
    assert sorted(named) == sorted(scenarios())


def test_the_document_has_the_same_rows() -> None:
    """docs/scenarios.md tells people what the table says, row for row."""
    lines = DOCUMENT.read_text().splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert table[2:] == [row.markdown for row in ROWS]


def test_rows_are_whole() -> None:
    """No cell is empty, and none would break the document's table."""
    for row in ROWS:
        cells = (row.act.value, row.by, row.through, row.evidence)
        assert all(cells), row
        assert "|" not in "".join(cells), row
