"""The benchmarks measure every figure that their table bounds, at sizes that say nothing about speed."""

import json
import os
import shutil
from pathlib import Path

import pytest

from bench import where
from bench.__main__ import Sizes, measure
from bench.table import BOUNDS, show

pytestmark = pytest.mark.usefixtures("unmeasured")

SMALL = Sizes(
    bulk=2_048, coalesced=64, single=2, build=64, proof_seconds=0.1, mirror=600, report=600, tiles=4_096, growth=1_000
)


BY_WRK = {"tiles_per_s", "tiles_raw_per_s"}


def measured_by_wrk() -> bool:
    """Return whether wrk is there, as it has to be where nothing may be left out."""
    found = shutil.which("wrk") is not None
    assert found or "CI" not in os.environ
    return found


async def test_every_figure_is_measured_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """A small run has each figure of the table, all above zero, and the table names each beside its bound.

    Where wrk is not installed the run says what to install, and leaves its two figures out.
    """
    figures = await measure(SMALL)
    assert set(BOUNDS) - (set() if measured_by_wrk() else BY_WRK) <= set(figures)
    assert all(value > 0 for value in figures.values())
    assert json.loads(json.dumps(figures)) == figures
    show(figures)
    shown = capsys.readouterr().out
    assert all(name in shown for name in figures if name in BOUNDS)


def test_every_step_of_an_entry_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step of a batch's way is run and timed."""
    monkeypatch.setattr(where, "ROUNDS", 5)
    rows = dict(where.measure(tmp_path).rows)
    assert len(rows) == 13
    assert all(micros > 0 for micros in rows.values())
