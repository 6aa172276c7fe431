"""Overload: what a served ledger does when many more connections want in than it can serve.

    python -m tests.faults overload --seconds 20 --connections 200

Each connection is a source of its own with mutual TLS that sends its next batch as soon as the last one is answered.
The same server is measured with 4 connections first; then with all of them. What holds: most of the goodput stays,
memory is bounded, health answers promptly, whoever is refused is told when to come back, and no acknowledged entry
is missing. Then garbage is thrown at every port, and the ledger goes on.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from ledger.client.transport import OPTIONS
from ledger.v1 import disclosure_pb2, disclosure_pb2_grpc
from tests.faults.harness import Harness, harness
from tests.faults.invariants import check
from tests.faults.overload_garbage import ports, throw
from tests.faults.seen import Violation
from tests.faults.soak_watching import Watched, watched
from tests.faults.sources import Sent, Source, dice

FEW: Final = 4
"""Connections that the goodput is compared with."""

QUEUE: Final = 8 * 1024 * 1024
"""The server's bound for what waits, in bytes: the smallest that can be configured."""

GOODPUT: Final = 0.7
HEALTHY: Final = 1.0
"""Seconds in which health has to answer."""

GROWTH: Final = 512 * 1024 * 1024
"""Bytes by which the server's memory may grow."""


@dataclass(slots=True)
class Phase:
    """What ``connections`` closed loops got done in ``seconds``."""

    connections: int
    seconds: float = 0.0
    entries: int = 0
    refused: int = 0
    took: list[float] = field(default_factory=list)
    """Seconds from the first sending of a batch to its answer."""

    @property
    def goodput(self) -> float:
        """Entries acknowledged in a second."""
        return self.entries / self.seconds

    def line(self, seen: Watched) -> str:
        """Return it as a row of a table."""
        p50, p99 = statistics.median(self.took), statistics.quantiles(self.took, n=100)[98]
        return (
            f"{self.connections:4} connections: {self.goodput:8,.0f} entries/s, a batch {p50 * 1000:6.0f} ms median, "
            f"{p99 * 1000:6.0f} ms p99, {self.refused:,} refused for the moment, "
            f"memory at most {seen.peak / 1e6:,.0f} MB, health at most {max(seen.checks) * 1000:,.0f} ms"
        )


def connect(ledger: Harness, source: Source) -> grpc.aio.Channel:
    """Return a connection of its own to the role listener: channels otherwise share one."""
    profile = ledger.profile(source.member)
    certificate, key = (profile.path(name).read_bytes() for name in (profile.certificate, profile.certificate_key))
    credentials = grpc.ssl_channel_credentials(profile.path(profile.authority).read_bytes(), key, certificate)
    options = [*OPTIONS, ("grpc.use_local_subchannel_pool", 1)]
    return grpc.aio.secure_channel(profile.role_address, credentials, options=options)


async def press(ledger: Harness, connections: int, batches: int, seconds: float) -> Phase:
    """Return what ``connections`` loops got done, each for so long or until it has sent ``batches``."""
    sources = ledger.sources[:connections]
    for source in sources:
        source.unanswered(batches)
    phase = Phase(connections)
    async with AsyncExitStack() as stack:
        stubs = []
        for source in sources:
            channel = await stack.enter_async_context(connect(ledger, source))
            await channel.channel_ready()
            stubs.append(disclosure_pb2_grpc.DisclosureServiceStub(channel))
        began = time.monotonic()
        ends = began + seconds
        await asyncio.gather(
            *(_loop(stub, source.unanswered(), ends, phase) for stub, source in zip(stubs, sources, strict=True))
        )
        phase.seconds = time.monotonic() - began
    return phase


async def _loop(stub: Any, batches: Sequence[Sent], ends: float, phase: Phase) -> None:
    for sent in batches:
        if time.monotonic() >= ends:
            return
        began = time.monotonic()
        sent.index = (await _send(stub, sent.request, phase)).first_index
        phase.took.append(time.monotonic() - began)
        phase.entries += sent.batch.count


async def _send(
    stub: Any, request: disclosure_pb2.SubmitBatchRequest, phase: Phase
) -> disclosure_pb2.SubmitBatchResponse:
    """Send until answered, waiting as long as each refusal says; raise Violation for any other refusal."""
    while True:
        try:
            answer: disclosure_pb2.SubmitBatchResponse = await stub.SubmitBatch(request)
        except grpc.aio.AioRpcError as error:
            phase.refused += 1
            await asyncio.sleep(retry_delay(error))
        else:
            return answer


def retry_delay(error: grpc.aio.AioRpcError) -> float:
    """Return in how many seconds to come back; raise Violation unless the status is RESOURCE_EXHAUSTED and says so."""
    status = rpc_status.from_call(error)
    info = error_details_pb2.RetryInfo()
    if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED and status is not None:
        for packed in status.details:
            if packed.Unpack(info):
                return float(info.retry_delay.ToTimedelta().total_seconds())
    raise Violation(f"under overload: {error.code().name}: {error.details()}")


async def pelt(ledger: Harness, rounds: int) -> int:
    """Throw garbage at every port while sources go on, and hold the ledger to all it told; return the connections."""
    authority = ledger.directory / "certs" / "ca.crt"
    targets = ports(ledger.bound, authority)
    async with watched(ledger):
        thrown, _ = await asyncio.gather(
            throw(targets, ledger.random, rounds), press(ledger, FEW, batches=rounds, seconds=60)
        )
    await check(ledger)
    return thrown


async def run(connections: int, seconds: float, seed: int, rounds: int = 100) -> list[str]:
    """Return the rows of the report and, after them, what did not hold."""
    async with harness(dice(seed), [f"source-{number}" for number in range(connections)]) as ledger:
        await ledger.stop()
        await ledger.start(LEDGER_QUEUE_BYTES=str(QUEUE))
        async with watched(ledger) as calm:
            few = await press(ledger, FEW, int(seconds * 100), seconds)
        idle = calm.sizes[0].memory
        async with watched(ledger) as stormy:
            many = await press(ledger, connections, max(4, int(seconds * 400 / connections)), seconds)
        await check(ledger)
        thrown = await pelt(ledger, rounds)
        failures = {
            f"goodput fell below {GOODPUT:.0%}": many.goodput < GOODPUT * few.goodput,
            f"health took longer than {HEALTHY:.0f} s": max(calm.checks + stormy.checks) > HEALTHY,
            f"memory grew by more than {GROWTH / 1e6:,.0f} MB": stormy.peak > idle + GROWTH,
        }
        if await ledger.stop() != 0:
            raise Violation(f"a stop ended with an error; {ledger.last_words}")
    rows = [few.line(calm), many.line(stormy), f"goodput {many.goodput / few.goodput:.0%} of that with {FEW}"]
    rows.append(f"{thrown} connections of garbage, the ledger went on")
    return rows + [f"VIOLATION: {what}" for what, failed in failures.items() if failed]


def main(arguments: Sequence[str]) -> int:
    """Run the long form and print its figures; return 1 if something did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults overload", description=__doc__)
    parser.add_argument("--connections", type=int, default=200, help="closed loops at once (200)")
    parser.add_argument("--seconds", type=float, default=20, help="of each measurement (20)")
    parser.add_argument("--seed", type=int, default=1, help="what is drawn: batch sizes, garbage (1)")
    options = parser.parse_args(arguments)
    rows = asyncio.run(run(options.connections, options.seconds, options.seed))
    print("\n".join(rows))
    return int(any(row.startswith("VIOLATION") for row in rows))
