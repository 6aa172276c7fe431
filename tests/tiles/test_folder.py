"""A folder holds a log's files as C2SP tlog-tiles lays them out, and takes no other log's."""

from pathlib import Path

import pytest

from ledger.core.errors import InvalidInput, LedgerError, Locked, StoreDamaged, VerificationFailed, WrongLog
from ledger.core.note import COSIGNATURE, SigningKey
from ledger.tiles.folder import open_writer
from tests.tiles.logs import LOG, ORIGIN, Log, files_in, secret

SIZES = (0, 1, 2, 255, 256, 257, 511, 512, 1000)


@pytest.mark.parametrize("size", [*SIZES, 65_536, 70_000])
def test_a_folder_holds_exactly_the_files_of_its_size(size: int, tmp_path: Path) -> None:
    """Written in one go, a folder has the tiles that the size has, each as defined, the checkpoint, and no more."""
    assert files_in(LOG.write(tmp_path, size)) == LOG.files(size)


def test_a_folder_grown_by_steps_keeps_the_partial_tiles_of_each(tmp_path: Path) -> None:
    """Each published size keeps its partial tiles until the full one is there; then they go."""
    assert files_in(LOG.write(tmp_path, 1, 3, 3, 200)) == LOG.files(1) | LOG.files(3) | LOG.files(200)
    assert files_in(LOG.write(tmp_path, 256)) == LOG.files(256)
    assert files_in(LOG.write(tmp_path, 300, 513)) == LOG.files(513) | {
        path: data for path, data in LOG.files(256).items() if path == "tile/1/000.p/1"
    }


def test_a_folder_reopened_at_any_size_goes_on(tmp_path: Path) -> None:
    """However the growth is cut into runs and appends, what is written last is what one run writes."""
    for size in SIZES:
        LOG.write(tmp_path, size)
    with open_writer(tmp_path, LOG.vkey) as writer:
        assert writer.size == 1000
        for begin in range(1000, 2048, 7):
            writer.append(LOG.leaves(begin, min(begin + 7, 2048)))
        writer.publish(LOG.note(2048))
    found = files_in(tmp_path)
    assert {path: found[path] for path in LOG.files(2048)} == LOG.files(2048)


def test_a_folder_whose_partial_tiles_are_gone_goes_on_from_full_ones(tmp_path: Path) -> None:
    """A run that died after removing partial tiles, before its checkpoint, is gone on with from the full tiles."""
    LOG.write(tmp_path, 200)
    (tmp_path / "checkpoint").rename(tmp_path / "aside")
    LOG.write(tmp_path, 300)
    (tmp_path / "aside").rename(tmp_path / "checkpoint")
    assert not (tmp_path / "tile/0/000.p/200").exists() or (tmp_path / "tile/0/000").exists()
    for stale in ("tile/0/000.p", "tile/entries/000.p"):
        for path in (tmp_path / stale).glob("*"):
            path.unlink()
    assert files_in(LOG.write(tmp_path, 300)) == LOG.files(300)


def test_what_is_final_is_never_rewritten(tmp_path: Path) -> None:
    """A full tile keeps its file while the log grows."""
    LOG.write(tmp_path, 300)
    final = [path for path in tmp_path.rglob("*") if path.is_file() and not path.parent.name.endswith(".p")]
    before = {path: path.stat().st_ino for path in final if path.name != "checkpoint"}
    assert len(before) == 2
    LOG.write(tmp_path, 301, 600)
    assert {path: path.stat().st_ino for path in before} == before


def test_a_checkpoint_signed_anew_replaces_the_old(tmp_path: Path) -> None:
    """The same tree under another note, such as one with cosignatures, changes the checkpoint alone."""
    LOG.write(tmp_path, 5)
    noted = LOG.note(5) + "— witness.example/w AAAAAAAA\n".encode()
    LOG.write(tmp_path, 5, note=noted)
    assert files_in(tmp_path) == LOG.files(5) | {"checkpoint": noted}


