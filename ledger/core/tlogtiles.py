"""A log as static files: which tiles a tree has, their paths and their bytes (C2SP tlog-tiles).

    checkpoint                        the signed note
    tile/<level>/<number>[.p/<width>] up to 256 hashes of 32 bytes
    tile/entries/<number>[.p/<width>] up to 256 times u16 length ‖ entry

Hash i of tile (level l, number n) is the root over the 256^l leaves from leaf (256n + i)·256^l on. A number is written
in groups of three digits, all but the last after an ``x``: 1234067 is ``x001/x234/067``. A tile of fewer than 256 has
its width in its path; only full ones feed the level above.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.core.encoding import HASH_SIZE, MAX_SIZE, Hash, decode_decimal
from ledger.core.errors import BeyondTree, InvalidInput
from ledger.core.merkle import Node, check_bounds, hash_leaves

CHECKPOINT: Final = "checkpoint"
"""The path of the signed note."""
ENTRIES: Final = -1
"""The level under which the entries themselves stand, in bundles."""
WIDTH: Final = 256
HEIGHT: Final = 8
MAX_LEVEL: Final = 63
MAX_NUMBER: Final = MAX_SIZE // WIDTH
MAX_ENTRY: Final = 0xFFFF
TILE_BYTES: Final = WIDTH * HASH_SIZE
"""Bytes of a full tile."""
BUNDLE_BYTES: Final = WIDTH * (2 + MAX_ENTRY)
"""Bytes that a bundle has at most."""

_PATH: Final = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([0-9]{1,3}))?\Z", re.ASCII)
_MAX_PATH: Final = 64


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """One file: ``width`` hashes of ``level``, or as many entries at level ``ENTRIES``."""

    level: int
    number: int
    width: int = WIDTH

    def __post_init__(self) -> None:
        if not ENTRIES <= self.level <= MAX_LEVEL:
            raise InvalidInput("tile level", f"must be entries or 0 to {MAX_LEVEL}")
        if not 0 <= self.number <= MAX_NUMBER:
            raise InvalidInput("tile number", f"must be 0 to {MAX_NUMBER}")
        if not 0 < self.width <= WIDTH:
            raise InvalidInput("tile width", f"must be 1 to {WIDTH}")

    @classmethod
    def parse(cls, path: str) -> "Tile":
        """Return the tile at ``path``; raise InvalidInput for any other spelling than ``path`` gives."""
        found = _PATH.match(path) if len(path) <= _MAX_PATH else None
        if found is None:
            raise InvalidInput("tile path", "not tile/LEVEL/NUMBER[.p/WIDTH]")
        level, number, width = found.groups()
        tile = cls(
            ENTRIES if level == "entries" else decode_decimal(level, "tile level", MAX_LEVEL),
            int(number.replace("/", "").replace("x", "")),
            WIDTH if width is None else decode_decimal(width, "tile width", WIDTH - 1),
        )
        if tile.path != path:
            raise InvalidInput("tile number", "must be in groups of three digits, the first not x000")
        return tile

    @property
    def path(self) -> str:
        """Where it is, below the log's address."""
        digits = str(self.number)
        digits = digits.zfill((len(digits) + 2) // 3 * 3)
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        level = "entries" if self.level == ENTRIES else str(self.level)
        place = "/".join(["tile", level, *[f"x{group}" for group in groups[:-1]], groups[-1]])
        return place if self.width == WIDTH else f"{place}.p/{self.width}"

    @property
    def whole(self) -> "Tile":
        """The full tile at this place."""
        return Tile(self.level, self.number)


def count_at(level: int, size: int) -> int:
    """Return how many hashes, or entries, the tree of ``size`` has at ``level``."""
    return size >> HEIGHT * max(level, 0)


def tile_in(size: int, level: int, number: int) -> Tile:
    """Return the tile as the tree of ``size`` has it, full or partial; raise BeyondTree if it has none there."""
    width = min(WIDTH, count_at(level, size) - number * WIDTH)
    if width <= 0:
        raise BeyondTree("tile: past the tree")
    return Tile(level, number, width)


def tiles_between(old: int, new: int) -> Iterator[Tile]:
    """Yield the tiles that the tree of ``new`` has and that of ``old`` has not, the entries first, then by level."""
    check_bounds(old, new)
    level = ENTRIES
    while count_at(level, new):
        before, after = count_at(level, old), count_at(level, new)
        if before < after:
            for number in range(before // WIDTH, -(-after // WIDTH)):
                yield tile_in(new, level, number)
        level += 1


def partial_tiles(size: int) -> list[Tile]:
    """Return the tiles of the tree of ``size`` that are not full: one at most a level."""
    levels = range(ENTRIES, MAX_LEVEL + 1)
    widths = [(level, *divmod(count_at(level, size), WIDTH)) for level in levels if count_at(level, size)]
    return [Tile(level, number, width) for level, number, width in widths if width]


def place_of(node: Node) -> tuple[int, int, slice]:
    """Return level and number of the tile that has the hashes below a perfect subtree, and where they are in it."""
    level, height = divmod(node.level, HEIGHT)
    number, begin = divmod(node.index << height, WIDTH)
    return level, number, slice(begin, begin + (1 << height))


def encode_hashes(hashes: Sequence[Hash]) -> bytes:
    """Return the bytes of a tile."""
    return b"".join(hashes)


def decode_hashes(data: bytes, width: int) -> tuple[Hash, ...]:
    """Return the ``width`` hashes of a tile; raise InvalidInput for any other length."""
    if len(data) != width * HASH_SIZE:
        raise InvalidInput("tile", f"must be {width} hashes of {HASH_SIZE} bytes")
    return tuple([Hash(data[at : at + HASH_SIZE]) for at in range(0, len(data), HASH_SIZE)])


def encode_entries(entries: Sequence[bytes]) -> bytes:
    """Return u16 length ‖ entry for each; raise InvalidInput for one of more than 65,535 bytes."""
    if any(len(entry) > MAX_ENTRY for entry in entries):
        raise InvalidInput("entry", f"longer than {MAX_ENTRY} bytes")
    return b"".join([piece for entry in entries for piece in (len(entry).to_bytes(2, "big"), entry)])


def decode_entries(data: bytes, width: int) -> tuple[bytes, ...]:
    """Return the ``width`` entries of a bundle; raise InvalidInput for more, fewer, or one that is cut."""
    entries = []
    at, size = 0, len(data)
    while at < size:
        begin = at + 2
        at = begin + int.from_bytes(data[at:begin], "big")
        entries.append(data[begin:at])
    if at != size or len(entries) != width:
        raise InvalidInput("entry bundle", f"must be {width} entries, each after its length")
    return tuple(entries)


@dataclass(frozen=True, slots=True)
class Leaves:
    """Consecutive entries and their leaf hashes, made together so that neither is another's."""

    entries: tuple[bytes, ...]
    hashes: tuple[Hash, ...]

    @classmethod
    def of(cls, entries: Sequence[bytes]) -> "Leaves":
        """Return ``entries`` with SHA-256(00 ‖ entry) of each."""
        return cls(tuple(entries), tuple(hash_leaves(entries)))

    def __len__(self) -> int:
        return len(self.entries)

    def cut(self, begin: int, end: int | None = None) -> "Leaves":
        """Return those from position ``begin`` to ``end``."""
        return Leaves(self.entries[begin:end], self.hashes[begin:end])
