"""``ledgerctl export`` writes a log as static files that anybody can mirror, while it is served and while it is not."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.cli import exporting
from ledger.core.encoding import encode_base64
from ledger.core.merkle import leaf_hash, tree_root
from ledger.core.tlogtiles import Leaves
from ledger.engine import schema
from ledger.engine.store import Store
from ledger.tiles.folder import Writer
from tests.cli.commands import PATIENCE, Site, disclosure, lines, site
from tests.tiles.logs import Log, files_in


@pytest.fixture(scope="module")
def stopped() -> Iterator[Site]:
    """Give a ledger of 303 entries whose server was stopped; its key is in ``led/log.vkey``."""
    with site() as here:
        here.open(inside=True)
        here.serve()
        source = here.source("alpha", here.auditor("One"))
        here.call("ledger", "record", "-", "-p", source, given=lines(*map(disclosure, range(300))))
        assert here.stop() == 0
        yield here


def entries(here: Site) -> list[bytes]:
    """Return the leaves in the stopped ledger's store."""
    store = Store.open(here.path("led/store"))
    try:
        return [leaf for _, leaf in store.range(schema.ENTRIES, schema.after(schema.ENTRIES))]
    finally:
        store.close()


def test_a_stopped_ledger_is_exported_and_mirrored(stopped: Site) -> None:
    """The files have the leaves and the root of the store, and a stranger's mirror of them verifies."""
    ran = stopped.run("ledgerctl", "export", "led", "out")
    assert ran.stdout == "exported: 303 entries of log.example/commands, 303 of them new\n"
    root = tree_root([leaf_hash(leaf) for leaf in entries(stopped)])
    (facts,) = stopped.call("ledger", "mirror", "out", "copy", "--log", "led/log.vkey", "--json").objects
    assert facts["root"] == encode_base64(root)
    assert files_in(stopped.path("copy")) == files_in(stopped.path("out"))


def test_what_is_there_already_is_not_written_again(stopped: Site) -> None:
    """A second export finds nothing new and changes nothing."""
    stopped.call("ledgerctl", "export", "led", "again")
    before = {path: path.stat().st_ino for path in stopped.path("again").rglob("*")}
    (facts,) = stopped.call("ledgerctl", "export", "led", "again", "--json").objects
    assert (facts["tree_size"], facts["new_entries"]) == (303, 0)
    assert {path: path.stat().st_ino for path in stopped.path("again").rglob("*")} == before


def test_a_folder_that_knows_more_is_refused(stopped: Site) -> None:
    """Entries that the ledger has not, because an old copy of it was restored, are never taken back: exit 1."""
    with site() as here:
        shutil.copytree(stopped.path("led"), here.path("led"))
        here.serve()
        here.auditor("Two")
        assert here.stop() == 0
        here.call("ledgerctl", "export", "led", "out")
        before = files_in(here.path("out"))
        error = stopped.call("ledgerctl", "export", "led", here.path("out"), code=1).error
        assert error == f"{here.path('out')}: has 304 entries, the ledger 303"
        stopped.serve()
        try:
            error = stopped.call("ledgerctl", "export", "led", here.path("out"), code=1).error
        finally:
            assert stopped.stop() == 0
        assert error == "checkpoint: smaller than the last one seen; the log was rolled back"
        assert files_in(here.path("out")) == before


def test_a_folder_with_another_history_is_refused(stopped: Site) -> None:
    """A folder to which another copy of the ledger was exported does not become this one's: exit 1."""
    with site() as here:
        for out, name in (("first", "Two"), ("second", "Three")):
            shutil.rmtree(here.path("led"), ignore_errors=True)
            shutil.copytree(stopped.path("led"), here.path("led"))
            here.serve()
            here.auditor(name)
            assert here.stop() == 0
            here.call("ledgerctl", "export", "led", out)
        before = files_in(here.path("first"))
        error = here.call("ledgerctl", "export", "led", "first", code=1).error
        assert error == "first: its 304 entries are not the ledger's"
        assert files_in(here.path("first")) == before


REFUSALS = {
    "no ledger": (("nowhere", "out"), 2, "nowhere/ledger.toml: missing"),
    "another log's folder": (("led", "other"), 2, "other: holds another log"),
    "a file in its place": (("led", "file"), 2, "file: File exists"),
}


@pytest.mark.parametrize(("words", "code", "error"), REFUSALS.values(), ids=REFUSALS)
def test_what_cannot_be_exported_is_told(words: tuple[str, str], code: int, error: str, stopped: Site) -> None:
    """What is no ledger, or no folder of this one's, ends with its code and one line."""
    Log().write(stopped.path("other"), 3)
    stopped.path("file").touch()
    assert stopped.call("ledgerctl", "export", *words, code=code).error.startswith(error)


def test_a_server_that_was_killed_does_not_matter(here: Site) -> None:
    """What a killed server says of where it listens is not believed: the store is read."""
    here.open(inside=True)
    here.serve().signal(signal.SIGKILL)
    assert here.path("led/serving.json").exists()
    assert "1 entries" in here.call("ledgerctl", "export", "led", "out").stdout


def read(process: "subprocess.Popen[str]") -> str:
    """Return the next line of a process's standard output."""
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_running_ledger_is_followed(number: signal.Signals, here: Site) -> None:
    """With ``--follow`` the files grow with the served log, through a restart of the server, until interrupted."""
    here.open(inside=True)
    here.serve()
    process = here.start("ledgerctl", "export", "led", "out", "--follow", "0.1")
    try:
        assert "1 entries" in read(process)
        here.auditor("One")
        assert "2 entries" in read(process)
        assert here.stop() == 0
        here.serve()
        here.auditor("Two")
        assert "3 entries" in read(process)
    finally:
        process.send_signal(number)
        _, stderr = process.communicate(timeout=PATIENCE)
    assert (process.returncode, stderr) == (0, "")
    here.call("ledger", "mirror", "out", "copy", "--log", Path("led/log.vkey"))


def test_an_export_that_is_interrupted_ends_with_2(stopped: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A single export that did not come to its end says so, publishes nothing, and the next one goes on."""
    append = Writer.append

    def interrupted(writer: Writer, leaves: Leaves) -> None:
        append(writer, leaves)
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(Writer, "append", interrupted)
        patch.setattr(exporting, "STEP", 10)
        ran = stopped.call("ledgerctl", "export", "led", "cut", code=2)
    assert (ran.stdout, ran.stderr) == ("", "interrupted; the next run goes on from here\n")
    assert not stopped.path("cut/checkpoint").exists()
    stopped.call("ledgerctl", "export", "led", "cut")
    stopped.call("ledger", "mirror", "cut", "cut-copy", "--log", "led/log.vkey")
