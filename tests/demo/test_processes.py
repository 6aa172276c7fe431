"""The demo's server process never outlives a start that did not succeed."""

import asyncio
import signal
import subprocess
from pathlib import Path

import pytest

from ledger.cli.demo import processes
from ledger.cli.demo.processes import ServerProcess
from ledger.core.errors import Unavailable


@pytest.fixture
def spawned(monkeypatch: pytest.MonkeyPatch) -> "list[subprocess.Popen[bytes]]":
    """Collect the processes that are started."""
    found = []

    def spawn(directory: Path, log: Path) -> "subprocess.Popen[bytes]":
        found.append(original(directory, log))
        return found[-1]

    original = processes._spawn
    monkeypatch.setattr(processes, "_spawn", spawn)
    return found


async def test_an_interrupted_start_leaves_no_server(tmp_path: Path, spawned: "list[subprocess.Popen[bytes]]") -> None:
    """Ctrl-C before the server serves ends the server too, which has a session of its own."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await ServerProcess.start(tmp_path, tmp_path / "server.log")
    assert [process.returncode for process in spawned] == [-signal.SIGKILL]


async def test_a_server_that_ends_is_told(tmp_path: Path, spawned: "list[subprocess.Popen[bytes]]") -> None:
    """A folder without a ledger serves nothing; the error names where the server's lines are."""
    with pytest.raises(Unavailable, match=r"the server did not start; see .*server\.log"):
        await ServerProcess.start(tmp_path, tmp_path / "server.log")
    assert [process.returncode for process in spawned] == [2]
