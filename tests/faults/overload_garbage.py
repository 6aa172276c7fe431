"""Random bytes on every port of a served ledger: plain, after a greeting that promises more, and inside TLS."""

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from ledger.service.server import Bound

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS: Final = bytes.fromhex("000000040000000000")
"""An empty HTTP/2 SETTINGS frame."""

GREETINGS: Final[dict[str, bytes]] = {
    "nothing": b"",
    "TLS": bytes.fromhex("16030100ff010000fb0303"),
    "HTTP/2": PREFACE + SETTINGS,
    "a call": PREFACE + SETTINGS + bytes.fromhex("0000280104000000010000"),
    "HTTP": b"GET /metrics HTTP/1.1\r\nHost: ledger\r\nX-Garbage: ",
}
"""How a connection begins before it goes on with random bytes."""

LISTENED: Final = 0.5
"""Seconds for which an answer to garbage is awaited."""


@dataclass(frozen=True, slots=True)
class Port:
    """One listener: how to connect to it, with TLS where ``context`` is given."""

    name: str
    address: str
    context: ssl.SSLContext | None = None

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return a new connection."""
        if self.name == "socket":
            return await asyncio.open_unix_connection(self.address)
        host, _, port = self.address.rpartition(":")
        return await asyncio.open_connection(host, int(port), ssl=self.context)

    async def throw(self, data: bytes) -> None:
        """Send ``data`` over a connection of its own, and leave once it is closed or silent."""
        with suppress(OSError, ssl.SSLError, TimeoutError):
            reader, writer = await self.connect()
            try:
                writer.write(data)
                await asyncio.wait_for(_exhaust(reader, writer), LISTENED)
            finally:
                writer.transport.abort()


async def _exhaust(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await writer.drain()
    while await reader.read(65536):
        pass


def ports(bound: Bound, authority: Path) -> list[Port]:
    """Return every way into a server, the public listener also within TLS."""
    context = ssl.create_default_context(cafile=str(authority))
    context.set_alpn_protocols(["h2"])
    return [
        Port("public", bound.public),
        Port("public", bound.public, context),
        Port("role", bound.role),
        Port("metrics", bound.metrics),
        Port("socket", bound.socket),
    ]


def garbage(random: Random) -> bytes:
    """Return a greeting and up to 16 KiB of random bytes."""
    return random.choice(list(GREETINGS.values())) + random.randbytes(random.choice((1, 64, 16384)))


async def throw(targets: Sequence[Port], random: Random, rounds: int) -> int:
    """Throw garbage at each target ``rounds`` times, one round at once; return how many connections that made."""
    for _ in range(rounds):
        await asyncio.gather(*(port.throw(garbage(random)) for port in targets))
    return rounds * len(targets)
