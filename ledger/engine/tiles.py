"""The stored Merkle tree: tiles of 256 hashes, grown by ``stage`` and ``apply``, read by ``fetch``.

A tile (level l, number n) holds the hashes of the perfect subtrees of 256^l leaves from leaf n·256^(l+1) on. A full
tile is final. Above level 0 a tile that is not full is rewritten when one below it fills; at level 0 it is not stored.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final

from ledger.core.encoding import HASH_SIZE, Hash
from ledger.core.errors import BeyondTree, StoreDamaged
from ledger.core.merkle import CompactRange, Node, leaf_hash, range_nodes, tree_root
from ledger.engine import schema
from ledger.engine.store import Store

WIDTH: Final = 256
HEIGHT: Final = 8
CACHED_TILES: Final = 2048
CACHED_NODES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Staged:
    """A larger tree that is not yet durable: what to write, and what to become."""

    size: int
    root: Hash
    puts: tuple[tuple[bytes, bytes], ...]
    edge: "_Edge"
    range: CompactRange


@dataclass(frozen=True, slots=True)
class _Edge:
    """The tiles that are not full, from level 0 up, of a tree of ``size``."""

    size: int
    tiles: tuple[tuple[Hash, ...], ...]


class TileTree:
    """A tree in a store; one writer stages and applies, anyone fetches."""

    def __init__(self, store: Store, edge: _Edge, compact: CompactRange) -> None:
        self._store = store
        self._edge = edge
        self._range = compact
        self.root = compact.root()
        self._cache: OrderedDict[tuple[int, int], tuple[Hash, ...]] = OrderedDict()
        self._lock = Lock()
        self._nodes: dict[tuple[int, int], Hash] = {}
        """Perfect subtrees between tile levels, which never change: every proof asks for some of them again."""

    @property
    def size(self) -> int:
        """How many leaves it has."""
        return self._edge.size

    @classmethod
    def load(cls, store: Store, size: int) -> "TileTree":
        """Return the stored tree of ``size``; raise StoreDamaged if a tile or entry is missing or misshapen."""
        tiles: list[tuple[Hash, ...]] = []
        count, level = size, 0
        while count or not level:
            number, width = divmod(count, WIDTH)
            tiles.append(_edge_tile(store, level, number, width))
            count, level = number, level + 1
        edge = _Edge(size, tuple(tiles))
        tree = cls(store, edge, CompactRange())
        frontier = tree.fetch(range_nodes(0, size)) if size else []
        tree._range = CompactRange(size, list(frontier))
        tree.root = tree._range.root()
        return tree

    def stage(self, leaf_hashes: Sequence[Hash]) -> Staged:
        """Return the tree with ``leaf_hashes`` appended; this tree stays as it is until ``apply``."""
        compact = self._range.copy()
        completed = compact.extend(leaf_hashes)
        size = self._edge.size
        puts: list[tuple[bytes, bytes]] = []
        tiles: list[tuple[Hash, ...]] = []
        grown = size + len(leaf_hashes)
        level = 0
        while not level or grown >> HEIGHT * level:
            held = list(self._edge.tiles[level]) if level < len(self._edge.tiles) else []
            added = completed[HEIGHT * level] if HEIGHT * level < len(completed) else []
            held.extend(added)
            number = size >> HEIGHT * (level + 1)
            full = len(held) // WIDTH
            for begin in range(0, full * WIDTH, WIDTH):
                puts.append((schema.tile_key(level, number), b"".join(held[begin : begin + WIDTH])))
                number += 1
            rest = tuple(held[full * WIDTH :])
            if level and rest and added:
                puts.append((schema.tile_key(level, number), b"".join(rest)))
            tiles.append(rest)
            level += 1
        return Staged(grown, compact.root(), tuple(puts), _Edge(grown, tuple(tiles)), compact)

    def apply(self, staged: Staged) -> None:
        """Become ``staged``, whose rows are durable."""
        self._edge, self._range, self.root = staged.edge, staged.range, staged.root

    def fetch(self, nodes: Sequence[Node]) -> list[Hash]:
        """Return the hashes of perfect subtrees; raise BeyondTree for one that is not inside the tree."""
        edge = self._edge
        return [self._node(edge, node.level, node.index) for node in nodes]

    def root_at(self, size: int) -> Hash:
        """Return the root that this tree had at ``size``."""
        if size > self.size:
            raise BeyondTree(f"size: the tree has {self.size} entries")
        return CompactRange(size, self.fetch(range_nodes(0, size)) if size else []).root()

    def _node(self, edge: _Edge, level: int, index: int) -> Hash:
        if (index + 1) << level > edge.size:
            raise BeyondTree("node: past the tree")
        tile_level, height = divmod(level, HEIGHT)
        if not height:
            number, begin = divmod(index, WIDTH)
            return self._tile(edge, tile_level, number)[begin]
        found = self._nodes.get((level, index))
        if found is None:
            number, begin = divmod(index << height, WIDTH)
            found = tree_root(self._tile(edge, tile_level, number)[begin : begin + (1 << height)])
            if len(self._nodes) >= CACHED_NODES:
                self._nodes.clear()
            self._nodes[level, index] = found
        return found

    def _tile(self, edge: _Edge, level: int, number: int) -> tuple[Hash, ...]:
        if number == edge.size >> (HEIGHT * (level + 1)):
            return edge.tiles[level]
        place = (level, number)
        with self._lock:
            tile = self._cache.get(place)
            if tile is not None:
                self._cache.move_to_end(place)
                return tile
        tile = _read_tile(self._store, level, number, WIDTH)
        with self._lock:
            self._cache[place] = tile
            if len(self._cache) > CACHED_TILES:
                self._cache.popitem(last=False)
        return tile


def _edge_tile(store: Store, level: int, number: int, width: int) -> tuple[Hash, ...]:
    if not width:
        return ()
    if level:
        return _read_tile(store, level, number, width)
    begin = number * WIDTH
    rows = store.range(schema.entry_key(begin), schema.entry_key(begin + width))
    hashes = tuple(leaf_hash(leaf) for _, leaf in rows)
    if len(hashes) != width:
        raise StoreDamaged("entry: missing; run ledgerctl fsck")
    return hashes


def _read_tile(store: Store, level: int, number: int, width: int) -> tuple[Hash, ...]:
    data = store.require(schema.tile_key(level, number))
    if len(data) != width * HASH_SIZE:
        raise StoreDamaged(f"tile {number} of level {level}: of the wrong length; run ledgerctl fsck")
    return tuple(Hash(data[at : at + HASH_SIZE]) for at in range(0, len(data), HASH_SIZE))
