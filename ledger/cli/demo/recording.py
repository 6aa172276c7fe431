"""Recording: many calls at once for each source, every receipt handed to the stranger, a sample written to files."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from ledger.cli.demo.stage import Stage
from ledger.client.opening import open_recorder
from ledger.client.range_receipt import Receipt
from ledger.client.recorder import Recorder
from ledger.core.note import VKey
from ledger.core.record_input import Disclosure

CHUNK: Final = 256
"""Disclosures that a feeder of a source gives at once; they gather into batches by themselves."""

FEEDERS: Final = 2
"""Feeders of each source: while one hands receipts on, the other's disclosures are on their way."""

PATIENCE: Final = 60.0
"""Seconds that a recorder waits for a server that does not answer."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """The running process that verifies receipts."""

    process: asyncio.subprocess.Process
    lock: asyncio.Lock

    async def give(self, receipt: bytes) -> None:
        """Hand over one receipt; waits while the stranger lags behind."""
        pipe = self.process.stdin
        assert pipe is not None  # noqa: S101 -- it was asked for
        async with self.lock:
            pipe.write(len(receipt).to_bytes(4, "big") + receipt)
            await pipe.drain()

    async def verdict(self) -> dict[str, int]:
        """Return ``{"verified", "refused", "reasons"}`` once all that was given is verified."""
        assert self.process.stdin is not None and self.process.stdout is not None  # noqa: S101, PT018 -- asked for
        self.process.stdin.close()
        output = await self.process.stdout.read()
        await self.process.wait()
        found: dict[str, int] = json.loads(output)
        return found


@asynccontextmanager
async def stranger(vkey: VKey, policy: Path) -> AsyncIterator[Stranger]:
    """Start the process that knows nothing but ``vkey`` and the witness policy."""
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "ledger.cli.demo.stranger", vkey.format(), str(policy))
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    try:
        yield Stranger(process, asyncio.Lock())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def record(
    stage: Stage, disclosures: Iterable[Disclosure], total: int, sample: int, by: Stranger, progress: Callable[[], None]
) -> int:
    """Record ``total`` disclosures and return how many were; ``sample`` receipts, evenly spread, become files."""
    shared = enumerate(disclosures)
    chunk = min(CHUNK, total // (FEEDERS * len(stage.sources)) + 1)
    async with AsyncExitStack() as stack:
        recorders = [
            await stack.enter_async_context(open_recorder(source.profile, source.key, patience=PATIENCE))
            for source in stage.sources
        ]

        async def feed(recorder: Recorder) -> int:
            done = 0
            while items := list(islice(shared, chunk)):
                receipts = await asyncio.gather(*(recorder.record(disclosure) for _, disclosure in items))
                for (number, _), receipt in zip(items, receipts, strict=True):
                    if (number + 1) * sample // total > number * sample // total:
                        _write(stage, receipt)
                    await by.give(receipt.data)
                    progress()
                done += len(items)
            return done

        async with asyncio.TaskGroup() as group:
            feeders = [group.create_task(feed(recorder)) for _ in range(FEEDERS) for recorder in recorders]
    return sum(feeder.result() for feeder in feeders)


def _write(stage: Stage, receipt: Receipt) -> None:
    (stage.receipts / f"{receipt.source_id}-{receipt.sequence}.tlog-proof").write_bytes(receipt.data)
