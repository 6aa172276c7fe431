"""``ledger gate`` runs a program only with the receipt in hand, passes on how it ended, and logs that."""

import asyncio
import errno
import json
import os
import re
import shutil
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from ledger.cli import gate as gates
from ledger.client.artifact import take as really
from ledger.client.gate import Release
from ledger.client.range_receipt import Receipt
from ledger.core.encoding import sha256
from tests.cli.commands import Site, disclosure, lines
from tests.cli.conftest import Standing
from tests.cli.needles import files, hits

DATA = b"synthetic data that is handed over, and stands in no file of ours"
RECIPIENT = "Synthetic Recipient of the Gate"
NAME = "distinctive-artifact-name"
PYTHON = sys.executable


def written(here: Site, data: bytes = DATA, described: bytes = DATA, count: int = 1) -> tuple[Path, Path]:
    """Write an artifact and its record, and return their paths."""
    artifact, record = here.path(NAME), here.path("record.json")
    artifact.write_bytes(data)
    about = {"sha256": sha256(described).hex(), "bytes": len(described), "media_type": "text/plain"}
    given = disclosure(7, artifact=about, recipient={"name": RECIPIENT})
    record.write_text(json.dumps([given] * count))
    return artifact, record


@pytest.fixture
def options(standing: Standing) -> list[Any]:
    """What every call has: profile, record and artifact."""
    artifact, record = written(standing.here)
    return ["-p", standing.source, "--record", record, "--artifact", artifact]


def ended(standing: Standing, index: int) -> list[str]:
    """Return what the log says became of the disclosure at ``index``."""
    ran = standing.here.call("ledger", "history", index, "-p", standing.public, "--json")
    state: list[str] = ran.objects[0]["state"]
    return state


def size(standing: Standing) -> int:
    """Return how many entries the log has."""
    ran = standing.here.call("ledger", "checkpoint", "-p", standing.public, "--json")
    found: int = ran.objects[0]["tree_size"]
    return found


SHOW = """
import os, pathlib, sys
assert "LEDGER_PASSPHRASE" not in os.environ
data = pathlib.Path(os.environ["LEDGER_ARTIFACT"]).read_bytes()
receipt = pathlib.Path(os.environ["LEDGER_RECEIPT"])
print(receipt.read_text().splitlines()[0], len(data), oct(receipt.parent.stat().st_mode)[-3:], *sys.argv[1:])
"""


def test_the_command_runs_with_receipt_and_artifact(standing: Standing, options: list[Any]) -> None:
    """It finds both in its environment, gets its own options, and no passphrase; its end is DELIVERED."""
    before = size(standing)
    environment = {"LEDGER_PASSPHRASE": "of no use"}
    ran = standing.here.run("ledger", "gate", *options, "--", PYTHON, "-c", SHOW, "-p", "x", environment=environment)
    assert ran.stdout == f"c2sp.org/tlog-proof@v1 {len(DATA)} 700 -p x\n"
    assert ran.stderr == ""
    assert ended(standing, before) == [f"delivered by entry {before + 1}"]


def test_a_receipt_is_kept_where_it_is_wanted(standing: Standing, options: list[Any]) -> None:
    """With ``--receipts`` it stays after the command, and verifies."""
    before = size(standing)
    here = standing.here
    here.run("ledger", "gate", *options, "--receipts", "gate-receipts", "--", "cat", standing.here.path(NAME))
    (receipt,) = here.path("gate-receipts").iterdir()
    vkey = here.path("led/log.vkey").read_text().strip()
    assert f"entry {before} is in the log" in here.call("ledger", "verify", receipt, "--log", vkey).stdout
    shutil.rmtree(here.path("gate-receipts"))


@pytest.mark.parametrize(("program", "code"), [("exit 3", 3), ("kill -9 $$", 137), ("exit 125", 125)])
def test_the_commands_exit_code_is_passed_on(standing: Standing, options: list[Any], program: str, code: int) -> None:
    """Any other than 0 makes ABORTED, also death by a signal."""
    before = size(standing)
    assert standing.here.run("ledger", "gate", *options, "--", "sh", "-c", program, code=code).stderr == ""
    assert ended(standing, before) == [f"aborted by entry {before + 1}"]


