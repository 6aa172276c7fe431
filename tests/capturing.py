"""A proxy on the loopback that keeps every byte that passes, in both directions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass(slots=True)
class Captured:
    """Where the proxy listens, and what has passed."""

    address: str = ""
    passed: bytearray = field(default_factory=bytearray)


@asynccontextmanager
async def capturing(address: str) -> AsyncIterator[Captured]:
    """Yield a proxy before ``address``, HOST:PORT."""
    captured = Captured()
    host, _, port = address.rpartition(":")

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                captured.passed += data
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, int(port))
        await asyncio.gather(pump(reader, back), pump(there, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    captured.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield captured
