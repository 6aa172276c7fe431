"""A log with sealed payloads, and what an auditor finds in it."""

from typing import Final

from ledger.audit.payloads import Opened, open_range
from ledger.client.reads import LogClient
from ledger.core.lookup_keys import canonicalise
from tests.client.honest import pins
from tests.client.lying import Lying
from tests.core.world import AuditorKeys, World, disclosure

ONE: Final = AuditorKeys.of("one")
TWO: Final = AuditorKeys.of("two")
KEY: Final = canonicalise("email", "somebody@example.org")
UNOPENED: Final = "sealed before this auditor was accredited, or not to it"


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


async def opened(ledger: Lying, secret: bytes, begin: int = 0, end: int | None = None) -> dict[int, Opened]:
    """Return what an auditor finds in a range, by index."""
    reader = LogClient(ledger.channel, pins(ledger.world))
    stop = ledger.world.size if end is None else end
    return {item.entry.index: item async for item in open_range(ledger.channel, reader, secret, begin, stop)}