OTHERS = {
    "another key": (Log(key=SigningKey(ORIGIN, secret("other"))), WrongLog),
    "another origin": (Log(origin="log.example/other"), WrongLog),
}


@pytest.mark.parametrize(("other", "error"), OTHERS.values(), ids=OTHERS)
def test_a_folder_of_another_log_is_refused(other: Log, error: type[LedgerError], tmp_path: Path) -> None:
    """A folder whose checkpoint another log signed is not written to."""
    before = files_in(LOG.write(tmp_path, 5))
    with pytest.raises(error, match=r": holds another log, or is damaged \("):
        other.write(tmp_path, 6)
    assert files_in(tmp_path) == before


def test_another_log_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    """Tiles that a run left without a checkpoint are not overwritten by another log's."""
    with open_writer(tmp_path, LOG.vkey) as writer:
        writer.append(LOG.leaves(0, 600))
    before = files_in(tmp_path)
    with pytest.raises(StoreDamaged, match="holds other bytes than the log's; the folder is another log's"):
        Log(b"another").write(tmp_path, 256)
    assert {path: data for path, data in files_in(tmp_path).items() if path in before} == before


@pytest.mark.parametrize("size", [4, 6])
def test_a_checkpoint_of_another_size_is_not_published(size: int, tmp_path: Path) -> None:
    """What the entries do not add up to is not published, shorter or longer."""
    LOG.write(tmp_path, 3)
    with pytest.raises(VerificationFailed, match=r"^checkpoint: of another size or root than the entries give$"):
        LOG.write(tmp_path, 5, note=LOG.note(size))
    assert files_in(tmp_path) == LOG.files(3)


@pytest.mark.parametrize("other", [Log(fork=4), Log(fork=1)], ids=["a fork behind it", "a fork before it"])
def test_a_checkpoint_of_other_entries_is_not_published(other: Log, tmp_path: Path) -> None:
    """A signed checkpoint over other entries than were appended is not published."""
    LOG.write(tmp_path, 3)
    with pytest.raises(VerificationFailed, match=r"^checkpoint: of another size or root than the entries give$"):
        LOG.write(tmp_path, 5, note=other.note(5))
    assert files_in(tmp_path) == LOG.files(3)


EDGE = {path for path in LOG.files(300) if ".p/" in path}


@pytest.mark.parametrize("path", sorted(EDGE))
@pytest.mark.parametrize("change", ["flipped", "cut", "gone"])
def test_a_damaged_edge_is_told(path: str, change: str, tmp_path: Path) -> None:
    """A partial tile that does not lead to the checkpoint ends the run before it writes."""
    file = LOG.write(tmp_path, 300) / path
    data = file.read_bytes()
    match change:
        case "flipped":
            file.write_bytes(data[:-1] + bytes((data[-1] ^ 1,)))
        case "cut":
            file.write_bytes(data[:-1])
        case "gone":
            file.unlink()
    with pytest.raises(StoreDamaged, match=str(tmp_path)):
        LOG.write(tmp_path, 301)


def test_two_writers_do_not_meet(tmp_path: Path) -> None:
    """A folder has one writer at a time, and is free once that has ended."""
    with (
        open_writer(tmp_path, LOG.vkey),
        pytest.raises(Locked, match="another process writes there"),
        open_writer(tmp_path, LOG.vkey),
    ):
        raise AssertionError
    LOG.write(tmp_path, 1)


def test_a_key_that_no_log_signs_with_is_refused(tmp_path: Path) -> None:
    """A witness's key is refused before a folder is made."""
    with (
        pytest.raises(InvalidInput, match=r"^log key: must be of key type 01$"),
        open_writer(tmp_path / "new", LOG.key.vkey(COSIGNATURE)),
    ):
        raise AssertionError
    assert not (tmp_path / "new").exists()
