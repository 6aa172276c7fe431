"""A log whose files do not hold changes nothing in the copy: the file is named, and the checkpoint kept."""

from pathlib import Path

import pytest

from ledger.core.errors import StoreDamaged, Unavailable
from ledger.tiles.history import EVIDENCE
from ledger.tiles.mirror import mirror
from tests.tiles.logs import LOG, Log, files_in
from tests.tiles.refusing import FILES, HELD, NEEDED, NEW, evidence, refused
from tests.tiles.sources import Memory

CHANGES = {
    "its first bit flipped": lambda data: bytes((data[0] ^ 0x80,)) + data[1:],
    "its last bit flipped": lambda data: data[:-1] + bytes((data[-1] ^ 1,)),
    "a byte cut off": lambda data: data[:-1],
    "a hash cut off": lambda data: data[:-32],
    "nothing left": lambda _: b"",
    "a byte added": lambda data: data + b"\0",
    "more than a tile has": lambda data: data + bytes(20_000_000),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("path", NEEDED)
def test_a_changed_file_is_refused(path: str, change: object, tmp_path: Path) -> None:
    """Edited, cut or lengthened, no tile and no bundle is taken over; the words name it, and the checkpoint is kept."""
    assert callable(change)
    folder = LOG.write(tmp_path / "mirror", HELD)
    words = refused(Memory({**FILES, path: change(FILES[path])}), folder)
    assert path in words
    assert words.count(EVIDENCE) == 1
    assert {name: size for name, (size, _) in evidence(folder).items()} == {"seen": HELD, "served": NEW}
    mirror(Memory(FILES), folder, LOG.vkey)


@pytest.mark.parametrize("path", NEEDED)
def test_a_missing_file_proves_nothing(path: str, tmp_path: Path) -> None:
    """A file that the checkpoint promises and the server lacks is named, which is no evidence; the next run goes on."""
    folder = LOG.write(tmp_path / "mirror", HELD)
    words = refused(Memory({name: data for name, data in FILES.items() if name != path}), folder, Unavailable)
    assert words == f"{path}: missing, though the checkpoint covers it"
    assert not folder.with_name("mirror" + EVIDENCE).exists()
    mirror(Memory(FILES), folder, LOG.vkey)


def test_an_edited_full_tile_above_the_lowest_is_refused(tmp_path: Path) -> None:
    """A full tile of a middle level that is not the root's is named."""
    folder = LOG.write(tmp_path / "log", 65_537)
    files = files_in(folder)
    files["tile/1/000"] = bytes(32) + files["tile/1/000"][32:]
    words = refused(Memory(files), tmp_path / "mirror")
    assert words.startswith("tile/1/000: its hashes are not those of the tree; kept in ")


def test_a_tile_and_its_entries_edited_alike_are_refused(tmp_path: Path) -> None:
    """Entries that fit a tile which does not fit the tree are not taken over."""
    other = Log(b"other").files(NEW)
    edited = {path: other[path] for path in ("tile/0/001", "tile/entries/001")}
    words = refused(Memory({**FILES, **edited}), LOG.write(tmp_path / "mirror", HELD))
    assert words.startswith("tile/0/001: its hashes are not those of the tree; kept in ")


@pytest.mark.parametrize("change", list(CHANGES.values())[:3], ids=list(CHANGES)[:3])
def test_damage_to_what_an_interrupted_run_left_is_ours(change: object, tmp_path: Path) -> None:
    """A bundle of our own that does not fit the tree is not blamed on the log: its file is named."""
    assert callable(change)
    folder = LOG.write(tmp_path / "mirror", HELD)
    left = folder / "tile/entries/001"
    left.write_bytes(change(FILES["tile/entries/001"]))
    with pytest.raises(StoreDamaged, match=f"^{left}: holds other bytes than the log's"):
        mirror(Memory(FILES), folder, LOG.vkey)
    assert not folder.with_name("mirror" + EVIDENCE).exists()
