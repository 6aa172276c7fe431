"""The stored tree is RFC 6962's at every size, whichever way it grew."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ledger.core.errors import BeyondTree, StoreDamaged
from ledger.core.merkle import EMPTY_ROOT, CompactRange, Node, leaf_hash, range_nodes, tree_root
from ledger.core.proof import prove_consistency, prove_inclusion, prove_range, verify_consistency, verify_inclusion
from ledger.engine import schema, tiles
from ledger.engine.store import Store
from ledger.engine.tiles import WIDTH, TileTree
from tests.core import rfc6962
from tests.engine.ledger import rich

ABOVE = WIDTH * WIDTH
"""Leaves of the first full tile of level 1."""

SIZES = [1, 2, 3, 254, 255, 256, 257, 511, 512, 513, 768, 1000]
LARGE = [ABOVE - WIDTH - 1, ABOVE - WIDTH, ABOVE - 1, ABOVE, ABOVE + 1, ABOVE + WIDTH - 1, ABOVE + WIDTH, ABOVE + 300]

DATA = [index.to_bytes(4, "big") for index in range(LARGE[-1])]
HASHES = [leaf_hash(data) for data in DATA]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new store."""
    store = Store.open(tmp_path / "store", create=True)
    yield store
    store.close()


def grow(store: Store, tree: TileTree, size: int) -> TileTree:
    """Append leaves up to ``size`` durably, entries included, and return ``tree``."""
    begin = tree.size
    staged = tree.stage(HASHES[begin:size])
    store.write([*staged.puts, *((schema.entry_key(index), DATA[index]) for index in range(begin, size))])
    tree.apply(staged)
    return tree


def grown(store: Store, sizes: Sequence[int]) -> TileTree:
    """Return a tree that stopped at each of ``sizes``."""
    tree = TileTree.load(store, 0)
    for size in sizes:
        grow(store, tree, size)
    return tree


def tile_rows(store: Store) -> list[tuple[bytes, bytes]]:
    """Return every stored tile."""
    return list(store.range(schema.TILES, schema.after(schema.TILES)))


def test_an_empty_tree(store: Store) -> None:
    """Before the first leaf there is the empty root, and no node."""
    tree = TileTree.load(store, 0)
    assert (tree.size, tree.root, tree.root_at(0)) == (0, EMPTY_ROOT, EMPTY_ROOT)
    with pytest.raises(BeyondTree, match="node: past the tree"):
        tree.fetch([Node(0, 0)])


def test_leaf_by_leaf_it_is_the_naive_tree(store: Store) -> None:
    """Across the first full tiles, a tree that grows by one leaf at a time has the root of the naive one."""
    tree = TileTree.load(store, 0)
    for size in range(1, 2 * WIDTH + 3):
        grow(store, tree, size)
        if size in SIZES:
            assert tree.root == rfc6962.mth(DATA[:size])
    assert [tree.root_at(size) for size in SIZES if size <= tree.size] == [
        rfc6962.mth(DATA[:size]) for size in SIZES if size <= tree.size
    ]


def test_large_trees_are_the_naive_tree(store: Store) -> None:
    """At sizes around the first full tile of level 1 the root is the naive one, before and after a reload."""
    tree = TileTree.load(store, 0)
    for size in LARGE:
        grow(store, tree, size)
        assert tree.root == tree_root(HASHES[:size])
        assert TileTree.load(store, size).root == tree.root
    assert tree.root == rfc6962.mth(DATA)
    for size in (0, *SIZES, *LARGE):
        assert tree.root_at(size) == tree_root(HASHES[:size])


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param([1, 2, 255, 256, 257, 1000, ABOVE + 300], id="small steps, then one that fills many tiles"),
        pytest.param([WIDTH, 2 * WIDTH, ABOVE, ABOVE + 300], id="whole tiles"),
        pytest.param([ABOVE - 1, ABOVE, ABOVE + 1, ABOVE + 300], id="one leaf either side of a level-1 tile"),
        pytest.param([300, 300, ABOVE + 300, ABOVE + 300], id="steps of nothing"),
    ],
)
def test_the_way_it_grew_leaves_no_trace(store: Store, tmp_path: Path, sizes: list[int]) -> None:
    """However the leaves arrived, the stored tiles and every fetched node are those of one step."""
    tree = grown(store, sizes)
    other = Store.open(tmp_path / "other", create=True)
    once = grown(other, sizes[-1:])
    assert tile_rows(store) == tile_rows(other)
    nodes = [Node(level, index) for level in range(17) for index in {0, (tree.size >> level) - 1}]
    assert tree.fetch(nodes) == once.fetch(nodes) == TileTree.load(store, tree.size).fetch(nodes)
    other.close()


