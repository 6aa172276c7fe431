"""``ledger serve`` ends well when told to, and badly without loss when killed."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.client.profile import load as load_profile
from ledger.v1 import log_pb2, log_pb2_grpc
from tests.cli.commands import PATIENCE, Ran, Site, disclosure, lines, site
from tests.cli.conftest import Standing

pytestmark = pytest.mark.usefixtures("unmeasured")

FLOW = 1200
"""Disclosures in flight when the server ends: more than one batch."""


def test_it_says_where_it_listens(standing: Standing) -> None:
    """The first log line names every address, and none is the port 0 that was asked for."""
    server = standing.here.server
    assert server is not None
    for word in ('"public": "127.0.0.1:', '"role": "127.0.0.1:', '"metrics": "127.0.0.1:'):
        assert word in server.log[0]
    assert ':0"' not in server.log[0]


def test_a_second_server_of_a_store_is_refused(standing: Standing) -> None:
    """While one server runs, another one and fsck are told that the store is in use, and the first goes on."""
    here, words = standing.here, "another process has the store open; stop it first"
    assert words in here.run("ledger", "serve", "led", code=2).error
    assert words in here.call("ledgerctl", "fsck", "led", code=2).error
    here.call("ledgerctl", "status", "-d", "led")


REFUSED = {
    "no ledger": (["."], None, "ledger.toml: missing; ledgerctl init makes one"),
    "a setting that is unknown": (["led"], ("log_level", "speed"), "led/ledger.toml: speed: Extra inputs are not"),
    "a setting that is none": (["led"], ('"127.0.0.1:0"', '"nowhere"'), "led/ledger.toml: public_listen: must be HOST"),
    "what is not TOML": (["led"], ("public_listen", "[["), "led/ledger.toml: not TOML"),
}


@pytest.mark.parametrize(("words", "change", "error"), REFUSED.values(), ids=REFUSED)
def test_settings_that_do_not_fit_are_named(
    words: list[str], change: tuple[str, str] | None, error: str, here: Site
) -> None:
    """A server whose settings do not fit ends at once with 2 and the setting's name."""
    if change is not None:
        here.open(inside=True)
        settings = here.path("led/ledger.toml")
        settings.write_text(settings.read_text().replace("# log_level", "log_level").replace(*change, 1))
    assert here.call("ledger", "serve", *words, code=2).error.startswith(error)


def test_every_key_that_is_open_or_missing_is_named(here: Site) -> None:
    """Keys that others may read, and keys that are missing, are named a line each before anything is served."""
    here.open(inside=True)
    here.path("led/keys/vrf.key").chmod(0o644)
    here.path("led/keys/queue.key").unlink()
    first, second = here.call("ledger", "serve", "led", code=2).stderr.splitlines()
    assert first.endswith("queue.key: No such file or directory")
    assert second.endswith("vrf.key: readable by others; chmod 600 it")


def test_an_address_in_use_is_named(standing: Standing, here: Site) -> None:
    """Where another server listens the setting is named, and nothing of it is left serving."""
    here.open(inside=True)
    assert standing.here.server is not None
    taken = standing.here.server.log[0].split('"role": "')[1].split('"')[0]
    here.path("led/ledger.toml").write_text(here.path("led/ledger.toml").read_text().replace("127.0.0.1:0", taken, 1))
    ran = here.run("ledger", "serve", "led", code=2)
    assert ran.error == "public_listen: cannot listen there; is another server running?"
    assert not here.path("led/serving.json").exists()


@pytest.fixture
def flowing() -> Iterator[tuple[Site, Path, Path]]:
    """Set up a ledger of its own on ports that stay, with an auditor and a source; yield their folders too."""
    with site() as own:
        own.open()
        own.serve()
        own.pin_ports()
        auditor = own.auditor("One")
        source = own.source("alpha", auditor)
        own.path("flow.jsonl").write_text(lines(*map(disclosure, range(FLOW))))
        yield own, auditor, source


async def _grown(folder: Path, size: int) -> None:
    """Return once the log has published more than ``size`` entries; raise TimeoutError if it does not."""
    async with asyncio.timeout(PATIENCE), load_profile(folder).public_channel() as channel:
        stub: Any = log_pb2_grpc.LogServiceStub(channel)
        async for checkpoint in stub.WatchCheckpoints(log_pb2.WatchCheckpointsRequest()):
            if int(checkpoint.note.split()[1]) > size:
                return


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)], ids=str)
def test_a_server_that_ends_loses_and_doubles_nothing(
    number: signal.Signals, code: int, flowing: tuple[Site, Path, Path]
) -> None:
    """Ended while records flow, by SIGTERM or kill -9, and started again, it has every record exactly once.

    The recorder goes on by itself; SIGTERM ends with 0; the store is whole.
    """
    own, auditor, source = flowing
    assert own.server is not None
    recorder = own.start("ledger", "record", "flow.jsonl", "-p", source, "--json")
    asyncio.run(_grown(source, 3))
    assert own.server.signal(number) == code
    (halfway,) = own.run("ledgerctl", "fsck", "led", "--json").objects
    assert halfway["tree_size"] < 3 + FLOW
    own.serve()
    stdout, stderr = recorder.communicate(timeout=PATIENCE)
    assert (recorder.returncode, stderr) == (0, f"{FLOW} recorded\n")
    rows = Ran(stdout, stderr).objects
    assert [row["sequence"] for row in rows] == list(range(FLOW))
    told = own.call("ledger", "audit", "open", "3:", "-p", auditor, "--json").objects
    opened = [row for row in told if "record" in row]
    assert [row["record"]["notes"] for row in opened] == [f"note {number}" for number in range(FLOW)]
    assert [row["index"] for row in opened] == [row["index"] for row in rows]
    assert own.stop() == 0
    (checked,) = own.call("ledgerctl", "fsck", "led", "--json").objects
    assert (checked["tree_size"], checked["payloads"]) == (3 + FLOW, FLOW)


def test_an_interrupted_recorder_goes_on_where_it_was(flowing: tuple[Site, Path, Path]) -> None:
    """Given up when the server was killed, the same file with ``--since`` gives every record exactly once."""
    own, auditor, source = flowing
    assert own.server is not None
    command = ("ledger", "record", "flow.jsonl", "-p", source)
    recorder = own.start(*command, "--patience", "3")
    asyncio.run(_grown(source, 3))
    own.server.signal(signal.SIGKILL)
    _, stderr = recorder.communicate(timeout=PATIENCE)
    hint, error = stderr.splitlines()
    assert recorder.returncode == 2
    assert error.startswith("error: ")
    assert hint.endswith("go on with --since 0, which leaves out what was recorded meanwhile")
    own.serve()
    ran = own.call(*command, "--since", "5000", code=2)
    assert "that an interrupted run had sent are recorded" in ran.stderr
    assert "since: the source stands at a lower sequence" in ran.stderr
    own.call(*command, "--since", "0")
    assert own.call(*command, "--since", "0").stdout == ""
    other = ("ledger", "record", "-", "-p", source, "--since", "0")
    assert "the source recorded more than the file has" in own.call(*other, given=lines(disclosure(0)), code=2).error
    told = own.call("ledger", "audit", "open", "3:", "-p", auditor, "--json").objects
    opened = [row for row in told if "record" in row]
    assert [row["record"]["notes"] for row in opened] == [f"note {number}" for number in range(FLOW)]
