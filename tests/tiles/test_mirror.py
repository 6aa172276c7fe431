"""A mirror becomes the log, step by step, from its files alone."""

from pathlib import Path

import pytest

from ledger.core.errors import Unavailable, VerificationFailed
from ledger.core.note import SigningKey
from ledger.tiles.fetching import HttpSource
from ledger.tiles.history import SEEN
from ledger.tiles.mirror import mirror
from ledger.tiles.source import FolderSource
from tests.tiles.dying import Machine, Stopped
from tests.tiles.logs import LOG, Log, files_in, secret
from tests.tiles.sources import Memory
from tests.tiles.web import Answer, web


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 1000])
def test_a_mirror_has_the_files_of_the_log(size: int, tmp_path: Path) -> None:
    """Mirrored in one go, a log of any size has the same files in the copy, and the run says what it came to."""
    found = mirror(Memory(LOG.files(size)), tmp_path / "mirror", LOG.vkey)
    assert (found.before, found.signed.checkpoint.size) == (0, size)
    assert files_in(tmp_path / "mirror") == LOG.files(size)


def test_a_mirror_of_many_levels(tmp_path: Path) -> None:
    """A log with a full tile above the lowest level is copied whole, and its progress told up to its end."""
    folder = LOG.write(tmp_path / "log", 65_536, 66_000)
    told: list[tuple[int, int]] = []
    mirror(FolderSource(folder), tmp_path / "mirror", LOG.vkey, progress=lambda *facts: told.append(facts))
    copied = files_in(tmp_path / "mirror")
    assert copied == {path: data for path, data in files_in(folder).items() if path in copied}
    assert {"tile/1/000", "tile/1/001.p/1", "tile/2/000.p/1", "tile/entries/257.p/208"} <= set(copied)
    assert told == sorted(told)
    assert (told[0], told[-1]) == ((256, 66_000), (66_000, 66_000))


def test_a_mirror_does_not_read_far_ahead(tmp_path: Path) -> None:
    """However large the log, no more bundles are fetched than twice the threads before one is written."""
    source = Memory(LOG.files(3000))
    ahead: list[int] = []

    def told(copied: int, _: int) -> None:
        ahead.append(sum("entries" in path for path in source.asked) - -(-copied // 256))

    mirror(source, tmp_path, LOG.vkey, progress=told, threads=1)
    assert len(ahead) == 12
    assert max(ahead) <= 2


def test_a_mirror_follows(tmp_path: Path) -> None:
    """Run again, a mirror takes up what is new and asks for no entry below what it has but its last bundle's."""
    before = 0
    for size in (0, 3, 3, 256, 700, 700, 1000):
        source = Memory(LOG.files(size))
        found = mirror(source, tmp_path, LOG.vkey)
        assert (found.before, found.signed.checkpoint.size) == (before, size)
        kept = files_in(tmp_path)
        assert {path: kept[path] for path in LOG.files(size)} == LOG.files(size)
        final = {f"tile/entries/{number:03}" for number in range(before // 256)}
        assert not final & set(source.asked)
        before = size


def test_another_origin_is_followed_when_it_is_named(tmp_path: Path) -> None:
    """A log whose origin is not its key's name is mirrored under the origin that is given, and under no other."""
    log = Log(origin="go.sum database tree", key=SigningKey("sum.example", secret("sum")))
    source = Memory(log.files(300))
    with pytest.raises(VerificationFailed, match=r"^checkpoint: of another origin than the one expected$"):
        mirror(source, tmp_path, log.vkey)
    mirror(source, tmp_path, log.vkey, log.origin)
    assert files_in(tmp_path) == log.files(300)


def test_partial_tiles_that_are_gone_come_from_full_ones(tmp_path: Path) -> None:
    """A server that has only full tiles by now still serves the older checkpoint's tree."""
    files = {path: data for path, data in LOG.files(1024).items() if ".p/" not in path or path.startswith("tile/1/")}
    source = Memory({**files, **{"tile/1/000.p/3": LOG.files(1000)["tile/1/000.p/3"], "checkpoint": LOG.note(1000)}})
    mirror(source, tmp_path, LOG.vkey)
    assert files_in(tmp_path) == LOG.files(1000)


def test_a_log_on_the_web_is_mirrored(tmp_path: Path) -> None:
    """A mirror reads a log below a URL as it does from a folder."""
    files = LOG.files(700)

    def answer(path: str, _: int) -> Answer:
        data = files.get(path.removeprefix("/log/"))
        return Answer(404) if data is None else Answer(200, data)

    with web(answer) as server:
        mirror(HttpSource(f"{server.url}/log"), tmp_path, LOG.vkey)
    assert files_in(tmp_path) == files


def test_no_log_is_told(tmp_path: Path) -> None:
    """Where there is no checkpoint there is no log, which is no proof of anything."""
    with pytest.raises(Unavailable, match=r"^checkpoint: there is none; is this the address of a log\?$"):
        mirror(Memory({}), tmp_path, LOG.vkey)


def test_an_interrupted_run_is_gone_on_with(tmp_path: Path) -> None:
    """Cut off after any answer, the copy stays as it was; the next run does not fetch again what was copied."""
    whole = Memory(LOG.files(1100))
    mirror(whole, LOG.write(tmp_path / "whole", 100), LOG.vkey)
    for answers in range(len(whole.asked)):
        folder = LOG.write(tmp_path / str(answers), 100)
        with pytest.raises(Unavailable, match="out of reach"):
            mirror(Memory(LOG.files(1100), answers), folder, LOG.vkey, threads=1)
        assert (folder / "checkpoint").read_bytes() == LOG.note(100)
        left = {f"tile/entries/{number:03}" for number in range(4) if (folder / f"tile/entries/{number:03}").exists()}
        source = Memory(LOG.files(1100))
        mirror(source, folder, LOG.vkey)
        assert not left & set(source.asked)
        assert not (folder / SEEN).exists()
        assert {path: files_in(folder)[path] for path in LOG.files(1100)} == LOG.files(1100)
    assert left


def test_a_machine_that_stops_is_gone_on_with(tmp_path: Path) -> None:
    """Stopped at any third file operation, a mirror is the old or the new log, and the next run makes it the new."""
    with pytest.MonkeyPatch.context() as patch:
        machine = Machine(patch, LOG.write(tmp_path / "whole", 250), 10**9)
        mirror(Memory(LOG.files(600)), tmp_path / "whole", LOG.vkey)
    for last in range(0, machine.steps, 3):
        folder = LOG.write(tmp_path / str(last), 250)
        with pytest.MonkeyPatch.context() as patch:
            Machine(patch, folder, last)
            with pytest.raises(Stopped):
                mirror(Memory(LOG.files(600)), folder, LOG.vkey)
        assert (folder / "checkpoint").read_bytes() in (LOG.note(250), LOG.note(600))
        mirror(Memory(LOG.files(600)), folder, LOG.vkey)
        assert {path: files_in(folder)[path] for path in LOG.files(600)} == LOG.files(600)
