"""Wherever a run of the writer ends, readers find a whole log and the next run goes on."""

from pathlib import Path

import pytest

from ledger.core.checkpoint import open_checkpoint
from ledger.core.tlogtiles import ENTRIES, Tile, tiles_between
from ledger.tiles.folder import open_writer
from ledger.tiles.source import FolderSource, fetch_tile
from tests.tiles.dying import Machine, Stopped
from tests.tiles.logs import LOG, files_in

BEFORE, AFTER = 250, 600
"""Sizes published before the run that dies, and by it: bundles and tiles are filled, begun and left partial."""


def check_readable(folder: Path) -> int:
    """Check that a reader finds each tile that the checkpoint promises, and return the checkpoint's size."""
    size = open_checkpoint((folder / "checkpoint").read_bytes(), LOG.vkey).checkpoint.size
    for tile in tiles_between(0, size):
        assert fetch_tile(FolderSource(folder), tile) == LOG.tile(tile), tile.path
    return size


def steps(tmp_path: Path) -> int:
    """Return how many file operations the run makes that goes through."""
    folder = LOG.write(tmp_path / "whole", BEFORE)
    with pytest.MonkeyPatch.context() as patch:
        machine = Machine(patch, folder, 10**9)
        LOG.write(folder, AFTER)
    return machine.steps


def test_a_run_that_stops_at_any_operation_is_gone_on_with(tmp_path: Path) -> None:
    """Stopped before any file operation, or in a write, the folder is whole at one size or the other, and grows on."""
    found = []
    count = steps(tmp_path)
    for last in range(count):
        folder = LOG.write(tmp_path / str(last), BEFORE)
        with pytest.MonkeyPatch.context() as patch:
            Machine(patch, folder, last)
            with pytest.raises(Stopped):
                LOG.write(folder, AFTER)
        found.append(check_readable(folder))
        LOG.write(folder, AFTER)
        assert check_readable(folder) == AFTER
        kept = files_in(folder)
        assert not [path for path in kept if path.endswith(".new")]
        assert not [path for path in kept if path.startswith(("tile/0/000.p", "tile/entries/000.p"))]
    assert found == [BEFORE] * (count - 2) + [AFTER] * 2  # at last the folder is opened and made durable
    assert count > 40


def test_a_first_run_that_stops_leaves_no_checkpoint(tmp_path: Path) -> None:
    """Before the first checkpoint is in place a reader finds none, and the next run begins anew."""
    for last in range(0, 40, 3):
        folder = tmp_path / str(last)
        folder.mkdir()
        with pytest.MonkeyPatch.context() as patch:
            Machine(patch, folder, last)
            with pytest.raises(Stopped):
                LOG.write(folder, AFTER)
        assert not (folder / "checkpoint").exists()
        assert files_in(LOG.write(folder, AFTER)) == LOG.files(AFTER)


def test_a_write_that_failed_fails_all_that_follows(tmp_path: Path) -> None:
    """Once a file could not be written, nothing is published, however often it is tried."""
    blocked = tmp_path / Tile(ENTRIES, 0).path
    blocked.mkdir(parents=True)
    with open_writer(tmp_path, LOG.vkey) as writer:
        writer.append(LOG.leaves(0, 300))
        for _ in range(2):
            with pytest.raises(IsADirectoryError):
                writer.publish(LOG.note(300))
        with pytest.raises(IsADirectoryError):
            writer.append(LOG.leaves(300, 6000))
    assert not (tmp_path / "checkpoint").exists()