def test_which_tiles_are_stored(store: Store) -> None:
    """Level 0 has full tiles only; above it the tile that is not full is stored as it last was."""
    grown(store, [ABOVE + 300])
    keys = [(key[1], schema.index_of(key), len(value) // 32) for key, value in tile_rows(store)]
    assert [key for key in keys if key[0] == 0] == [(0, number, WIDTH) for number in range(WIDTH + 1)]
    assert [key for key in keys if key[0]] == [(1, 0, WIDTH), (1, 1, 1), (2, 0, 1)]


def test_staging_changes_nothing(store: Store) -> None:
    """A staged tree that is thrown away leaves size, root and nodes as they were."""
    tree = grown(store, [300])
    before = (tree.size, tree.root, tree.fetch(range_nodes(0, 300)), tile_rows(store))
    staged = tree.stage(HASHES[300:600])
    assert (staged.size, staged.root) == (600, tree_root(HASHES[:600]))
    assert (tree.size, tree.root, tree.fetch(range_nodes(0, 300)), tile_rows(store)) == before
    assert grow(store, tree, 301).root == tree_root(HASHES[:301])


@pytest.mark.parametrize("size", [*SIZES, ABOVE + 300])
def test_every_perfect_subtree_is_fetched(store: Store, size: int) -> None:
    """Nodes of all levels, at both ends and in the middle, have the hash of their leaves; one further is beyond."""
    tree = grown(store, [size])
    level = 0
    while size >> level:
        count = size >> level
        for index in {0, count // 2, count - 1}:
            assert tree.fetch([Node(level, index)]) == [tree_root(HASHES[index << level : (index + 1) << level])]
        with pytest.raises(BeyondTree, match="node: past the tree"):
            tree.fetch([Node(0, 0), Node(level, count)])
        level += 1


@pytest.mark.parametrize("size", [ABOVE - 1, ABOVE, ABOVE + 1, ABOVE + 300])
def test_proofs_hold_at_tile_borders(store: Store, size: int) -> None:
    """Inclusion and consistency proofs made from tiles verify at the borders of tiles."""
    tree = grown(store, [size])
    root = tree_root(HASHES[:size])
    for index in {0, 255, 256, 257, ABOVE - 257, ABOVE - 2, size - 1}:
        verify_inclusion(HASHES[index], index, size, prove_inclusion(index, size, tree.fetch), root)
    for first in {1, 255, 256, 257, ABOVE - 256, ABOVE - 1, size}:
        proof = prove_consistency(first, size, tree.fetch)
        assert verify_consistency(first, tree.root_at(first), size, root, proof) == root


def test_a_range_joins_the_root(store: Store) -> None:
    """The nodes left and right of a range that spans tiles make the root with the range's own leaves."""
    tree = grown(store, [1000])
    proof = prove_range(250, 520, 1000, tree.fetch)
    compact = CompactRange(250, list(proof.left))
    compact.extend(HASHES[250:1000])
    assert compact.root() == tree.root
    assert list(proof.right) == [
        tree_root(HASHES[node.index << node.level : (node.index + 1) << node.level]) for node in range_nodes(520, 1000)
    ]


def test_the_past_stays_where_the_tree_ends(store: Store) -> None:
    """A size past the tree has no root yet."""
    tree = grown(store, [300])
    with pytest.raises(BeyondTree, match="size: the tree has 300 entries"):
        tree.root_at(301)


def test_the_cache_forgets_and_answers_the_same(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for two tiles only, nodes of five are right in any order, and repeated."""
    monkeypatch.setattr(tiles, "CACHED_TILES", 2)
    tree = grown(store, [5 * WIDTH])
    for number in (0, 1, 2, 0, 0, 4, 3, 2, 1):
        assert tree.fetch([Node(0, number * WIDTH)]) == [HASHES[number * WIDTH]]
    assert len(tree._cache) == 2


@pytest.mark.parametrize(
    ("key", "message"),
    [
        pytest.param(schema.entry_key(ABOVE + 256), "entry: missing", id="the first entry of the edge"),
        pytest.param(schema.entry_key(ABOVE + 299), "entry: missing", id="the last entry"),
        pytest.param(schema.tile_key(1, 1), "tile: missing", id="the edge of level 1"),
        pytest.param(schema.tile_key(2, 0), "tile: missing", id="the edge of level 2"),
    ],
)
def test_a_missing_edge_is_refused(store: Store, key: bytes, message: str) -> None:
    """A tree whose right edge cannot be read does not load."""
    grown(store, [ABOVE + 300])
    store.write([], deletes=[key])
    with pytest.raises(StoreDamaged, match=message):
        TileTree.load(store, ABOVE + 300)


def test_a_tile_of_another_length_is_refused(store: Store) -> None:
    """A tile with a hash too many or too few is named by number and level."""
    tree = grown(store, [ABOVE + 300])
    full = store.require(schema.tile_key(0, 3))
    for spoiled in (full[:-32], full + bytes(32), full[:-1], b""):
        store.write([(schema.tile_key(0, 3), spoiled)])
        with pytest.raises(StoreDamaged, match=r"^tile 3 of level 0: of the wrong length"):
            tree.fetch([Node(0, 3 * WIDTH)])
    store.write([(schema.tile_key(1, 1), bytes(64))])
    with pytest.raises(StoreDamaged, match=r"^tile 1 of level 1: of the wrong length"):
        TileTree.load(store, ABOVE + 300)


def test_a_reader_with_an_older_edge_is_not_disturbed(store: Store) -> None:
    """Nodes of the older tree stay the same while the tree grows past the tile they were at the edge of."""
    tree = grown(store, [300])
    nodes = range_nodes(0, 300)
    before = tree.fetch(nodes)
    for size in (512, 513, 1000):
        grow(store, tree, size)
        assert tree.fetch(nodes) == before


def test_kept_nodes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes between tile levels are kept up to a bound, and the proofs stay the same when they are dropped."""
    ledger = rich(tmp_path)
    tree, size = ledger.tree, ledger.world.size
    nodes = [Node(level, index) for level in range(1, 8) for index in range(size >> level)]
    expected = tree.fetch(nodes)
    monkeypatch.setattr(tiles, "CACHED_NODES", 3)
    tree._nodes.clear()
    assert tree.fetch(nodes) == expected == tree.fetch(nodes)
    assert len(tree._nodes) <= 3
    ledger.stop()
