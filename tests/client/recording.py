"""A recorder over a lying ledger, and what a crash would leave of it."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from ledger.client.exchange import Chain
from ledger.client.journal import Journal, Position
from ledger.client.recorder import Recorder
from ledger.client.transport import channel
from tests.client.honest import pins
from tests.client.lying import Lying
from tests.core.world import World

SOURCE: Final = "alpha"


def opened_world() -> World:
    """Return a log with one auditor and one source."""
    world = World.open()
    world.add_auditor("one")
    world.enrol(SOURCE)
    return world


def chain(world: World) -> Chain:
    """Return whom the source speaks as in ``world``."""
    return Chain(SOURCE, world.state.sources[SOURCE].key_statement, world.recipients(SOURCE))


async def unchanged() -> Chain:
    """Stand for a source whose ledger never asks for another policy."""
    raise AssertionError("the policy was asked for again")


def journal(world: World, directory: Path) -> Journal:
    """Return the source's journal in ``directory``; a new one knows the tree of ``world``."""
    opened = Journal(directory, world.log_id, SOURCE, world.secrets[SOURCE].seed)
    if not opened.position.size:
        opened.settle(Position(size=world.size, root=world.root()))
    return opened


@asynccontextmanager
async def recording(ledger: Lying, directory: Path, patience: float | None = None) -> AsyncIterator[Recorder]:
    """Yield a started recorder on a channel of its own."""
    world = ledger.world
    held = journal(world, directory)
    async with channel(ledger.address, None) as opened:
        clock = lambda: world.minute * 60.0  # noqa: E731 -- the world's clock, in seconds
        recorder = Recorder(opened, pins(world), world.secrets[SOURCE], held, clock, patience)
        try:
            held.settle(await recorder.recover())
            await recorder.start(chain(world), unchanged)
            await recorder.settle_releases()
            yield recorder
        finally:
            await recorder.close()


def crashed(directory: Path) -> Path:
    """Return a copy of a journal as it is on disk this moment: what kill -9 would leave."""
    return Path(shutil.copytree(directory, directory.with_name(f"{directory.name}-crashed")))
