"""Where the files of a log come from: a folder here, or a web server (C2SP tlog-tiles).

A source gives bytes as they are, verified by nobody.
"""

from pathlib import Path
from typing import Final, Protocol

from ledger.core.errors import InvalidInput, StoreDamaged
from ledger.core.note import MAX_NOTE
from ledger.core.tlogtiles import (
    BUNDLE_BYTES,
    CHECKPOINT,
    ENTRIES,
    TILE_BYTES,
    WIDTH,
    Tile,
    decode_entries,
    encode_entries,
)

HASH_BYTES: Final = TILE_BYTES // WIDTH


class Source(Protocol):
    """Gives the files of one log."""

    def fetch(self, path: str, limit: int) -> bytes | None:
        """Return what is at ``path``, at most ``limit`` bytes, or None if nothing is.

        Raises:
            Unavailable: the source cannot be reached or gives no answer; a later try may.
            InvalidInput: more than ``limit`` bytes.
        """
        ...


class FolderSource:
    """A folder in the static layout."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fetch(self, path: str, limit: int) -> bytes | None:
        """Return the file at ``path``."""
        try:
            with (self._folder / path).open("rb") as file:
                data = file.read(limit + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        check_limit(len(data), limit)
        return data


def check_limit(length: int, limit: int) -> None:
    """Raise InvalidInput for more bytes than anything of this kind has."""
    if length > limit:
        raise InvalidInput("answer", f"more than {limit} bytes")


def fetch_checkpoint(source: Source) -> bytes | None:
    """Return the log's latest signed note as the source has it, or None."""
    return source.fetch(CHECKPOINT, MAX_NOTE)


def fetch_tile(source: Source, tile: Tile) -> bytes | None:
    """Return a tile's bytes, cut from the full tile where its own file is gone, or None if neither is there.

    Raises:
        InvalidInput: the full tile cannot be cut.
        Unavailable: see ``Source.fetch``.
    """
    limit = BUNDLE_BYTES if tile.level == ENTRIES else TILE_BYTES
    data = source.fetch(tile.path, limit)
    if data is not None or tile.width == WIDTH:
        return data
    data = source.fetch(tile.whole.path, limit)
    if data is None or tile.level != ENTRIES:
        return data and data[: tile.width * HASH_BYTES]
    return encode_entries(decode_entries(data, WIDTH)[: tile.width])


def require_tile(folder: Path, tile: Tile) -> bytes:
    """Return a tile of a folder of our own; raise StoreDamaged if it is not there."""
    data = fetch_tile(FolderSource(folder), tile)
    if data is None:
        raise StoreDamaged(f"{folder / tile.path}: missing")
    return data
