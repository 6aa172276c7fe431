"""``ledgerctl export``: the log as static files, for any web server and anybody's mirror (C2SP tlog-tiles)."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from ledger.cli import exporting
from ledger.cli.exporting import Exported
from ledger.cli.options import JsonOption
from ledger.cli.outcome import UNCHECKED, command, emit, say
from ledger.core.encoding import encode_base64
from ledger.service import config
from ledger.service.config import Settings


def export(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The ledger's directory; its server may run.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder of static files; made if it is missing.")],
    follow: Annotated[
        float | None, typer.Option(min=0.1, metavar="SECONDS", help="Go on, every so many seconds, until interrupted.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write what is new in the log to OUT: entries and tiles, the checkpoint last."""
    with command():
        settings = config.load(directory)

        def told(found: Exported) -> None:
            _tell(found, as_json)

        if not asyncio.run(_until_interrupted(settings, out, follow, told)) and follow is None:
            say("interrupted; the next run goes on from here")
            raise typer.Exit(UNCHECKED)


async def _until_interrupted(settings: Settings, out: Path, seconds: float | None, told: exporting.Told) -> bool:
    """Export once or on and on; return whether it came to its end before SIGINT or SIGTERM."""
    running = asyncio.ensure_future(
        _once(settings, out, told) if seconds is None else exporting.follow(settings, out, seconds, told)
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.cancel)
    try:
        await running
    except asyncio.CancelledError:
        return False
    return True


async def _once(settings: Settings, out: Path, told: exporting.Told) -> None:
    told(await exporting.export(settings, out))


def _tell(found: Exported, as_json: bool) -> None:
    checkpoint = found.signed.checkpoint
    new = checkpoint.size - found.before
    if as_json:
        facts = {"origin": checkpoint.origin, "tree_size": checkpoint.size, "root": encode_base64(checkpoint.root)}
        emit({**facts, "new_entries": new})
    else:
        print(f"exported: {checkpoint.size} entries of {checkpoint.origin}, {new} of them new")
    sys.stdout.flush()
