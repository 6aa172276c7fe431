"""A log that contradicts what it showed before changes nothing in the copy, and leaves its evidence."""

import re
from pathlib import Path

import pytest

from ledger.core.checkpoint import open_checkpoint
from ledger.core.errors import StoreDamaged, Unavailable
from ledger.core.note import SigningKey
from ledger.core.split import verify_split
from ledger.tiles.history import EVIDENCE, SEEN
from ledger.tiles.mirror import mirror
from tests.tiles.logs import LOG, ORIGIN, Log, secret
from tests.tiles.refusing import FILES, HELD, LAST, NEW, evidence, refused
from tests.tiles.sources import Memory

FORKS = {
    "a larger tree": (Log(fork=HELD - 1), NEW),
    "a tree as large": (Log(fork=HELD - 1), HELD),
    "a smaller tree": (Log(fork=100), HELD - 1),
    "another tree from the first entry on": (Log(fork=0), NEW),
}


@pytest.mark.parametrize(("fork", "size"), FORKS.values(), ids=FORKS)
def test_a_fork_is_refused_and_both_checkpoints_are_kept(fork: Log, size: int, tmp_path: Path) -> None:
    """A log that signs two histories is refused; beside the mirror stand both checkpoints, and what convicts it."""
    folder = LOG.write(tmp_path / "mirror", HELD)
    words = refused(Memory(fork.files(size)), folder)
    assert re.match(
        rf"checkpoint: the tree of {max(size, HELD)} entries does not extend that of {min(size, HELD)}: "
        rf"the log has two histories; kept in {folder}\.evidence: "
        rf"seen-{HELD}-[0-9a-f]{{16}}.checkpoint, served-{size}-[0-9a-f]{{16}}.checkpoint, [0-9a-f]{{16}}.split$",
        words,
    )
    expected = {"seen": (LOG, HELD), "served": (fork, size)}
    notes = {name: open_checkpoint(log.note(size), LOG.vkey).checkpoint for name, (log, size) in expected.items()}
    assert evidence(folder) == {name: (item.size, item.root) for name, item in notes.items()}
    (split,) = folder.with_name(folder.name + EVIDENCE).glob("*.split")
    proven = verify_split(split.read_bytes())
    assert proven.log == LOG.vkey
    assert sorted(item.size for item in proven.checkpoints) == sorted((HELD, size))


@pytest.mark.parametrize("size", [0, 1, 256, HELD - 1])
def test_a_log_that_goes_back_is_refused(size: int, tmp_path: Path) -> None:
    """An older tree after a newer one is refused, though it is no fork."""
    folder = LOG.write(tmp_path / "mirror", HELD)
    words = refused(Memory(LOG.files(size)), folder)
    assert words.startswith(f"checkpoint: of {size} entries after one of {HELD}: the log went back, or a stale copy")
    assert set(evidence(folder)) == {"seen", "served"}


@pytest.mark.parametrize("held", [0, HELD], ids=["the first run", "a later run"])
def test_what_an_interrupted_run_saw_is_held_against_the_log(held: int, tmp_path: Path) -> None:
    """A checkpoint that was accepted and not yet copied binds the log as one that was."""
    folder = LOG.write(tmp_path / "mirror", *([held] if held else []))
    refused(Memory({path: data for path, data in FILES.items() if path != LAST}), folder, Unavailable)
    assert (folder / SEEN).read_bytes() == LOG.note(NEW)
    assert "does not extend that of 700" in refused(Memory(Log(fork=600).files(800)), folder)
    if held:
        assert "does not extend that of 300" in refused(Memory(Log(fork=100).files(held)), folder)
    for size in (0, 650):
        assert f"of {size} entries after one of 700" in refused(Memory(LOG.files(size)), folder)
    mirror(Memory(LOG.files(1000)), folder, LOG.vkey)
    assert not (folder / SEEN).exists()


UNSIGNED = {
    "another log's signature": Log(key=SigningKey("another.example", secret("another"))).note(NEW),
    "another key's signature": Log(key=SigningKey(ORIGIN, secret("another"))).note(NEW),
    "another origin": Log(origin="log.example/other").note(NEW),
    "a changed size": FILES["checkpoint"].replace(b"\n700\n", b"\n701\n"),
    "a cut note": FILES["checkpoint"][:-9],
    "a page for people": b"<html>Please log in</html>",
    "nothing": b"",
}


@pytest.mark.parametrize("note", UNSIGNED.values(), ids=UNSIGNED)
def test_what_the_log_did_not_sign_is_refused(note: bytes, tmp_path: Path) -> None:
    """A checkpoint without the log's good signature is refused, and is no evidence against the log."""
    folder = LOG.write(tmp_path / "mirror", HELD)
    source = Memory({**FILES, "checkpoint": note})
    refused(source, folder)
    assert source.asked == ["checkpoint"]
    assert not folder.with_name("mirror" + EVIDENCE).exists()


@pytest.mark.parametrize("note", [b"", LOG.note(NEW)[:-1], Log(key=SigningKey(ORIGIN, secret("x"))).note(NEW)], ids=len)
def test_a_damaged_note_of_what_was_seen_is_told(note: bytes, tmp_path: Path) -> None:
    """A file of our own that is no checkpoint of the log is damage, and the run ends there."""
    folder = LOG.write(tmp_path / "mirror", HELD)
    (folder / SEEN).write_bytes(note)
    assert refused(Memory(FILES), folder, StoreDamaged).startswith(f"{folder / SEEN}: ")


def test_damage_of_our_own_is_not_blamed_on_the_log(tmp_path: Path) -> None:
    """Where an older tree cannot be held against the copy because the copy is damaged, that is said, and no more."""
    folder = LOG.write(tmp_path / "mirror", HELD)
    (folder / "tile/0/000").write_bytes(bytes(8192))
    words = refused(Memory(LOG.files(200)), folder, StoreDamaged)
    assert words == f"{folder}: tile/0/000: its hashes are not those of the tree"
    assert not folder.with_name("mirror" + EVIDENCE).exists()


def test_an_older_note_of_what_was_seen_does_not_count(tmp_path: Path) -> None:
    """What is published binds the log, though a note of a smaller tree was left behind."""
    folder = LOG.write(tmp_path / "mirror", HELD)
    (folder / SEEN).write_bytes(LOG.note(200))
    words = refused(Memory(LOG.files(250)), folder)
    assert words.startswith(f"checkpoint: of 250 entries after one of {HELD}: ")
