"""``ledger serve``: the server, until it is told to stop."""

import asyncio
import gc
import signal
from pathlib import Path
from typing import Annotated, Final

import structlog
import typer
import uvloop

from ledger.cli.outcome import command
from ledger.host import lines
from ledger.service import config, keys
from ledger.service.server import Server

COLLECT_AFTER: Final = 100_000
"""Objects made and not yet freed before the interpreter looks for cycles among the young ones."""


def serve(
    directory: Annotated[Path, typer.Argument(metavar="DIR", readable=False, help="Made by ledgerctl init.")],
) -> None:
    """Serve the ledger in DIR until SIGTERM or SIGINT; then finish what is queued and close."""
    with command():
        settings = config.load(directory)
        lines.set_up(settings.log_level)
        uvloop.run(_serve(settings, keys.load(settings.path(settings.keys))))


async def _serve(settings: config.Settings, server_keys: keys.ServerKeys) -> None:
    log = structlog.get_logger("ledger")
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    server = await Server.start(settings, server_keys)
    _calm_collector()
    bound = server.bound
    where = {"public": bound.public, "role": bound.role, "metrics": bound.metrics, "plaintext": bound.plaintext}
    log.info("serving", **where, http=bound.http)
    await stopping.wait()
    log.info("stopping")
    await server.stop()
    log.info("stopped")


def _calm_collector() -> None:
    """Look for cycles seldom: a batch is tens of thousands of objects, none in a cycle, each alive for a moment."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 10, 10)
