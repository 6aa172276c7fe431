"""Soak: a served ledger at a steady rate for a long time, with readers; nothing may grow or slow down.

    python -m tests.faults soak --minutes 30 --rate 2000

Four sources send what is due, two readers fetch and verify. Every ten seconds a sample is taken; once caches are full
(``--warm-up``) the samples count, and the medians of their first and last third are compared. It ends early once the
server has had ``--gigabytes`` written.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final

from ledger.client.range_receipt import verify_answer
from ledger.client.transport import translate
from ledger.v1 import disclosure_pb2_grpc
from tests.faults.harness import Harness, harness
from tests.faults.seen import Violation
from tests.faults.soak_watching import Size, Watched, watched
from tests.faults.sources import Source, dice

SOURCES: Final = 4
READERS: Final = 2
READS: Final = 20.0
"""Verified reads of each reader in a second."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the last ``seconds`` came to: entries, reads, sorted latencies of both in seconds, and the server's size."""

    seconds: float
    entries: int
    submits: tuple[float, ...]
    reads: tuple[float, ...]
    size: Size


@dataclass(frozen=True, slots=True)
class Measure:
    """One column: how to read it from a sample, in which unit, and by how much its last third may exceed the first."""

    name: str
    of: Callable[[Sample], float]
    factor: float
    allowance: float

    def row(self, samples: Sequence[Sample]) -> "Row":
        """Return the medians of the first and the last third."""
        third = len(samples) // 3
        first, last = samples[:third], samples[-third:]
        return Row(self, *(statistics.median(map(self.of, part)) for part in (first, last)))


@dataclass(frozen=True, slots=True)
class Row:
    """A measure in the first and in the last third of a soak."""

    measure: Measure
    first: float
    last: float

    @property
    def flat(self) -> bool:
        """Whether the last third is no worse than the first, but for what is allowed."""
        return self.last <= self.first * self.measure.factor + self.measure.allowance

    def line(self) -> str:
        """Return it as a row of a table."""
        return f"| {self.measure.name} | {self.first:,.1f} | {self.last:,.1f} | {'flat' if self.flat else 'GREW'} |"


