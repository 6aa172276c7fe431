"""A log's files come from a folder as they are, and from the full tile where a partial one is gone."""

from pathlib import Path

import pytest

from ledger.core.errors import InvalidInput, StoreDamaged
from ledger.core.tlogtiles import ENTRIES, Tile
from ledger.tiles.source import FolderSource, fetch_checkpoint, fetch_tile, require_tile
from tests.tiles.logs import LOG


def test_a_folder_gives_what_it_has(tmp_path: Path) -> None:
    """Files are given as they are, what is not there is None, a folder or a file on the way is nothing."""
    source = FolderSource(LOG.write(tmp_path, 5))
    assert fetch_checkpoint(source) == LOG.note(5)
    assert source.fetch("tile/0/001", 100) is None
    assert source.fetch("checkpoint/0", 100) is None
    assert FolderSource(tmp_path / "nowhere").fetch("checkpoint", 100) is None


@pytest.mark.parametrize("limit", [0, 4, 5, 6])
def test_more_than_is_asked_for_is_refused(limit: int, tmp_path: Path) -> None:
    """A file of more bytes than its kind has is refused, one of exactly as many is given."""
    (tmp_path / "file").write_bytes(b"12345")
    if limit >= 5:
        assert FolderSource(tmp_path).fetch("file", limit) == b"12345"
        return
    with pytest.raises(InvalidInput, match=f"^answer: more than {limit} bytes$"):
        FolderSource(tmp_path).fetch("file", limit)


@pytest.mark.parametrize("tile", [Tile(0, 0, 5), Tile(ENTRIES, 0, 5), Tile(0, 0, 255), Tile(ENTRIES, 0, 255)], ids=str)
def test_a_partial_tile_is_cut_from_the_full_one(tile: Tile, tmp_path: Path) -> None:
    """Where the partial tile is gone, the full one at its place gives its bytes."""
    LOG.write(tmp_path, 256)
    assert not (tmp_path / tile.path).exists()
    assert fetch_tile(FolderSource(tmp_path), tile) == LOG.tile(tile)


@pytest.mark.parametrize("tile", [Tile(0, 0), Tile(0, 1, 5), Tile(ENTRIES, 0, 5), Tile(1, 0)], ids=str)
def test_a_tile_that_is_not_there_is_told_apart(tile: Tile, tmp_path: Path) -> None:
    """A tile of which there is neither file is None; in a folder of our own that is damage, named by its path."""
    assert fetch_tile(FolderSource(tmp_path), tile) is None
    with pytest.raises(StoreDamaged, match=f"{tile.whole.path}.*: missing$"):
        require_tile(tmp_path, tile)


def test_a_full_bundle_that_does_not_parse_is_not_cut(tmp_path: Path) -> None:
    """No entries are guessed out of a bundle that is damaged."""
    LOG.write(tmp_path, 256)
    path = tmp_path / Tile(ENTRIES, 0).path
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InvalidInput, match=r"^entry bundle: must be 256 entries, each after its length$"):
        fetch_tile(FolderSource(tmp_path), Tile(ENTRIES, 0, 5))
