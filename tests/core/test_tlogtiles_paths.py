"""A tile has one path, and no other spelling is one (C2SP tlog-tiles)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.encoding import MAX_SIZE
from ledger.core.errors import InvalidInput
from ledger.core.tlogtiles import (
    CHECKPOINT,
    ENTRIES,
    MAX_LEVEL,
    MAX_NUMBER,
    WIDTH,
    Tile,
)

PATHS = {
    "tile/0/x001/x234/067": Tile(0, 1_234_067),
    "tile/entries/x001/x234/067": Tile(ENTRIES, 1_234_067),
    "tile/0/000": Tile(0, 0),
    "tile/0/999": Tile(0, 999),
    "tile/0/x001/000": Tile(0, 1000),
    "tile/0/273.p/112": Tile(0, 273, 112),
    "tile/1/001.p/17": Tile(1, 1, 17),
    "tile/2/000.p/1": Tile(2, 0, 1),
    "tile/entries/x123/456.p/255": Tile(ENTRIES, 123_456, 255),
    "tile/63/000": Tile(63, 0),
    "tile/7/x036/x028/x797/x018/x963/967": Tile(7, MAX_NUMBER),
}


@pytest.mark.parametrize(("path", "tile"), PATHS.items(), ids=PATHS)
def test_paths_are_the_specifications(path: str, tile: Tile) -> None:
    """A tile's path is the published one, and reads back as that tile."""
    assert tile.path == path
    assert Tile.parse(path) == tile


tiles = st.builds(Tile, st.integers(ENTRIES, MAX_LEVEL), st.integers(0, MAX_NUMBER), st.integers(1, WIDTH))


@given(tiles)
def test_a_path_reads_back(tile: Tile) -> None:
    """Whatever the tile, its path reads back as it, and the full tile at its place only loses the width."""
    assert Tile.parse(tile.path) == tile
    assert tile.path.split(".p/")[0] == tile.whole.path


MALFORMED = {
    "nothing": "",
    "the checkpoint": "checkpoint",
    "a slash before": "/tile/0/000",
    "a slash behind": "tile/0/000/",
    "a line feed behind": "tile/0/000\n",
    "no number": "tile/0",
    "too few digits": "tile/0/67",
    "too many digits": "tile/0/1234",
    "a group without its x": "tile/0/001/234",
    "an x on the last group": "tile/0/x001",
    "a leading group of zeros": "tile/0/x000/001",
    "a sign": "tile/0/+01",
    "digits of another script": "tile/0/٠٠١",
    "no level": "tile//000",
    "a level with a leading zero": "tile/00/000",
    "a level past 63": "tile/64/000",
    "sumdb's data level": "tile/8/data/000",
    "static-ct's data level": "tile/data/000",
    "a number past the last leaf": "tile/0/x036/x028/x797/x018/x963/968",
    "an endless number": "tile/0/" + "x999/" * 99 + "999",
    "a width of 0": "tile/0/000.p/0",
    "a width with a leading zero": "tile/0/000.p/01",
    "a full width": "tile/0/000.p/256",
    "a width past the full one": "tile/0/000.p/999",
    "no width": "tile/0/000.p/",
    "a step up": "tile/0/../000",
    "an empty step": "tile/0//000",
    "an upper-case X": "tile/0/X001/234",
}


@pytest.mark.parametrize("path", MALFORMED.values(), ids=MALFORMED)
def test_other_spellings_are_refused(path: str) -> None:
    """A path that no tile has is refused, in words that name the part and not the path."""
    with pytest.raises(InvalidInput, match=r"^tile (path|level|number|width): ") as caught:
        Tile.parse(path)
    assert caught.value.field != path


@pytest.mark.parametrize(
    ("level", "number", "width", "message"),
    [
        (-2, 0, 1, "tile level: must be entries or 0 to 63"),
        (64, 0, 1, "tile level: must be entries or 0 to 63"),
        (0, -1, 1, f"tile number: must be 0 to {MAX_SIZE // 256}"),
        (0, MAX_NUMBER + 1, 1, f"tile number: must be 0 to {MAX_SIZE // 256}"),
        (0, 0, 0, "tile width: must be 1 to 256"),
        (0, 0, 257, "tile width: must be 1 to 256"),
    ],
)
def test_no_tile_is_out_of_bounds(level: int, number: int, width: int, message: str) -> None:
    """Level, number and width have bounds, which the refusal names."""
    with pytest.raises(InvalidInput, match=f"^{re.escape(message)}$"):
        Tile(level, number, width)


def test_a_width_is_below_256() -> None:
    """A full tile has no width in its path, and a wider one there is not."""
    for width in (0, 256, 257, 258):
        with pytest.raises(InvalidInput, match=r"^tile width: "):
            Tile.parse(f"tile/0/000.p/{width}")


def test_the_checkpoint_has_its_place() -> None:
    """The signed note is at the path of the specification."""
    assert CHECKPOINT == "checkpoint"
