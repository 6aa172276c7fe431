"""A journal is one source's in one log, one process's at a time, and says so when it is not."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.client import journal as journals
from ledger.client.journal import Journal, Position
from ledger.client.releases import Opens, Releases
from ledger.core.encoding import Hash
from ledger.core.errors import Locked, NotStored, StoreDamaged, Unavailable

LOG, OTHER = Hash(b"\x01" * 32), Hash(b"\x02" * 32)
SEED = b"\x03" * 32
POSITION = Position(7, Hash(b"\x04" * 32), 29_400_000, 12, Hash(b"\x05" * 32))


def opened(directory: Path, log_id: Hash = LOG, source_id: str = "alpha", seed: bytes = SEED) -> Journal:
    """Open a journal in ``directory``."""
    return Journal(directory, log_id, source_id, seed)


def test_a_new_journal_stands_at_the_beginning(tmp_path: Path) -> None:
    """Nothing is used, nothing is pending, nothing is known."""
    journal = opened(tmp_path)
    assert (journal.position, journal.pending()) == (Position(), None)
    journal.close()


def test_a_stored_batch_and_a_settled_position_outlast_the_process(tmp_path: Path) -> None:
    """Each opening finds what the one before left."""
    for step in ("store", "settle", "discard"):
        journal = opened(tmp_path)
        if step == "store":
            journal.store(3, b"the request")
        elif step == "settle":
            assert journal.pending() == b"the request"
            journal.settle(POSITION)
        else:
            assert (journal.position, journal.pending()) == (POSITION, None)
            journal.store(7, b"another")
            journal.discard()
        journal.close()
    journal = opened(tmp_path)
    assert (journal.position, journal.pending()) == (POSITION, None)
    journal.close()


def test_only_one_batch_waits(tmp_path: Path) -> None:
    """A second batch at the same sequence is refused, and the first one stays."""
    journal = opened(tmp_path)
    journal.store(0, b"first")
    with pytest.raises(Unavailable, match=r"^journal: cannot be written "):
        journal.store(0, b"second")
    assert journal.pending() == b"first"
    journal.close()


def test_settling_waits_for_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is settled stays in the write-ahead log, also a full one; the next batch stored moves it to the database."""
    monkeypatch.setattr(journals, "CHECKPOINT", 1)
    journal, database = opened(tmp_path), tmp_path / "journal.sqlite"
    for sequence in (0, 7):
        journal.store(sequence, b"the request")
        stored = database.read_bytes()
        journal.settle(Position(sequence + 7))
        assert database.read_bytes() == stored
    assert b"alpha" in stored
    journal.store(14, b"the request")
    assert database.read_bytes() != stored
    journal.close()


def test_files_are_the_owners_alone(tmp_path: Path) -> None:
    """Directory, database, its log and the lock are closed to others."""
    journal = opened(tmp_path / "state" / "deep")
    journal.store(0, b"request")
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "state" / "deep").iterdir()}
    assert set(modes) >= {"lock", "journal.sqlite", "journal.sqlite-wal"}
    assert set(modes.values()) == {0o600}
    assert (tmp_path / "state" / "deep").stat().st_mode & 0o777 == 0o700
    journal.close()


def test_a_second_opening_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    """In one process too there is one writer, and a failed opening keeps no lock."""
    journal = opened(tmp_path)
    with pytest.raises(Locked, match=r"another process records for this source; stop it first$"):
        opened(tmp_path)
    journal.close()
    with pytest.raises(StoreDamaged):
        opened(tmp_path, OTHER)
    opened(tmp_path).close()


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    """The lock holds between processes, and ends with the process that holds it."""
    program = (
        "import sys; from pathlib import Path; from ledger.client.journal import Journal\n"
        f"Journal(Path(sys.argv[1]), {LOG!r}, 'alpha', {SEED!r})\n"
    )
    journal = opened(tmp_path)
    refused = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "Locked" in refused.stderr
    journal.close()
    subprocess.run([sys.executable, "-c", program, tmp_path], check=True)
    opened(tmp_path).close()


@pytest.mark.parametrize(
    ("log_id", "source_id"), [(OTHER, "alpha"), (LOG, "beta")], ids=["another log", "another source"]
)
def test_anothers_journal_is_refused(tmp_path: Path, log_id: Hash, source_id: str) -> None:
    """A directory serves one source of one log."""
    opened(tmp_path).close()
    with pytest.raises(StoreDamaged, match=r"^journal: belongs to another log or source"):
        opened(tmp_path, log_id, source_id)


def test_another_key_does_not_open_the_pending_batch(tmp_path: Path) -> None:
    """The batch waits for the key that signed it, and stays."""
    journal = opened(tmp_path)
    journal.store(0, b"request")
    journal.close()
    other = opened(tmp_path, seed=bytes(32))
    with pytest.raises(StoreDamaged, match=r"^journal: the pending batch does not decrypt with this key"):
        other.pending()
    other.close()
    again = opened(tmp_path)
    assert again.pending() == b"request"
    again.close()


