"""A recorder's durable state: its head, the one signed batch that waits for an answer, and what waits to be signed.

SQLite, one writer, locked for as long as it is open. The batch is stored with its keys and shreds before it is sent, so
it is encrypted under a key derived from the source's own; it is deleted once answered. What waits is a table of its own
(``ledger.client.waiting``), so that it is signed, answered or refused in the transaction that says so of the batch.
"""

import fcntl
import hashlib
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt, crypto_aead_xchacha20poly1305_ietf_encrypt
from nacl.exceptions import CryptoError

from ledger.client.book import decode_book, encode_book
from ledger.client.releases import SCHEMA, Mark, Note, Releases, Stage
from ledger.client.waiting import DAMAGE, WAITING, WaitingRoom
from ledger.core.closings import Book
from ledger.core.encoding import ZERO_HASH, Hash, check_hash, label
from ledger.core.errors import InvalidInput, Locked, NotStored, StoreDamaged

CHECKPOINT: Final = 1000
"""Pages of SQLite's write-ahead log from which on storing a batch moves them into the database, which syncs twice."""

_FORMAT: Final = 1
_NONCE: Final = 24
_LABEL: Final = label("journal")
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS state (
  id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL, log_id BLOB NOT NULL, source_id TEXT NOT NULL,
  next_sequence INTEGER NOT NULL, previous BLOB NOT NULL, recorded_at INTEGER NOT NULL,
  size INTEGER NOT NULL, root BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS pending (first_sequence INTEGER PRIMARY KEY, request BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS book (id INTEGER PRIMARY KEY CHECK (id = 1), book TEXT NOT NULL) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Position:
    """Where the recorder stands: its chain's head, and the last tree it verified (``size`` 0 for none).

    ``book`` counts what the chain holds up to here; None until that was read from the log.
    """

    next_sequence: int = 0
    previous: Hash = ZERO_HASH
    recorded_at: int = 0
    size: int = 0
    root: Hash = ZERO_HASH
    book: Book | None = None


class Journal:
    """The state of one source in one log.

    Raises:
        Locked: another process has it open.
        StoreDamaged: no journal, a damaged one, of another format, or another log's or source's.
    """

    def __init__(self, directory: Path, log_id: Hash, source_id: str, seed: bytes) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise Locked(f"{directory}: another process records for this source; stop it first") from None
        self._key = _key(seed)
        self._log_id, self._source_id = log_id, source_id
        self._writes = threading.Lock()
        path = directory / "journal.sqlite"
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._releases = Releases(self._db, self._key)
            self.waiting = WaitingRoom(self._db, self._key, self._writing)
            try:
                self._prepare(path)
                self.position = self._load()
            except BaseException:
                self._db.close()
                raise
        except DAMAGE as error:
            os.close(self._lock)
            raise StoreDamaged(f"{path}: not a recorder's journal that can be read ({error})") from None
        except BaseException:
            os.close(self._lock)
            raise

    def _prepare(self, path: Path) -> None:
        path.chmod(0o600)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._sync("FULL", CHECKPOINT)
        self._db.execute("PRAGMA secure_delete=ON")
        self._db.executescript(_SCHEMA + SCHEMA + WAITING)

    def _sync(self, how: str, checkpoint: int) -> None:
        """Set what a transaction waits for; ``checkpoint`` 0 leaves the write-ahead log to a later one."""
        self._db.execute(f"PRAGMA synchronous={how}")
        self._db.execute(f"PRAGMA wal_autocheckpoint={checkpoint}")

    def _load(self) -> Position:
        row = self._db.execute(
            "SELECT format, log_id, source_id, next_sequence, previous, recorded_at, size, root FROM state"
        ).fetchone()
        if row is None:
            self._save(Position())
            return Position()
        if row[0] != _FORMAT:
            raise StoreDamaged("journal: of another format than this release writes")
        if (row[1], row[2]) != (self._log_id, self._source_id):
            raise StoreDamaged("journal: belongs to another log or source; give it a directory of its own")
        kept = self._db.execute("SELECT book FROM book").fetchone()
        return replace(_head(*row[3:]), book=decode_book(kept[0]) if kept else None)

    def _save(self, position: Position) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO state VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                _FORMAT,
                self._log_id,
                self._source_id,
                position.next_sequence,
                position.previous,
                position.recorded_at,
                position.size,
                position.root,
            ),
        )
        if position.book is not None:
            self._db.execute("INSERT OR REPLACE INTO book VALUES (1, ?)", (encode_book(position.book),))

    def pending(self) -> bytes | None:
        """Return the batch that waits for an answer, or None; raise StoreDamaged unless it decrypts."""
        try:
            row = self._db.execute("SELECT first_sequence, request FROM pending").fetchone()
            if row is None:
                return None
            sequence, sealed = row
            return crypto_aead_xchacha20poly1305_ietf_decrypt(
                sealed[_NONCE:], str(sequence).encode(), sealed[:_NONCE], self._key
            )
        except DAMAGE as error:
            raise StoreDamaged(f"journal: the pending batch cannot be read ({error})") from None
        except (CryptoError, ValueError, TypeError):
            raise StoreDamaged(
                "journal: the pending batch does not decrypt with this key; open it with the key that signed it"
            ) from None

    def store(
        self,
        first_sequence: int,
        request: bytes,
        marks: Mapping[int, tuple[Hash, Mark]] | None = None,
        numbers: Sequence[int] = (),
    ) -> None:
        """Store a signed batch durably, before it is sent; raise Unavailable if that fails, and nothing is stored.

        ``marks`` gives, by sequence, the leaf hash of each statement that begins or ends a release, and which;
        ``numbers`` are those under which its statements waited, in order, where they did.
        """
        nonce = os.urandom(_NONCE)
        sealed = nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(
            request, str(first_sequence).encode(), nonce, self._key
        )
        with self._writing():
            self._db.execute("INSERT INTO pending VALUES (?, ?)", (first_sequence, sealed))
            for sequence, (leaf_hash, mark) in (marks or {}).items():
                self._releases.note(sequence, leaf_hash, mark)
            self.waiting.sign(first_sequence, numbers)

    def settle(self, position: Position) -> None:
        """Delete the answered batch and advance, waiting for no disk; after a crash the same bytes are resent.

        Raises:
            Unavailable: that failed, and the batch is still there.
        """
        with self._writing(durable=False):
            self._advance(position)
        self.position = position

    def discard(self) -> None:
        """Delete a refused batch durably: resent after a loss of power it might be taken, which nobody expects.

        Raises:
            Unavailable: that failed, and the batch is still there.
        """
        with self._writing():
            self._advance(self.position)

    def _advance(self, position: Position) -> None:
        self._db.execute("DELETE FROM pending")
        self._save(position)
        self._releases.settle(position.next_sequence)
        self.waiting.settle(position.next_sequence)

    def releases(self) -> list[Note]:
        """Return the releases whose end nobody logged, oldest first; raise StoreDamaged where they cannot be read."""
        try:
            return self._releases.left()
        except (sqlite3.Error, ValueError, TypeError, InvalidInput) as error:
            raise StoreDamaged(f"journal: the notes of releases cannot be read ({error})") from None

    def reach(self, sequence: int, stage: Stage) -> None:
        """Note durably how far a release came; raise Unavailable if that fails."""
        with self._writing():
            self._releases.reach(sequence, stage)

    def forget(self, sequence: int) -> None:
        """Delete the note of a release whose end the log refuses for good; raise Unavailable if that fails."""
        with self._writing():
            self._releases.forget(sequence)

    def adopt(self, seed: bytes) -> int:
        """Seal anew what was put off under the source's earlier key, and return how many there were.

        Raises:
            StoreDamaged: it opens neither under that key nor under the present one.
            Unavailable: it cannot be written.
        """
        return self.waiting.reseal(_key(seed))

    @contextmanager
    def _writing(self, durable: bool = True) -> Iterator[None]:
        """Run a transaction, one at a time whichever thread asks; it waits for the disk where it is ``durable``."""
        with self._writes:
            try:
                if not durable:
                    self._sync("NORMAL", 0)
                self._db.execute("BEGIN")
                yield
                self._db.execute("COMMIT")
                if not durable:
                    self._sync("FULL", CHECKPOINT)
            except BaseException as error:
                self._undo()
                if isinstance(error, DAMAGE):
                    raise NotStored(f"journal: cannot be written ({error})") from None
                raise

    def _undo(self) -> None:
        """Leave no transaction open, into which a later one would be written and lost."""
        with suppress(sqlite3.Error):
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            self._sync("FULL", CHECKPOINT)

    def close(self) -> None:
        """Close and unlock."""
        self._db.close()
        os.close(self._lock)


def _head(next_sequence: object, previous: object, recorded_at: object, size: object, root: object) -> Position:
    """Return what a row says; a damaged page keeps no rule of its table, so that anything may stand in it."""
    match next_sequence, previous, recorded_at, size, root:
        case int(), bytes(), int(), int(), bytes() if min(next_sequence, recorded_at, size) >= 0:
            with suppress(InvalidInput):
                hashes = check_hash(previous, "previous"), check_hash(root, "root")
                return Position(next_sequence, hashes[0], recorded_at, size, hashes[1])
    raise StoreDamaged("journal: its head cannot be read")


def _key(seed: bytes) -> bytes:
    return hashlib.blake2b(_LABEL, key=seed, digest_size=32).digest()
