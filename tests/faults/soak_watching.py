"""A server from outside: its memory, descriptors and writes, and how long it takes to say that it is well."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.faults.harness import Harness
from tests.faults.seen import Violation

EVERY = 0.1
"""Seconds between two looks."""


@dataclass(frozen=True, slots=True)
class Size:
    """What a server holds: bytes of its own memory, open descriptors, threads, and bytes it had written to disk.

    The processes that it has started count with it. Pages of files that it has mapped do not: LevelDB maps its tables,
    and the kernel takes them back at will.
    """

    memory: int
    descriptors: int
    threads: int
    written: int

    @classmethod
    def of(cls, process: int) -> "Size":
        """Return the size of a process, by its id, and of those that it has started."""
        folder = Path("/proc") / str(process)
        status = _fields(folder / "status")
        written = int(_fields(folder / "io")["write_bytes"])
        descriptors = len(list((folder / "fd").iterdir()))
        own = cls(int(status["RssAnon"].split()[0]) * 1024, descriptors, int(status["Threads"]), written)
        started = {child for path in folder.glob("task/*/children") for child in path.read_text().split()}
        return sum((cls.of(int(child)) for child in started), own)

    def __add__(self, other: "Size") -> "Size":
        return Size(
            self.memory + other.memory,
            self.descriptors + other.descriptors,
            self.threads + other.threads,
            self.written + other.written,
        )


def _fields(path: Path) -> dict[str, str]:
    rows = (line.partition(":") for line in path.read_text().splitlines())
    return {name: value.strip() for name, _, value in rows}


@dataclass(slots=True)
class Watched:
    """What was seen of a server: every size, and the seconds each health check took."""

    process: int
    sizes: list[Size] = field(default_factory=list)
    checks: list[float] = field(default_factory=list)

    @property
    def peak(self) -> int:
        """The most memory that it held, in bytes."""
        return max(size.memory for size in self.sizes)

    def look(self) -> Size:
        """Take its size now."""
        self.sizes.append(Size.of(self.process))
        return self.sizes[-1]


@asynccontextmanager
async def watched(ledger: Harness) -> AsyncIterator[Watched]:
    """Look at the serving ledger ten times a second during the block; raise Violation if it does not say SERVING."""
    assert ledger.process is not None
    found = Watched(ledger.process.pid)
    async with ledger.public() as transport:
        stub = health_pb2_grpc.HealthStub(transport)

        async def look() -> None:
            while True:
                began = time.monotonic()
                answer = await stub.Check(health_pb2.HealthCheckRequest())
                found.checks.append(time.monotonic() - began)
                if answer.status != health_pb2.HealthCheckResponse.SERVING:
                    raise Violation(f"health says {answer.status}")
                found.look()
                await asyncio.sleep(EVERY)

        await stub.Check(health_pb2.HealthCheckRequest())  # the connection is made
        looking = asyncio.create_task(look())
        try:
            yield found
        finally:
            if looking.done():
                looking.result()
            looking.cancel()
