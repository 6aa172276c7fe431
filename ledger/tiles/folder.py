"""The writer of a log's static files (C2SP tlog-tiles): tiles first and each for good, the checkpoint last.

A run may end anywhere: the next one goes on from the checkpoint, and finds again what stood behind it. Beside what is
being written only the tree's right edge is in memory.
"""

import fcntl
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ledger.core.checkpoint import SignedCheckpoint, open_checkpoint
from ledger.core.encoding import Hash
from ledger.core.errors import InvalidInput, Locked, StoreDamaged, VerificationFailed, WrongLog
from ledger.core.merkle import EMPTY_ROOT, fold, range_nodes, tree_root
from ledger.core.note import ED25519, VKey
from ledger.core.tlogtiles import (
    CHECKPOINT,
    ENTRIES,
    HEIGHT,
    WIDTH,
    Leaves,
    Tile,
    decode_entries,
    decode_hashes,
    encode_entries,
    encode_hashes,
    partial_tiles,
    place_of,
)
from ledger.host import files
from ledger.tiles.source import FolderSource, fetch_checkpoint, require_tile

THREADS: Final = 16
"""Files made durable at a time: the disk takes several together in the time of one."""
AHEAD: Final = 32
"""Files that may wait for the disk."""


class Writer:
    """One log's folder, growing; made by ``open_writer``, for one thread."""

    def __init__(self, folder: Path, log: VKey, origin: str, pool: ThreadPoolExecutor) -> None:
        self.folder, self._log, self._origin, self._pool = folder, log, origin, pool
        self.size = 0
        self._edge: list[list[Hash]] = [[]]
        self._entries: list[bytes] = []
        self._writes: deque[Future[None]] = deque()
        self._changed: set[Path] = set()
        self.published: SignedCheckpoint | None = None
        note = fetch_checkpoint(FolderSource(folder))
        if note is not None:
            self._load(note)

    def _load(self, note: bytes) -> None:
        """Go on where the checkpoint ``note`` stands; raise StoreDamaged if the tiles do not lead to it."""
        try:
            signed = open_checkpoint(note, self._log, self._origin)
        except (InvalidInput, VerificationFailed) as error:
            raise WrongLog(f"{self.folder}: holds another log, or is damaged ({error})") from None
        self.size = signed.checkpoint.size
        try:
            for tile in partial_tiles(self.size):
                self._load_tile(tile, require_tile(self.folder, tile))
        except InvalidInput as error:
            raise StoreDamaged(f"{self.folder}: {error}") from None
        if self.root() != signed.checkpoint.root or Leaves.of(self._entries).hashes != tuple(self._edge[0]):
            raise StoreDamaged(f"{self.folder}: its tiles do not lead to its checkpoint")
        self.published = signed

    def _load_tile(self, tile: Tile, data: bytes) -> None:
        if tile.level == ENTRIES:
            self._entries += decode_entries(data, tile.width)
        else:
            self._at(tile.level).extend(decode_hashes(data, tile.width))

    def _at(self, level: int) -> list[Hash]:
        """Return the hashes of the tile at ``level`` that is not full."""
        while level >= len(self._edge):
            self._edge.append([])
        return self._edge[level]

    def root(self) -> Hash:
        """Return the root over what was appended."""
        hashes = []
        for node in range_nodes(0, self.size):
            level, _, where = place_of(node)
            hashes.append(tree_root(self._edge[level][where]))
        return fold(hashes) if hashes else EMPTY_ROOT

    def append(self, leaves: Leaves) -> None:
        """Take entries in; what is full is written, and nobody is told of it before ``publish``.

        Raises:
            StoreDamaged: other bytes than these are already in a file.
            OSError: the disk refuses; this writer takes nothing more.
        """
        begin = 0
        while begin < len(leaves):
            part = leaves.cut(begin, begin + WIDTH - len(self._entries))
            begin += len(part)
            number = self.size // WIDTH
            self.size += len(part)
            self._entries += part.entries
            if len(self._entries) == WIDTH:
                self._put(Tile(ENTRIES, number), encode_entries(self._entries))
                self._entries.clear()
            self._grow(0, part.hashes)

    def _grow(self, level: int, hashes: tuple[Hash, ...]) -> None:
        held = self._at(level)
        held += hashes
        if len(held) == WIDTH:
            self._put(Tile(level, (self.size >> HEIGHT * (level + 1)) - 1), encode_hashes(held))
            root = tree_root(held)
            held.clear()
            self._grow(level + 1, (root,))

    def publish(self, note: bytes) -> SignedCheckpoint:
        """Write the partial tiles, wait until all is durable, then put the checkpoint ``note`` in place.

        Raises:
            VerificationFailed, InvalidInput: it is not this log's, or of another tree than was appended.
            StoreDamaged, OSError: see ``append``.
        """
        signed = open_checkpoint(note, self._log, self._origin)
        if (signed.checkpoint.size, signed.checkpoint.root) != (self.size, self.root()):
            raise VerificationFailed("checkpoint: of another size or root than the entries give")
        if self.published == signed:
            return signed
        for tile in partial_tiles(self.size):
            level = tile.level
            data = encode_entries(self._entries) if level == ENTRIES else encode_hashes(self._edge[level])
            self._put(tile, data)
        self._settle(0)
        self._sync()
        self._drop_partial()
        files.put(self.folder / CHECKPOINT, note)
        files.sync(self.folder)
        self.published = signed
        return signed

    def _drop_partial(self) -> None:
        """Remove the partial tiles whose full tile is there: readers fall back to it."""
        for tile in partial_tiles(self.published.checkpoint.size if self.published else 0):
            if (tile.number + 1) << HEIGHT * (max(tile.level, 0) + 1) <= self.size:
                whole = self.folder / tile.whole.path
                files.remove(whole.with_name(whole.name + ".p"))

    def _put(self, tile: Tile, data: bytes) -> None:
        self._settle(AHEAD)
        path = self.folder / tile.path
        self._changed.add(path.parent)
        self._writes.append(self._pool.submit(_write_once, path, data))

    def _settle(self, left: int) -> None:
        """Wait until at most ``left`` writes are under way; one that failed stays and fails whatever follows."""
        while len(self._writes) > left:
            self._writes[0].result()
            self._writes.popleft()

    def _sync(self) -> None:
        """Make durable what the directories hold that files or directories were added to."""
        within = len(self.folder.parts)
        changed = {parent for path in self._changed for parent in (path, *path.parents) if len(parent.parts) >= within}
        list(self._pool.map(files.sync, changed))
        self._changed.clear()


def _write_once(path: Path, data: bytes) -> None:
    """Write a file that never changes; raise StoreDamaged if it is there with other bytes."""
    if path.exists():
        if path.read_bytes() != data:
            raise StoreDamaged(f"{path}: holds other bytes than the log's; the folder is another log's, or damaged")
        return
    try:
        files.put(path, data)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.put(path, data)


@contextmanager
def open_writer(folder: Path, log: VKey, origin: str | None = None) -> Iterator[Writer]:
    """Yield the writer of ``folder``, made if it is missing, for the log of ``origin``, by default the key's name.

    Raises:
        InvalidInput: the key is no log's.
        Locked: another writer has it.
        WrongLog: it holds another log.
        StoreDamaged: its tiles do not lead to its checkpoint.
    """
    if log.algorithm != ED25519:
        raise InvalidInput("log key", f"must be of key type {ED25519:02x}")
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        files.sync(folder.absolute().parent)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Locked(f"{folder}: another process writes there") from None
        with ThreadPoolExecutor(THREADS, thread_name_prefix="tiles") as pool:
            yield Writer(folder, log, log.name if origin is None else origin, pool)
    finally:
        os.close(descriptor)
