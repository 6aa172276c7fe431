"""Which tiles a tree has, and where they are in it, is what C2SP tlog-tiles says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.encoding import MAX_SIZE
from ledger.core.errors import BeyondTree, InvalidInput
from ledger.core.merkle import Node
from ledger.core.tlogtiles import (
    ENTRIES,
    WIDTH,
    Tile,
    partial_tiles,
    place_of,
    tile_in,
    tiles_between,
)


def test_the_tiles_of_seventy_thousand() -> None:
    """70,000 leaves: 273 full tiles and 112 hashes at level 0, one full and 17 at level 1, one hash at level 2."""
    found = [tile for tile in tiles_between(0, 70_000) if tile.level != ENTRIES]
    assert found[:273] == [Tile(0, number) for number in range(273)]
    assert found[273:] == [Tile(0, 273, 112), Tile(1, 0), Tile(1, 1, 17), Tile(2, 0, 1)]
    bundles = [tile for tile in tiles_between(0, 70_000) if tile.level == ENTRIES]
    assert bundles == [*[Tile(ENTRIES, number) for number in range(273)], Tile(ENTRIES, 273, 112)]
    assert partial_tiles(70_000) == [Tile(ENTRIES, 273, 112), Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, []),
        (1, [Tile(ENTRIES, 0, 1), Tile(0, 0, 1)]),
        (255, [Tile(ENTRIES, 0, 255), Tile(0, 0, 255)]),
        (256, [Tile(ENTRIES, 0), Tile(0, 0), Tile(1, 0, 1)]),
        (257, [Tile(ENTRIES, 0), Tile(ENTRIES, 1, 1), Tile(0, 0), Tile(0, 1, 1), Tile(1, 0, 1)]),
    ],
)
def test_the_tiles_of_small_trees(size: int, expected: list[Tile]) -> None:
    """A full tile feeds the level above, an empty one is none."""
    assert list(tiles_between(0, size)) == expected
    assert partial_tiles(size) == [tile for tile in expected if tile.width < WIDTH]


@given(st.integers(0, 3000), st.integers(0, 200_000), st.integers(0, 3000))
def test_growth_adds_exactly_what_was_not_there(more: int, old: int, most: int) -> None:
    """The tiles between two sizes are those of the larger tree that the smaller one does not have."""
    new = old + min(more, most)
    assert list(tiles_between(old, new)) == sorted(set(tiles_between(0, new)) - set(tiles_between(0, old)))


@given(st.integers(0, MAX_SIZE))
def test_partial_tiles_add_up_to_the_size(size: int) -> None:
    """The widths of the partial tiles are the digits of the size to the base of 256, at most one tile a level."""
    partial = [tile for tile in partial_tiles(size) if tile.level != ENTRIES]
    assert sum(tile.width << 8 * tile.level for tile in partial) == size
    assert all(tile_in(size, tile.level, tile.number) == tile for tile in partial)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 65_535])
@pytest.mark.parametrize("level", [ENTRIES, 0, 1])
def test_no_tile_lies_past_the_tree(level: int, size: int) -> None:
    """A tile that holds nothing of the tree is not in it."""
    count = size >> 8 * max(level, 0)
    with pytest.raises(BeyondTree, match=r"^tile: past the tree$"):
        tile_in(size, level, (count + 255) // 256)


@pytest.mark.parametrize(
    ("node", "place"),
    [
        (Node(0, 0), (0, 0, slice(0, 1))),
        (Node(0, 257), (0, 1, slice(1, 2))),
        (Node(7, 3), (0, 1, slice(128, 256))),
        (Node(8, 3), (1, 0, slice(3, 4))),
        (Node(9, 128), (1, 1, slice(0, 2))),
        (Node(62, 1), (7, 0, slice(64, 128))),
    ],
    ids=str,
)
def test_a_subtree_has_its_place_in_a_tile(node: Node, place: tuple[int, int, slice]) -> None:
    """A perfect subtree is the root over a run of one tile's hashes."""
    assert place_of(node) == place


def test_a_tree_does_not_shrink() -> None:
    """No tiles lie between a tree and a smaller one."""
    with pytest.raises(InvalidInput, match=r"^range: "):
        list(tiles_between(2, 1))
