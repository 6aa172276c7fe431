"""The process beside a server that keeps a folder of its log up to date and serves it (``http_listen``).

It is told the server's local socket and the folder, and two descriptors: the listening socket, and one whose other end
the server holds. When that end is gone, so is this process, whatever ended the server.
"""

import asyncio
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any, Final

import structlog
import uvicorn

from ledger.cli.exporting import from_server
from ledger.core.errors import LedgerError, Unavailable
from ledger.host import lines
from ledger.tiles.server import make_server

EVERY: Final = 1.0
"""Seconds between looks for a newer checkpoint."""


async def keep(admin_socket: Path, folder: Path, log: Any) -> None:
    """Export for ever; what hinders is logged once, and tried again."""
    said = ""
    while True:
        hindrance = await _hindrance(admin_socket, folder)
        if hindrance and hindrance != said:
            log.error("not exported", reason=hindrance)
        said = hindrance
        await asyncio.sleep(EVERY)


async def _hindrance(admin_socket: Path, folder: Path) -> str:
    """Export, and return what hindered it; that the server is starting or ending does not count."""
    try:
        await from_server(admin_socket, folder)
    except Unavailable:
        return ""
    except (LedgerError, OSError) as error:
        return str(error)
    return ""


def _stop_with(descriptor: int, server: uvicorn.Server) -> None:
    os.read(descriptor, 1)
    server.should_exit = True


def main() -> None:
    """Export and serve until the other end of the last descriptor is closed."""
    for number in (signal.SIGINT, signal.SIGTERM):  # meant for the process that started this one, which ends it
        signal.signal(number, signal.SIG_IGN)
    admin_socket, folder, listening, life = sys.argv[1:]
    lines.set_up()
    server = make_server(Path(folder))
    export = keep(Path(admin_socket), Path(folder), structlog.get_logger("ledger"))
    threading.Thread(target=asyncio.run, args=(export,), daemon=True).start()
    threading.Thread(target=_stop_with, args=(int(life), server), daemon=True).start()
    server.run([socket.socket(fileno=int(listening))])


if __name__ == "__main__":
    main()
