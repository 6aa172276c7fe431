"""A log with sealed payloads, and what an auditor finds in it."""

from collections.abc import Callable
from typing import Final

from ledger.audit.boxes import SEALED_TO_OTHERS, known_auditor
from ledger.audit.payloads import Opened, open_range
from ledger.client.reads import LogClient
from ledger.core import bodies
from ledger.core.life import target_of
from ledger.core.lookup_keys import canonicalise
from ledger.core.statement import decode_leaf
from ledger.v1 import disclosure_pb2
from tests.client.honest import pins
from tests.client.lying import Lying
from tests.core.world import AuditorKeys, World, disclosure

ONE: Final = AuditorKeys.of("one")
TWO: Final = AuditorKeys.of("two")
KEY: Final = canonicalise("email", "somebody@example.org")
UNOPENED: Final = SEALED_TO_OTHERS


def audited() -> World:
    """Return a log: 3 a disclosure, 4…6 three in a batch, then auditor "two", and 8 a disclosure to both."""
    world = World.open()
    world.add_auditor("one")
    world.enrol("alpha")
    world.disclose("alpha", disclosure(KEY, notes="first"))
    world.disclose("alpha", *(disclosure(notes=f"of three: {number}") for number in range(3)))
    world.add_auditor("two")
    world.disclose("alpha")
    return world


def erased(world: World) -> Callable[[list[disclosure_pb2.SealedBatch]], list[disclosure_pb2.SealedBatch]]:
    """Return what an honest ledger makes of what travelled: an ERASURE stands for what it names, a lift has nothing."""
    gone = {}
    for index, leaf in enumerate(world.leaves):
        named = target_of(decode_leaf(leaf).statement)
        if named is not None and isinstance(decode_leaf(leaf).statement.body, bodies.Erasure):
            gone[named[0]] = index

    def honest(batches: list[disclosure_pb2.SealedBatch]) -> list[disclosure_pb2.SealedBatch]:
        for batch in batches:
            kept = []
            for item in batch.payloads:
                erasure = gone.get((batch.source_id, item.sequence))
                if erasure is None:
                    kept += [item] * bool(item.payload)
                else:
                    batch.erased.add(index=item.index, sequence=item.sequence, erasure=erasure)
            batch.ClearField("payloads")
            batch.payloads.extend(kept)
        return batches

    return honest


async def opened(ledger: Lying, secret: bytes, begin: int = 0, end: int | None = None) -> dict[int, Opened]:
    """Return what an auditor finds in a range, by index."""
    reader = LogClient(ledger.channel, pins(ledger.world))
    stop = ledger.world.size if end is None else end
    auditor = await known_auditor(reader, secret)
    return {item.entry.index: item async for item in open_range(ledger.channel, reader, auditor, begin, stop)}