SHUT = {
    "another artifact": ({"described": DATA[::-1]}, [], "artifact.sha256: not the one of what is to be let out"),
    "two disclosures": ({"count": 2}, [], "record: must be one disclosure: a receipt lets one artifact out"),
    "a key of another kind": ({}, ["--key", "One/auditor.key"], "one of kind source is needed"),
    "another role": ({}, ["-p", "One"], "profile: this needs a profile of the role source"),
}


@pytest.mark.parametrize("case", SHUT)
def test_where_the_gate_stays_shut_the_command_does_not_run(standing: Standing, case: str) -> None:
    """The exit code is 125, the error says what to do, and nothing was recorded."""
    how, more, words = SHUT[case]
    before = size(standing)
    artifact, record = written(standing.here, **how)  # type: ignore[arg-type]  # a table of several kinds
    options = ["-p", standing.source, "--record", record, "--artifact", artifact, *more]
    ran = standing.here.call("ledger", "gate", *options, "--", "touch", standing.here.path("ran"), code=125)
    assert words in ran.error
    assert not standing.here.path("ran").exists()
    assert size(standing) == before


def test_an_unreachable_ledger_keeps_the_gate_shut(standing: Standing, options: list[Any], tmp_path: Path) -> None:
    """The command does not run, the error says what to do, and nothing of the record is told."""
    folder = shutil.copytree(standing.source, tmp_path / "away")
    text = (folder / "profile.toml").read_text()
    (folder / "profile.toml").write_text(re.sub(r'(role_address = )".*"', r'\1"127.0.0.1:1"', text))
    shutil.rmtree(folder / "state", ignore_errors=True)
    command = ["-p", folder, *options[2:], "--timeout", "0.5", "--", "touch", tmp_path / "ran"]
    ran = standing.here.run("ledger", "gate", *command, code=125)
    assert "the gate stays shut, nothing was recorded or handed over" in ran.stderr
    assert "run it again once the ledger answers" in ran.stderr
    assert not (tmp_path / "ran").exists()
    assert hits([RECIPIENT, NAME, DATA.decode()], {"stderr": ran.stderr.encode(), **files(folder)}) == []


async def test_a_signal_while_the_command_starts_reaches_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """From the moment that it may have begun it is the command's to end, and no longer said to have never run."""
    run, really = gates._Run(["sleep", "60"], tmp_path / "artifact", tmp_path, 1), asyncio.create_subprocess_exec

    async def starting(*words: str, **how: Any) -> Any:
        run._forward(signal.SIGTERM, handing, terminal=False)
        return await really(*words, **how)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", starting)
    handing: Any = asyncio.ensure_future(run._run(Receipt(0, "alpha", 0, sha256(b""), b"")))
    with pytest.raises(gates.Failed) as ended:
        await handing
    assert ended.value.code == 128 + signal.SIGTERM


def test_a_command_that_is_not_there_is_found_out_first(standing: Standing, options: list[Any]) -> None:
    """The exit code is 127, and nothing was recorded."""
    before = size(standing)
    ran = standing.here.call("ledger", "gate", *options, "--", "no-such-command", code=127)
    assert (ran.error, size(standing)) == ("command: not found, so nothing was recorded", before)


@pytest.mark.parametrize("where", ["by its path", "on $PATH", "a folder"])
def test_a_command_that_may_not_be_run_is_found_out_first(standing: Standing, options: list[Any], where: str) -> None:
    """The exit code is 126, and nothing was recorded."""
    before, plain = size(standing), standing.here.path("plain")
    plain.write_text("#!/bin/sh\n")
    path = f"{standing.here.directory}:{os.environ['PATH']}"
    name = {"by its path": plain, "on $PATH": "plain", "a folder": standing.here.directory}[where]
    ran = standing.here.call("ledger", "gate", *options, "--", name, code=126, environment={"PATH": path})
    assert ran.error == "command: not an executable file, so nothing was recorded"
    assert size(standing) == before


