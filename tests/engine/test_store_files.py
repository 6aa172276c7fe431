"""A store opens from whole files of its own format, for one process, and never gives other bytes than were written."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.core.errors import Locked, StoreDamaged
from ledger.engine import schema
from ledger.engine.store import WRITE_BUFFER, Store


@pytest.mark.parametrize(
    ("name", "create", "message"),
    [
        pytest.param("none", False, "no store is there; ledgerctl init makes one", id="nothing is there"),
        pytest.param("file", False, "no store is there", id="it is a file"),
        pytest.param("empty", False, "LevelDB cannot open it; restore it from a backup", id="it is an empty directory"),
        pytest.param("locks", False, "LevelDB cannot open it", id="it is empty and its name speaks of locks"),
        pytest.param("empty", True, "is there already; nothing was changed", id="a directory is there already"),
        pytest.param("store", True, "is there already; nothing was changed", id="a store is there already"),
    ],
)
def test_a_path_that_does_not_fit_is_refused(tmp_path: Path, name: str, create: bool, message: str) -> None:
    """Opening says what is wrong with the path and leaves it as it is."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "locks").mkdir()
    (tmp_path / "file").write_text("")
    Store.open(tmp_path / "store", create=True).close()
    with pytest.raises(StoreDamaged, match=message):
        Store.open(tmp_path / name, create=create)


def test_another_format_is_refused(tmp_path: Path) -> None:
    """A store of another format version is not opened, and not kept locked."""
    store = Store.open(tmp_path / "store", create=True)
    store.write([(schema.meta_key("format"), b"2")])
    store.close()
    for _ in range(2):
        with pytest.raises(StoreDamaged, match="of another format than this release reads"):
            Store.open(tmp_path / "store")


HOLDER = """
import sys
from pathlib import Path
from ledger.engine.store import Store
store = Store.open(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
"""


def test_a_store_belongs_to_one_process(tmp_path: Path) -> None:
    """While another process has it open it is Locked; once that is gone it opens."""
    path = tmp_path / "store"
    Store.open(path, create=True).close()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(Locked, match="another process has the store open; stop it first"):
            Store.open(path)
        holder.communicate()
    Store.open(path).close()


def tabled(path: Path) -> Path:
    """Create a store of ten entries at ``path`` and return the table file that holds them."""
    store = Store.open(path, create=True)
    store.write([(schema.entry_key(index), os.urandom(9000)) for index in range(10)])
    store.close()
    Store.open(path).close()  # moves what the journal holds into a table
    (table,) = path.glob("*.ldb")
    return table


def test_a_rotten_file_never_gives_other_bytes(tmp_path: Path) -> None:
    """A flipped bit in a table file raises StoreDamaged however the row is read; the other rows stay readable."""
    table = tabled(tmp_path / "store")
    data = bytearray(table.read_bytes())
    data[5 * 9100] ^= 1
    table.write_bytes(data)
    store = Store.open(tmp_path / "store")
    damaged = []
    for index in range(10):
        try:
            assert store.get(schema.entry_key(index)) is not None
        except StoreDamaged:
            damaged.append(index)
    assert len(damaged) == 1
    key = schema.entry_key(damaged[0])
    with pytest.raises(StoreDamaged, match="LevelDB reports damaged files; run ledgerctl fsck"):
        list(store.range(schema.ENTRIES, schema.after(schema.ENTRIES)))
    with pytest.raises(StoreDamaged, match="LevelDB reports damaged files"):
        store.last_before(schema.ENTRIES, key)
    store.close()


def test_a_file_that_cannot_be_written_is_a_matter_of_the_disk(tmp_path: Path) -> None:
    """A directory that is gone raises StoreDamaged that points at the disk once a new file is needed."""
    store = Store.open(tmp_path / "store", create=True)
    shutil.rmtree(tmp_path / "store")
    store.write([(b"ea", bytes(WRITE_BUFFER))])
    with pytest.raises(StoreDamaged, match=r"files \(No such file or directory\); see to the disk, then restart"):
        store.write([(b"eb", b"")])
    store.close()