CHANGES = {
    "the nonce": "UPDATE pending SET request = CAST(iif(substr(request, 1, 1) = x'00', x'01', x'00') ||"
    " substr(request, 2) AS BLOB)",
    "its length": "UPDATE pending SET request = substr(request, 1, 20)",
    "the sequence": "UPDATE pending SET first_sequence = 4",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_pending_batch_is_refused(tmp_path: Path, change: str) -> None:
    """What is resent is what was stored, or nothing."""
    journal = opened(tmp_path)
    journal.store(3, b"request")
    journal._db.execute(change)
    with pytest.raises(StoreDamaged, match=r"does not decrypt"):
        journal.pending()
    journal.close()


def test_another_format_is_refused(tmp_path: Path) -> None:
    """A journal that a later release wrote is not read."""
    journal = opened(tmp_path)
    journal._db.execute("UPDATE state SET format = 2")
    journal.close()
    with pytest.raises(StoreDamaged, match=r"^journal: of another format than this release writes$"):
        opened(tmp_path)


@pytest.mark.parametrize(
    "content", [b"no database", b"SQLite format 3\x00" + bytes(4096)], ids=["text", "a broken head"]
)
def test_no_journal_is_refused(tmp_path: Path, content: bytes) -> None:
    """A file that is no database is refused, left as it was, and keeps no lock."""
    (tmp_path / "journal.sqlite").write_bytes(content)
    for _ in range(2):
        with pytest.raises(StoreDamaged, match=r"journal.sqlite: not a recorder's journal that can be read \("):
            opened(tmp_path)
    assert (tmp_path / "journal.sqlite").read_bytes() == content


def test_a_database_of_other_tables_is_refused(tmp_path: Path) -> None:
    """Tables of the same name with other columns are not taken for a journal."""
    database = sqlite3.connect(tmp_path / "journal.sqlite")
    database.execute("CREATE TABLE state (id INTEGER PRIMARY KEY)")
    database.close()
    with pytest.raises(StoreDamaged, match=r"not a recorder's journal that can be read"):
        opened(tmp_path)


def test_a_schema_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """What SQLite says of it has bytes of the file in it, whatever they are."""
    journal = opened(tmp_path)
    journal._db.execute("PRAGMA journal_mode=DELETE")
    journal.close()
    database = tmp_path / "journal.sqlite"
    content = database.read_bytes()
    assert b"CREATE INDEX" in content
    database.write_bytes(content.replace(b"CREATE INDEX", b"CREATE INDE\xbd"))
    with pytest.raises(StoreDamaged, match=r"not a recorder's journal that can be read"):
        opened(tmp_path)


def test_a_pending_batch_on_a_damaged_page_is_refused(tmp_path: Path) -> None:
    """Damage that shows only when the batch is read is told as damage."""
    journal = opened(tmp_path)
    journal._db.execute("DROP TABLE pending")
    with pytest.raises(StoreDamaged, match=r"^journal: the pending batch cannot be read \("):
        journal.pending()
    journal.close()


def unruled(journal: Journal, table: str, column: str, cell: object) -> None:
    """Put any cell into a column, as a damaged page does, which keeps no rule of its table."""
    journal._db.execute(f"ALTER TABLE {table} RENAME TO whole")
    journal._db.execute(f"CREATE TABLE {table} AS SELECT * FROM whole")  # noqa: S608 -- one of our tables
    journal._db.execute(f"UPDATE {table} SET {column} = ?", (cell,))  # noqa: S608 -- one of our tables


@pytest.mark.parametrize("cell", [None, 7, "text", 0.5, b"short"], ids=repr)
@pytest.mark.parametrize("column", ["next_sequence", "previous", "recorded_at", "size", "root"])
def test_a_state_that_no_release_wrote_is_damaged(tmp_path: Path, column: str, cell: object) -> None:
    """Numbers and hashes of the head are such, or the journal is refused before anything follows from them."""
    if (column, cell) in [(name, 7) for name in ("next_sequence", "recorded_at", "size")]:
        cell = -7
    journal = opened(tmp_path)
    unruled(journal, "state", column, cell)
    journal.close()
    with pytest.raises(StoreDamaged, match=r"^journal: its head cannot be read$"):
        opened(tmp_path)


@pytest.mark.parametrize("cell", [None, 7, "text"], ids=repr)
def test_a_pending_batch_that_is_no_bytes_is_refused(tmp_path: Path, cell: object) -> None:
    """It is told as one that does not decrypt."""
    journal = opened(tmp_path)
    journal.store(3, b"request")
    unruled(journal, "pending", "request", cell)
    with pytest.raises(StoreDamaged, match=r"does not decrypt"):
        journal.pending()
    journal.close()


@pytest.mark.parametrize(("column", "cell"), [("leaf_hash", None), ("leaf_hash", b"short"), ("stage", None)], ids=repr)
def test_a_note_that_no_release_wrote_is_damaged(tmp_path: Path, column: str, cell: object) -> None:
    """A release whose DISCLOSURE cannot be named is told, not passed over."""
    journal = opened(tmp_path)
    journal.store(3, b"request", {3: (LOG, Opens(OTHER))})
    unruled(journal, "releases", column, cell)
    with pytest.raises(StoreDamaged, match=r"^journal: the notes of releases cannot be read"):
        journal.releases()
    journal.close()


@pytest.mark.parametrize("error", [MemoryError, sqlite3.OperationalError])
def test_no_transaction_is_left_open_by_an_error(
    tmp_path: Path, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails half way is undone, and what is written after it lasts."""

    def fail(*_: object) -> None:
        raise error

    journal = opened(tmp_path)
    monkeypatch.setattr(Releases, "note", fail)
    with pytest.raises(MemoryError if error is MemoryError else NotStored):
        journal.store(0, b"first", {0: (LOG, Opens(OTHER))})
    monkeypatch.undo()
    assert journal.pending() is None
    journal.store(0, b"second", {0: (LOG, Opens(OTHER))})
    journal.close()
    journal = opened(tmp_path)
    assert (journal.pending(), [note.artifact for note in journal.releases()]) == (b"second", [OTHER])
    journal.close()