USAGE = {
    "no command": (["--"], "Missing argument '-- COMMAND...'"),
    "an unknown option": (["--at-once", "--", "true"], "No such option: --at-once"),
    "no number": (["--timeout", "soon", "--", "true"], "Invalid value for '--timeout'"),
}


@pytest.mark.parametrize(("words", "error"), USAGE.values(), ids=USAGE)
def test_a_call_that_is_wrong_keeps_the_gate_shut(
    standing: Standing, options: list[Any], words: list[str], error: str
) -> None:
    """The exit code is the gate's own, and never one that the command might have ended with."""
    for call in (standing.here.call, standing.here.run):
        assert error in re.sub(r"\s*│\s*", " ", call("ledger", "gate", *options, *words, code=125).stderr)


def test_a_passphrase_that_is_not_given_keeps_the_gate_shut(standing: Standing, options: list[Any]) -> None:
    """Where the question is broken off the command did not run, and the exit code says so."""
    here = standing.here
    secret = {"LEDGER_PASSPHRASE": "horse"}
    here.call("ledger", "keygen", "source", "-o", "locked.key", "--passphrase", environment=secret)
    ran = here.call("ledger", "gate", *options, "-k", "locked.key", "--", "true", code=125)
    assert ran.stderr.endswith("error: interrupted before the gate opened; nothing was handed over\n")


def test_a_command_that_cannot_be_run_is_aborted(standing: Standing, options: list[Any]) -> None:
    """The exit code is 126."""
    before = size(standing)
    bad = standing.here.path("bad")
    bad.write_text("#!/no/such/interpreter\n")
    bad.chmod(0o700)
    ran = standing.here.call("ledger", "gate", *options, "--", bad, code=126)
    assert ran.error == "the command was not run: No such file or directory"
    assert ended(standing, before) == [f"aborted by entry {before + 1}"]


WELL = f"; {gates.WELL}\n"
CHANGED = f"error: artifact: not what was hashed: changed since, or while it was read{WELL}"
FOLDER = f"error: artifact: cannot be read: Is a directory{WELL}"
PIPE = f"error: artifact: must be a regular file: it is read twice{WELL}"
LINKED = f"error: artifact: cannot be read: Too many levels of symbolic links{WELL}"
ENDS = {
    "moved": ('mv "$LEDGER_ARTIFACT" "$LEDGER_ARTIFACT.sent"', "delivered", ""),
    "changed": ('echo >> "$LEDGER_ARTIFACT"', "aborted", CHANGED),
    "changed and moved": ('echo >> "$LEDGER_ARTIFACT"; mv "$LEDGER_ARTIFACT" "$LEDGER_ARTIFACT.2"', "aborted", CHANGED),
    "made a folder": (
        'rm "$LEDGER_ARTIFACT"; mkdir "$LEDGER_ARTIFACT"',
        "aborted",
        f"error: artifact: cannot be read: Is a directory{WELL}",
    ),
    "made a pipe": ('rm "$LEDGER_ARTIFACT"; mkfifo "$LEDGER_ARTIFACT"', "aborted", PIPE),
    "linked to itself": ('rm "$LEDGER_ARTIFACT"; ln -s "$LEDGER_ARTIFACT" "$LEDGER_ARTIFACT"', "aborted", LINKED),
}


@pytest.mark.parametrize("case", ENDS)
def test_what_is_handed_over_is_what_was_recorded(standing: Standing, options: list[Any], case: str) -> None:
    """A file that is another one after the command makes ABORTED; one that was moved away is still looked at."""
    program, result, words = ENDS[case]
    before = size(standing)
    ran = standing.here.call("ledger", "gate", *options, "--", "sh", "-c", program, code=1 if words else 0)
    assert ran.stderr == words
    assert ended(standing, before) == [f"{result} by entry {before + 1}"]
    artifact = standing.here.path(NAME)
    if artifact.is_dir():
        artifact.rmdir()
    else:
        artifact.unlink(missing_ok=True)