def percentile(values: Sequence[float], percent: int) -> float:
    """Return a percentile of sorted ``values``: the smallest that so many are not above; 0 of none."""
    return values[max(0, -(-len(values) * percent // 100) - 1)] if values else 0.0


MEASURES: Final = (
    Measure("memory, MB", lambda sample: sample.size.memory / 1e6, 1.1, 16),
    Measure("descriptors", lambda sample: sample.size.descriptors, 1.1, 8),
    Measure("threads", lambda sample: sample.size.threads, 1.0, 2),
    Measure("submit p50, ms", lambda sample: percentile(sample.submits, 50) * 1e3, 1.25, 2),
    Measure("submit p99, ms", lambda sample: percentile(sample.submits, 99) * 1e3, 1.5, 20),
    Measure("read p50, ms", lambda sample: percentile(sample.reads, 50) * 1e3, 1.25, 2),
    Measure("read p99, ms", lambda sample: percentile(sample.reads, 99) * 1e3, 1.5, 20),
)
"""Latency has noise in its tail, and paths in the tree grow with its logarithm."""


@dataclass(slots=True)
class Soak:
    """A load of ``rate`` entries a second until ``stopping``, and what happened since the last sample."""

    ledger: Harness
    rate: float
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    entries: int = 0
    submits: list[float] = field(default_factory=list)
    reads: list[float] = field(default_factory=list)

    def sample(self, seconds: float, size: Size) -> Sample:
        """Return what happened in the last ``seconds``, and begin anew."""
        found = Sample(seconds, self.entries, tuple(sorted(self.submits)), tuple(sorted(self.reads)), size)
        self.entries, self.submits, self.reads = 0, [], []
        return found

    async def record(self, source: Source) -> None:
        """Send what is due, batch by batch, keeping no more than the last."""
        pins = self.ledger.seen.pins
        began, done = time.monotonic(), 0
        async with self.ledger.profile(source.member).role_channel() as transport:
            stub: Any = disclosure_pb2_grpc.DisclosureServiceStub(transport)
            while not self.stopping.is_set():
                (sent,) = source.unanswered(1)
                due = began + (done + sent.batch.count) * SOURCES / self.rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                known = self.ledger.seen.size, self.ledger.seen.root
                sent.request.known_size = known[0]
                started = time.monotonic()
                with translate():
                    response = await stub.SubmitBatch(sent.request)
                self.submits.append(time.monotonic() - started)
                answer = verify_answer(response, sent.batch, sent.binding, pins.vkey, pins.origin, known)
                self.saw(answer.note)
                sent.index = answer.first_index
                source.sent = [sent]
                done += sent.batch.count
                self.entries += sent.batch.count

    async def read(self) -> None:
        """Fetch and verify entries and receipts at a steady rate."""
        random = self.ledger.random
        async with self.ledger.public() as transport:
            reader = self.ledger.reader(transport)
            while not self.stopping.is_set():
                started = time.monotonic()
                signed = await reader.checkpoint()
                index = random.randrange(signed.checkpoint.size)
                if random.random() < 0.5:
                    await reader.receipt(index)
                else:
                    await reader.entry(index)
                self.reads.append(time.monotonic() - started)
                await asyncio.sleep(max(0.0, started + 1 / READS - time.monotonic()))

    def saw(self, note: bytes) -> None:
        """Keep the largest checkpoint only: all of them would make this process grow."""
        seen = self.ledger.seen
        checkpoint = seen.checkpoint(note)
        if checkpoint.size == seen.size:
            seen.roots = {checkpoint.size: checkpoint.root}


async def soak(ledger: Harness, minutes: float, rate: float, every: float, limit: int) -> list[Sample]:
    """Return the samples of a soak of the serving ledger; its entries are the smallest there are, to save the disk."""
    for source in ledger.sources:
        source.pool = source.pool[:1]
    load = Soak(ledger, rate)
    async with AsyncExitStack() as stack:
        seen = await stack.enter_async_context(watched(ledger))
        tasks = [asyncio.create_task(load.record(source)) for source in ledger.sources]
        tasks += [asyncio.create_task(load.read()) for _ in range(READERS)]
        try:
            samples = await _samples(load, tasks, seen, minutes * 60, every, limit)
        finally:
            load.stopping.set()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if outcome is not None:
            raise Violation(f"under load: {type(outcome).__name__}: {outcome}") from outcome
    return samples


async def _samples(
    load: Soak, tasks: Sequence["asyncio.Task[None]"], seen: Watched, seconds: float, every: float, limit: int
) -> list[Sample]:
    samples: list[Sample] = []
    last = time.monotonic()
    for _ in range(round(seconds / every)):
        ended, _ = await asyncio.wait(tasks, timeout=every, return_when=asyncio.FIRST_COMPLETED)
        now = time.monotonic()
        samples.append(load.sample(now - last, seen.look()))
        last = now
        if ended or samples[-1].size.written > limit:
            break
        seen.sizes.clear()
        seen.checks.clear()
    return samples


def report(samples: Sequence[Sample], rate: float) -> list[str]:
    """Return the table, and what it comes to; raise Violation if there are too few samples for thirds."""
    if len(samples) < 3:
        raise Violation(f"{len(samples)} samples make no thirds; soak for longer")
    seconds, entries = sum(item.seconds for item in samples), sum(item.entries for item in samples)
    reads = sum(len(item.reads) for item in samples)
    rows = [measure.row(samples) for measure in MEASURES]
    lines = [
        f"{seconds / 60:.1f} minutes, {entries:,} entries ({entries / seconds:,.0f}/s of {rate:,.0f}/s asked), "
        f"{reads:,} verified reads, {samples[-1].size.written / 1e9:.2f} GB written, {len(samples)} samples",
        "| median of samples | first third | last third | |",
        "|---|---|---|---|",
        *(row.line() for row in rows),
    ]
    grown = [row.measure.name for row in rows if not row.flat]
    if entries / seconds < 0.95 * rate:
        grown.append("the rate was not kept")
    return lines + [f"VIOLATION: {name}" for name in grown]


async def run(minutes: float, warm_up: float, rate: float, every: float, limit: int, seed: int) -> list[str]:
    """Soak a ledger of its own and return the report on what came after the minutes of ``warm_up``."""
    async with harness(dice(seed), [f"source-{number}" for number in range(SOURCES)]) as ledger:
        samples = await soak(ledger, warm_up + minutes, rate, every, limit)
        if await ledger.stop() != 0:
            raise Violation(f"a stop ended with an error; {ledger.last_words}")
    return report(samples[round(warm_up * 60 / every) :], rate)


def main(arguments: Sequence[str]) -> int:
    """Run the long form and print its table; return 1 if something grew."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="how long (30)")
    parser.add_argument("--warm-up", type=float, default=5, help="minutes before that, which do not count (5)")
    parser.add_argument("--rate", type=float, default=2000, help="entries a second (2000)")
    parser.add_argument("--every", type=float, default=10, help="seconds between samples (10)")
    parser.add_argument("--gigabytes", type=float, default=4, help="end early once so much was written (4)")
    parser.add_argument("--seed", type=int, default=1, help="what is drawn: batch sizes, what is read (1)")
    options = parser.parse_args(arguments)
    limit = int(options.gigabytes * 1e9)
    rows = asyncio.run(run(options.minutes, options.warm_up, options.rate, options.every, limit, options.seed))
    print("\n".join(rows))
    return int(any(row.startswith("VIOLATION") for row in rows))
