"""LevelDB behind a small face: ordered keys, one atomic synced batch, reads. The only module that imports plyvel.

plyvel's batches are not thread-safe and a close() during use can crash, so one thread writes, and close() waits for
reads under way and refuses later ones.
"""

import errno
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

import plyvel

from ledger.core.errors import LedgerError, Locked, StoreDamaged, Unavailable
from ledger.engine import schema

WRITE_BUFFER: Final = 16 * 1024 * 1024
CACHE: Final = 32 * 1024 * 1024
OPEN_FILES: Final = 64
"""Tables that are open, and mapped into memory, at a time: a log of a million entries has hundreds."""
PAGE: Final = 512
"""Rows that a range reads before it lets a close() in."""
FILLER: Final = bytes(64)
"""What a row that is destroyed is overwritten with."""
_HELD: Final = (os.strerror(errno.EAGAIN), os.strerror(errno.EACCES), "already held by process")
"""How LevelDB says that the lock is another's."""
_CUT: Final = os.strerror(errno.EINVAL)
"""What LevelDB says of a table that ends too early."""
_MISSING: Final = os.strerror(errno.ENOENT)


class Store:
    """An open store; made by ``Store.open``."""

    def __init__(self, database: Any, path: Path) -> None:
        self.path = path
        self._database = database
        self._condition = threading.Condition()
        self._readers = 0
        self._closed = False

    @classmethod
    def open(cls, path: Path, create: bool = False) -> "Store":
        """Open the store at ``path``.

        Raises:
            Locked: another process has it open.
            StoreDamaged: it is missing, unreadable, of another format, or (with ``create``) already there.
        """
        if create and path.exists():
            raise StoreDamaged(f"{path}: is there already; nothing was changed")
        if not create and not path.is_dir():
            raise StoreDamaged(f"{path}: no store is there; ledgerctl init makes one")
        try:
            database = plyvel.DB(
                str(path),
                create_if_missing=create,
                write_buffer_size=WRITE_BUFFER,
                lru_cache_size=CACHE,
                bloom_filter_bits=10,
                max_open_files=OPEN_FILES,
                compression=None,  # hashes and ciphertext: it only costs time
                paranoid_checks=True,
            )
        except plyvel.Error as error:
            raise _not_opened(path, error) from None
        store = cls(database, path)
        try:
            if create:
                store.write([(schema.meta_key("format"), schema.FORMAT)])
            elif store.get(schema.meta_key("format")) != schema.FORMAT:
                raise StoreDamaged(f"{path}: of another format than this release reads")
        except LedgerError:
            store.close()
            raise
        return store

    @contextmanager
    def _reading(self) -> Iterator[Any]:
        with self._condition:
            if self._closed:
                raise Unavailable("the store is closed")
            self._readers += 1
        try:
            yield self._database
        except plyvel.Error as error:
            if isinstance(error, plyvel.CorruptionError) or _reason(error) == _CUT:
                raise StoreDamaged("LevelDB reports damaged files; run ledgerctl fsck") from None
            raise StoreDamaged(
                f"LevelDB cannot read or write its files ({_reason(error)}); see to the disk, then restart"
            ) from None
        finally:
            with self._condition:
                self._readers -= 1
                self._condition.notify_all()

    def get(self, key: bytes) -> bytes | None:
        """Return the value under ``key``, or None."""
        with self._reading() as database:
            value: bytes | None = database.get(key, verify_checksums=True)
            return value

    def require(self, key: bytes) -> bytes:
        """Return the value under ``key``; raise StoreDamaged, naming what it would be, if there is none."""
        value = self.get(key)
        if value is None:
            raise StoreDamaged(f"{schema.KINDS.get(key[:1], 'row')}: missing; run ledgerctl fsck")
        return value

    def range(self, begin: bytes, end: bytes | None) -> Iterator[tuple[bytes, bytes]]:
        """Yield rows of [begin, end) in key order; all from ``begin`` on for an ``end`` of None."""
        start, inclusive = begin, True
        while True:
            with (
                self._reading() as database,
                database.iterator(start=start, stop=end, include_start=inclusive, verify_checksums=True) as iterator,
            ):
                page: list[tuple[bytes, bytes]] = list(islice(iterator, PAGE))
            yield from page
            if len(page) < PAGE:
                return
            start, inclusive = page[-1][0], False

    def last_before(self, begin: bytes, key: bytes) -> tuple[bytes, bytes] | None:
        """Return the last row of [begin, key], or None."""
        # Without a start: a reverse iterator of plyvel's that has one loses the row that stands right at it.
        with (
            self._reading() as database,
            database.iterator(stop=key + b"\x00", reverse=True, verify_checksums=True) as iterator,
        ):
            row: tuple[bytes, bytes] | None = next(iterator, None)
        return row if row is not None and row[0] >= begin else None

    def write(self, puts: Sequence[tuple[bytes, bytes]], deletes: Sequence[bytes] = ()) -> None:
        """Write all rows or none, durable when it returns; what a failure left is for recovery to find out."""
        with self._reading() as database, database.write_batch(transaction=True, sync=True) as batch:
            for key, value in puts:
                batch.put(key, value)
            for key in deletes:
                batch.delete(key)

    def destroy(self, keys: Sequence[bytes]) -> None:
        """Overwrite and delete rows, and rewrite the files that hold them; a reader may keep such a file for a while.

        Overwritten, since a row that was put and deleted before it ever reached a table is written to one with both.
        """
        self.write([(key, FILLER) for key in keys])
        self.write([], keys)
        with self._reading() as database:
            for key in keys:
                database.compact_range(start=key, stop=key + b"\x00")

    def close(self) -> None:
        """Close after the reads under way; later ones raise Unavailable."""
        with self._condition:
            self._closed = True
            self._condition.wait_for(lambda: self._readers == 0)
        self._database.close()


def _not_opened(path: Path, error: plyvel.Error) -> LedgerError:
    """Return what keeps the store shut: another process, the disk or its permissions, or damage."""
    reason = _reason(error)
    if "IO error: lock " in str(error) and reason in _HELD:
        return Locked(f"{path}: another process has the store open; stop it first")
    if isinstance(error, plyvel.IOError) and reason not in (_CUT, _MISSING):
        return StoreDamaged(f"{path}: LevelDB cannot open it ({reason}); see to disk and permissions, then start again")
    return StoreDamaged(f"{path}: LevelDB cannot open it; restore it from a backup")


def _reason(error: plyvel.Error) -> str:
    """Return the end of LevelDB's message, which is the system's word where the system refused."""
    return str(error).rpartition(": ")[2].rstrip("'\"")
