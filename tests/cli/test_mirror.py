"""``ledger mirror`` copies a log that holds, and ends with 1 for one that does not, with 2 where it cannot tell."""

import signal
import subprocess
from pathlib import Path

import pytest

from ledger.core.note import COSIGNATURE
from tests.cli.commands import PATIENCE, Site
from tests.tiles.logs import LOG, Log, files_in
from tests.tiles.web import SILENCE, Answer, web

VKEY = LOG.vkey.format()


def test_a_folder_is_mirrored(here: Site) -> None:
    """The installed command copies a folder, then what is new in it, and says so to people and to programs."""
    LOG.write(here.path("log"), 300)
    ran = here.run("ledger", "mirror", "log", "copy", "--log", VKEY)
    assert ran.stdout == "verified: 300 entries of log.example/tiles, 300 of them new\n"
    assert ran.stderr.endswith("not shown that others see the same log\n")
    LOG.write(here.path("log"), 700)
    here.path("vkey").write_text(VKEY + "\n")
    (facts,) = here.call("ledger", "mirror", "log", "copy", "--log", "vkey", "--json").objects
    assert (facts["origin"], facts["tree_size"], facts["new_entries"]) == ("log.example/tiles", 700, 400)
    found = files_in(here.path("copy"))
    assert {path: found[path] for path in LOG.files(700)} == LOG.files(700)


def test_a_log_of_another_origin_is_mirrored(here: Site) -> None:
    """``--origin`` names what the key's name is not."""
    log = Log(origin="another name")
    log.write(here.path("log"), 3)
    assert "of another origin" in here.call("ledger", "mirror", "log", "copy", "--log", VKEY, code=1).error
    here.call("ledger", "mirror", "log", "copy", "--log", VKEY, "--origin", "another name")


def test_a_fork_ends_with_1_and_names_its_evidence(here: Site) -> None:
    """A log with two histories is disproven; the line names both of its checkpoints, and what convicts it."""
    LOG.write(here.path("log"), 300)
    here.call("ledger", "mirror", "log", "copy", "--log", VKEY)
    Log(fork=200).write(here.path("fork"), 400)
    ran = here.run("ledger", "mirror", "fork", "copy", "--log", VKEY, "--json", code=1)
    assert ran.stdout == ""
    place, names = ran.error.split("the log has two histories; kept in ")[1].split(": ")
    *notes, split = [Path(place, name) for name in names.split(", ")]
    assert len(notes) == 2
    assert here.call("ledger", "verify", *notes, "--log", VKEY).stderr == ""
    assert "signed two histories" in here.call("ledger", "verify", split, code=1).stdout


def test_an_edited_bundle_ends_with_1(here: Site) -> None:
    """One flipped bit of one entry is disproven, and named by its file."""
    path = LOG.write(here.path("log"), 300) / "tile/entries/000"
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    error = here.call("ledger", "mirror", "log", "copy", "--log", VKEY, code=1).error
    assert error.startswith("tile/entries/000: its entries are not those of the tree; kept in ")
    assert not here.path("copy/checkpoint").exists()


UNCHECKABLE = {
    "no log there": (("nowhere", "copy", "--log", VKEY), "checkpoint: there is none"),
    "an address of another kind": (("ftp://log.example/", "copy", "--log", VKEY), "url: must be http:// or https://"),
    "a key that is none": (("log", "copy", "--log", "key"), "vkey: not name+hex8+base64"),
    "a witness's key": (("log", "new", "--log", LOG.key.vkey(COSIGNATURE).format()), "log key: must be of key type 01"),
    "a copy of another log": (("log", "other", "--log", VKEY), "other: holds another log"),
    "a copy that is a file": (("log", "file", "--log", VKEY), "file: File exists"),
}


@pytest.mark.parametrize(("words", "error"), UNCHECKABLE.values(), ids=UNCHECKABLE)
def test_what_cannot_be_checked_ends_with_2(words: tuple[str, ...], error: str, here: Site) -> None:
    """Neither proven nor disproven ends with 2 and one line that says why."""
    LOG.write(here.path("log"), 3)
    Log(origin="another").write(here.path("other"), 3)
    here.path("file").touch()
    assert here.call("ledger", "mirror", *words, code=2).error.startswith(error)


def test_a_log_on_the_web_is_mirrored(here: Site) -> None:
    """A URL is read as a folder is."""
    files = LOG.files(300)
    with web(lambda path, _: Answer(200, files[path[1:]]) if path[1:] in files else Answer(404)) as server:
        here.run("ledger", "mirror", server.url, "copy", "--log", VKEY)
    assert files_in(here.path("copy")) == files


def test_an_interrupted_run_ends_with_2_and_is_gone_on_with(here: Site) -> None:
    """Ctrl-C ends with 2, says what is to be done, and leaves the copy as it was."""
    with web(lambda *_: SILENCE) as server:
        process: subprocess.Popen[str] = here.start("ledger", "mirror", server.url, "copy", "--log", VKEY)
        assert server.first.wait(PATIENCE)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=PATIENCE)
    assert (process.returncode, stderr.count("\n")) == (2, 1)
    assert stderr.startswith("interrupted; ")
    assert files_in(here.path("copy")) == {}