@pytest.mark.parametrize("failing", ["held", "named"])
def test_an_artifact_that_cannot_be_read_any_more_is_told(
    standing: Standing, options: list[Any], failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fails behind the command is no command that was not run."""
    before = size(standing)
    artifact = standing.here.path(NAME)

    def fails(*_: object) -> Any:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def take(path: Path) -> Any:
        return fails() if failing == "named" else really(path)

    monkeypatch.setattr("ledger.cli.gate.take", take)
    if failing == "held":
        monkeypatch.setattr(gates, "_drain", fails)
    program = "true" if failing == "named" else 'rm "$LEDGER_ARTIFACT"'
    ran = standing.here.call("ledger", "gate", *options, "--", "sh", "-c", program, code=1)
    assert ran.stderr == f"error: artifact: cannot be read: Input/output error{WELL}"
    assert ended(standing, before) == [f"aborted by entry {before + 1}"]
    artifact.unlink(missing_ok=True)


def test_an_artifact_that_vanished_at_the_open_gate_is_not_handed_over(
    standing: Standing, options: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command is not run, and the record is said to have come to nothing."""
    before, opening = size(standing), Release.open

    def late(release: Any) -> Any:
        standing.here.path(NAME).unlink()
        return opening(release)

    monkeypatch.setattr(Release, "open", late)
    ran = standing.here.call("ledger", "gate", *options, "--", "touch", standing.here.path("ran"), code=126)
    assert ran.error == "the command was not run: artifact: cannot be read: No such file or directory"
    assert ended(standing, before) == [f"aborted by entry {before + 1}"]
    assert not standing.here.path("ran").exists()


def test_what_waits_is_told_and_left_to_wait(standing: Standing, options: list[Any]) -> None:
    """A release waits for no queue; who runs the gate learns that there is one."""
    here, before = standing.here, size(standing)
    here.call("ledger", "record", "-", "-p", standing.source, "--queue", given=lines(disclosure(1), disclosure(2)))
    for _ in range(2):
        ran = here.call("ledger", "gate", *options, "--", "true")
        assert ran.stderr == "2 wait in the queue: ledger queue flush records them\n"
    assert size(standing) == before + 4
    here.call("ledger", "queue", "flush", "-p", standing.source)
    assert size(standing) == before + 6


def test_nobody_else_records_while_the_command_runs(standing: Standing, options: list[Any]) -> None:
    """The gate holds the source's journal until the end is logged; a second one stays shut, a recorder is refused."""
    process = standing.here.start("ledger", "gate", *options, "--", "bash", "-c", "echo ready; read line")
    assert process.stdout.readline() == "ready\n"
    held = "another process records for this source; stop it first"
    assert held in standing.here.call("ledger", "gate", *options, "--", "true", code=125).error
    given = lines(disclosure(1))
    assert held in standing.here.call("ledger", "record", "-", "-p", standing.source, given=given, code=2).error
    process.communicate("\n")
    assert process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
def test_signals_reach_the_command(standing: Standing, options: list[Any], number: signal.Signals) -> None:
    """The command decides what they mean, and its exit code is passed on."""
    before = size(standing)
    program = f"trap 'exit 9' {number.name[3:]}; echo ready; while :; do read line; done"
    process = standing.here.start("ledger", "gate", *options, "--", "bash", "-c", program)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    process.stdin.write("\n")
    _, stderr = process.communicate()
    assert (process.returncode, stderr) == (9, "")
    assert ended(standing, before) == [f"aborted by entry {before + 1}"]


def test_a_signal_before_the_receipt_keeps_the_gate_shut(standing: Standing, options: list[Any]) -> None:
    """Interrupted while it waits for a ledger that says nothing, it ends with 125."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        folder = standing.here.path("silent")
        shutil.copytree(standing.source, folder, ignore=shutil.ignore_patterns("state"))
        text = (folder / "profile.toml").read_text()
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        (folder / "profile.toml").write_text(re.sub(r'(role_address = )".*"', rf'\1"{address}"', text))
        process = standing.here.start("ledger", "gate", "-p", folder, *options[2:], "--", "true")
        connection, _ = silent.accept()
        with connection:
            process.send_signal(signal.SIGTERM)
            _, stderr = process.communicate()
    assert (process.returncode, stderr) == (125, "error: interrupted before the gate opened; nothing was handed over\n")


AGAIN: dict[str, tuple[list[Any], str]] = {
    "gate": (["gate", "--record", "record.json", "--artifact", NAME, "--", "true"], ""),
    "record": (["record", "-"], lines(disclosure(1))),
    "queue flush": (["queue", "flush"], ""),
    "close": (["close"], ""),
    "deliver": (["deliver", "INDEX"], ""),
}
"""Every kind of command that opens a recorder."""


@pytest.mark.parametrize("case", AGAIN)
def test_a_gate_that_was_killed_is_settled_by_the_next(standing: Standing, options: list[Any], case: str) -> None:
    """The command lives on. The gate was open, so what it let out counts as delivered; whatever is next says so."""
    here, given = standing.here, lines(disclosure(1))
    (first,) = here.call("ledger", "record", "-", "-p", standing.source, "--json", given=given).objects
    before, script = size(standing), "echo ready; read line; touch outlived"
    process = here.start("ledger", "gate", *options, "--", "bash", "-c", script)
    assert process.stdout.readline() == "ready\n"
    process.kill()
    process.wait()
    assert ended(standing, before) == ["unresolved: no DELIVERY says what became of it"]
    words, given = AGAIN[case]
    split = 2 if case == "queue flush" else 1
    words = [str(first["index"]) if word == "INDEX" else word for word in words]
    ran = here.run("ledger", *words[:split], "-p", standing.source, *words[split:], given=given)
    told = f"entry alpha:{first['sequence'] + 1}, a release that an earlier run left open, is logged as DELIVERED now\n"
    assert told in ran.stderr
    assert ended(standing, before) == [f"delivered by entry {before + 1}"]
    assert not here.path("outlived").exists()
    process.communicate("\n")
    here.path("outlived").unlink()


def test_an_end_that_cannot_be_logged_is_a_warning(standing: Standing, options: list[Any]) -> None:
    """With the ledger gone while it ran, the command's exit code stands, and the next run logs its end."""
    before = size(standing)
    assert standing.here.server is not None
    server = standing.here.server.process
    stop = ["sh", "-c", f"kill -STOP {server.pid}; exit 5"]
    try:
        ran = standing.here.call("ledger", "gate", *options, "--timeout", "1", "--", *stop, code=5)
    finally:
        server.send_signal(signal.SIGCONT)
    assert re.match(r"warning: entry alpha:\d+ ended as ABORTED, which is not in the log yet: ", ran.stderr)
    assert ran.stderr.count("\n") == 1
    standing.here.call("ledger", "gate", *options, "--", "true")
    assert ended(standing, before) == [f"aborted by entry {before + 1}"]


class _Command:
    """A command that runs, or has ended."""

    def __init__(self, returncode: int | None) -> None:
        self.returncode = returncode
        self.told: list[int] = []

    def send_signal(self, number: int) -> None:
        """Take a signal."""
        self.told.append(number)


@pytest.mark.parametrize(
    ("returncode", "terminal", "number", "told"),
    [
        (None, False, signal.SIGINT, True),
        (None, True, signal.SIGINT, False),
        (None, True, signal.SIGTERM, True),
        (0, False, signal.SIGTERM, False),
    ],
    ids=["no terminal", "a terminal tells both", "a terminal tells neither", "it has ended"],
)
def test_a_command_gets_a_signal_once(
    returncode: int | None, terminal: bool, number: signal.Signals, told: bool
) -> None:
    """What the terminal sends to all of its programs is not sent again, and nothing is sent to what has ended."""
    run, process, task = gates._Run([], Path(), Path(), 1), _Command(returncode), None
    run._process = process  # type: ignore[assignment]  # all that is asked of it
    run._forward(number, task, terminal)  # type: ignore[arg-type]  # not asked for
    assert process.told == ([number] if told else [])
