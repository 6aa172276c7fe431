"""A server's log on the web: another process exports it and serves it, and is started and ended with the server."""

import asyncio
import socket
import sys
from pathlib import Path
from typing import Final

import structlog

from ledger.core.errors import ConfigInvalid
from ledger.host.listening import listen
from ledger.service.config import split_address
from ledger.tiles import CONNECTIONS

TARGET: Final = "ledger.cli.publishing"
"""The module that the process runs; it needs the client, which a server never imports."""
RESTART: Final = 5.0
"""Seconds until a process that ended is followed by another."""
STOP: Final = 10.0
"""Seconds that it may take to end."""


class Web:
    """Keeps one such process running; made by ``Web.bind``, then started."""

    def __init__(self, listening: socket.socket, address: str) -> None:
        self._listening, self.address = listening, address
        self._ours, self._theirs = socket.socketpair()
        self._running: asyncio.Task[None] | None = None
        self.process: asyncio.subprocess.Process | None = None

    @classmethod
    def bind(cls, address: str) -> "Web":
        """Listen at HOST:PORT; raise ConfigInvalid if that cannot be."""
        try:
            listening = listen(*split_address(address), CONNECTIONS)
        except OSError as error:
            reason = str(error.strerror).partition(" (")[0]  # where the standard library repeats the address
            raise ConfigInvalid([f"http_listen: cannot listen there ({reason})"]) from None
        return cls(listening, f"{address.rpartition(':')[0]}:{listening.getsockname()[1]}")

    async def start(self, admin_socket: Path, folder: Path) -> None:
        """Start the process, and another whenever it ends."""
        await self._start(admin_socket, folder)
        self._running = asyncio.create_task(self._keep(admin_socket, folder))

    async def _start(self, admin_socket: Path, folder: Path) -> None:
        descriptors = (self._listening.fileno(), self._theirs.fileno())
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", TARGET, str(admin_socket), str(folder), *map(str, descriptors)),
            pass_fds=descriptors,
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )

    async def _keep(self, admin_socket: Path, folder: Path) -> None:
        while self.process is not None:
            code = await self.process.wait()
            structlog.get_logger("ledger").error("web server ended", code=code)
            await asyncio.sleep(RESTART)
            await self._start(admin_socket, folder)

    async def close(self) -> None:
        """End the process and stop listening."""
        if self._running is not None:
            self._running.cancel()
        self._ours.close()
        self._theirs.close()
        self._listening.close()
        if self.process is not None:
            try:
                await asyncio.wait_for(self.process.wait(), STOP)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
