"""The processes of the demo: the server, and commands as a person would type them."""

import asyncio
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ledger.core.errors import Unavailable
from ledger.service.server import Bound, serving

START_SECONDS: Final = 60
"""How long a server may take until it serves."""


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """``ledger serve DIRECTORY``, its log lines in ``log``."""

    directory: Path
    log: Path
    process: "subprocess.Popen[bytes]"
    bound: Bound

    @classmethod
    async def start(cls, directory: Path, log: Path) -> "ServerProcess":
        """Return the server once it serves; raise Unavailable if it ends or takes a minute."""
        process = _spawn(directory, log)
        bound = None
        try:
            bound = await _bound(process, directory)
        finally:
            if bound is None:  # interrupted as well: nobody else knows this process yet
                process.kill()
                process.wait()
        if bound is None:
            raise Unavailable(f"the server did not start; see {log}")
        return cls(directory, log, process, bound)

    def stop(self) -> int:
        """End it gracefully and return its exit code."""
        self.process.terminate()
        return self.process.wait()


def _spawn(directory: Path, log: Path) -> "subprocess.Popen[bytes]":
    """Start the server in a session of its own: it may outlive the demo."""
    command = [sys.executable, "-m", "ledger", "serve", str(directory)]
    with log.open("ab") as lines:
        return subprocess.Popen(  # noqa: S603 -- our own command
            command, stdin=subprocess.DEVNULL, stdout=lines, stderr=lines, start_new_session=True
        )


async def _bound(process: "subprocess.Popen[bytes]", directory: Path) -> Bound | None:
    """Return where the server listens once it does, or None if it ends or takes a minute."""
    for _ in range(START_SECONDS * 20):
        bound = serving(directory)
        if bound is not None:
            return bound
        if process.poll() is not None:
            break
        await asyncio.sleep(0.05)
    return None


async def run(package: str, *arguments: str) -> int:
    """Run ``ledger`` or ``ledgerctl`` with arguments, its output thrown away, and return its exit code."""
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", package, *arguments, stdin=quiet, stdout=quiet, stderr=quiet
    )
    return await process.wait()


async def lines(package: str, *arguments: str) -> asyncio.subprocess.Process:
    """Start ``ledger`` or ``ledgerctl``, whose standard output is to be read."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        package,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=16 * 1024 * 1024,
    )


async def answer(package: str, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """Run ``ledger`` or ``ledgerctl`` with arguments and return its exit code and the JSON objects of its lines."""
    process = await lines(package, *arguments)
    output, _ = await process.communicate()
    assert process.returncode is not None  # noqa: S101 -- it has ended
    return process.returncode, [json.loads(line) for line in output.splitlines()]
