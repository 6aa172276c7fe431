"""The tree under a checkpoint, read from a source that nobody trusts: what the root does not cover is not given out.

The partial tiles, one a level, give the root; a full tile gives its hash in the tile above, up to one of these.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from ledger.core.checkpoint import Checkpoint
from ledger.core.encoding import Hash
from ledger.core.errors import InvalidInput, Unavailable, VerificationFailed
from ledger.core.merkle import EMPTY_ROOT, Node, fold, range_nodes, tree_root
from ledger.core.tlogtiles import (
    ENTRIES,
    HEIGHT,
    WIDTH,
    Leaves,
    Tile,
    decode_entries,
    decode_hashes,
    partial_tiles,
    place_of,
    tile_in,
)
from ledger.tiles.source import Source, fetch_tile

CACHED_TILES: Final = 256
"""Full tiles above level 0 kept: entries are read in order, and each of these covers 65,536 of them or more."""


class VerifiedTree:
    """The tree of ``checkpoint``, whose signature is the caller's to verify; for any number of threads."""

    def __init__(self, source: Source, checkpoint: Checkpoint) -> None:
        """Read the right edge.

        Raises:
            VerificationFailed: the edge does not lead to the root.
            Unavailable: a tile is missing, or the source is out of reach.
        """
        self._source, self.size = source, checkpoint.size
        self._above = lru_cache(CACHED_TILES)(self._full)
        edge = [tile for tile in partial_tiles(self.size) if tile.level != ENTRIES]
        self._edge = {tile.level: self._fetch(tile) for tile in edge}
        hashes = self.fetch(range_nodes(0, self.size))
        if (fold(hashes) if hashes else EMPTY_ROOT) != checkpoint.root:
            raise VerificationFailed(f"{', '.join(tile.path for tile in edge)}: do not lead to the checkpoint's root")

    def tile(self, level: int, number: int) -> tuple[Hash, ...]:
        """Return the hashes of a tile as the tree has it; raise BeyondTree where it has none, else as ``__init__``."""
        if tile_in(self.size, level, number).width < WIDTH:
            return self._edge[level]
        return self._above(level, number) if level else self._full(level, number)

    def fetch(self, nodes: Sequence[Node]) -> list[Hash]:
        """Return the hashes of perfect subtrees of the tree; raises as ``tile`` does."""
        found = []
        for node in nodes:
            level, number, where = place_of(node)
            found.append(tree_root(self.tile(level, number)[where]))
        return found

    def leaves(self, number: int) -> Leaves:
        """Return the entries of a bundle as the tree has it; raises as ``tile`` does."""
        tile = tile_in(self.size, ENTRIES, number)
        found = read_leaves(tile, self._bytes(tile))
        if found.hashes != self.tile(0, number):
            raise VerificationFailed(f"{tile.path}: its entries are not those of the tree")
        return found

    def _full(self, level: int, number: int) -> tuple[Hash, ...]:
        tile = Tile(level, number)
        hashes = self._fetch(tile)
        (expected,) = self.fetch([Node(HEIGHT * (level + 1), number)])
        if tree_root(hashes) != expected:
            raise VerificationFailed(f"{tile.path}: its hashes are not those of the tree")
        return hashes

    def _fetch(self, tile: Tile) -> tuple[Hash, ...]:
        try:
            return decode_hashes(self._bytes(tile), tile.width)
        except InvalidInput as error:
            raise VerificationFailed(f"{tile.path}: {error}") from None

    def _bytes(self, tile: Tile) -> bytes:
        try:
            data = fetch_tile(self._source, tile)
        except InvalidInput as error:
            raise VerificationFailed(f"{tile.path}: {error}") from None
        if data is None:
            raise Unavailable(f"{tile.path}: missing, though the checkpoint covers it")
        return data


def read_leaves(tile: Tile, data: bytes) -> Leaves:
    """Return the entries of a bundle, not yet known to be the tree's; raise VerificationFailed if it is malformed."""
    try:
        return Leaves.of(decode_entries(data, tile.width))
    except InvalidInput as error:
        raise VerificationFailed(f"{tile.path}: {error}") from None
