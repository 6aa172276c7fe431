"""A ledger's log written to a folder as static files: from its running server, or from the store where none runs."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.client.admin import AdminClient
from ledger.client.reads import LogClient, Pins
from ledger.client.transport import channel
from ledger.core.checkpoint import SignedCheckpoint, open_checkpoint
from ledger.core.encoding import check_hash
from ledger.core.errors import Unavailable, VerificationFailed
from ledger.core.note import VKey
from ledger.core.tlogtiles import Leaves
from ledger.engine import rows, schema
from ledger.engine.reader import Reader
from ledger.engine.store import Store
from ledger.engine.tiles import TileTree
from ledger.service.config import Settings
from ledger.service.server import serving
from ledger.tiles.folder import Writer, open_writer

STEP: Final = 1024
"""Entries that are read from the store at a time."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What a pass came to: the checkpoint that the folder now has, and how many entries it had before."""

    signed: SignedCheckpoint
    before: int


Told = Callable[[Exported], object]


async def export(settings: Settings, out: Path) -> Exported:
    """Bring ``out`` up to the ledger's checkpoint.

    Raises:
        VerificationFailed: ``out`` has entries that the ledger has not.
        WrongLog, StoreDamaged: ``out`` is another log's or damaged, or the store is.
        Locked: another process has the store or ``out``.
    """
    if serving(settings.directory) is not None:
        with suppress(Unavailable):  # what a server says that was killed is there still
            return await from_server(settings.path(settings.admin_socket), out)
    return await _from_store(settings, out)


async def follow(settings: Settings, out: Path, seconds: float, told: Told) -> None:
    """Export, then again every so many seconds for as long as a server runs, until cancelled; raises as ``export``.

    The store of a ledger that is not served is read once: it cannot grow, and a server about to start needs it.
    """
    told(await export(settings, out))
    while True:
        await asyncio.sleep(seconds)
        with suppress(Unavailable):
            found = await from_server(settings.path(settings.admin_socket), out)
            if found.signed.checkpoint.size > found.before:
                told(found)


async def from_server(socket: Path, out: Path) -> Exported:
    """Bring ``out`` up to the checkpoint of the server at its local ``socket``.

    Raises as ``export`` does, and Unavailable where no server answers.
    """
    async with AdminClient.local(socket) as admin:
        status = await admin.status()
    pins = Pins(status.origin, VKey.parse(status.vkey), check_hash(status.log_id, "log_id"))
    with open_writer(out, pins.vkey, pins.origin) as writer:
        before = writer.size
        async with channel(f"unix:{socket}", None) as transport:
            client = LogClient(transport, pins, before, writer.root())
            signed = await client.checkpoint()
            if signed.checkpoint.size > before:
                async for chunk in client.chunks(before, signed.checkpoint.size):
                    writer.append(Leaves.of(chunk.leaves))
        return Exported(writer.publish(signed.note.format()), before)


async def _from_store(settings: Settings, out: Path) -> Exported:
    store = Store.open(settings.path(settings.store))
    try:
        governing = rows.read_governing(store.require(schema.meta_key("governing")))
        vkey, note = VKey.parse(governing.checkpoint_vkey), store.require(schema.meta_key("checkpoint"))
        size = open_checkpoint(note, vkey, governing.origin).checkpoint.size
        tree = TileTree.load(store, size)
        with open_writer(out, vkey, governing.origin) as writer:
            before = writer.size
            _check_begins(tree, writer)
            reader = Reader(store, tree)
            for begin in range(before, size, STEP):
                writer.append(Leaves.of(reader.leaves(begin, min(begin + STEP, size))))
                await asyncio.sleep(0)  # where a cancellation arrives
            return Exported(writer.publish(note), before)
    finally:
        store.close()


def _check_begins(tree: TileTree, writer: Writer) -> None:
    """Raise VerificationFailed unless the store's tree begins with what the folder has."""
    if writer.size > tree.size:
        raise VerificationFailed(f"{writer.folder}: has {writer.size} entries, the ledger {tree.size}")
    if writer.root() != tree.root_at(writer.size):
        raise VerificationFailed(f"{writer.folder}: its {writer.size} entries are not the ledger's")
