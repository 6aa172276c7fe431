"""Growth: what an entry costs in a log of a thousand, ten thousand, … a million: rate, proofs, memory, start, disk."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Final

from bench.bulk import submit
from bench.checking import disk_bytes, rss_mib, startup, told
from bench.scene import BATCH, Builder, builders, prepared, served
from ledger.cli.demo.stage import Stage
from ledger.client.opening import open_reader
from ledger.core.building import Prepared

POINTS: Final = (1_000, 10_000, 100_000, 1_000_000)
"""Sizes at which is measured."""
WINDOW: Final = 40_960
"""Entries over which a rate is taken, eight times the log at most."""
STEP: Final = 20_480
"""Entries that are built in advance while nothing is measured."""
PROOFS: Final = 300


@dataclass(slots=True)
class Grown:
    """The entries so far, the bytes that they were submitted in, and what builds more."""

    sources: Sequence[Builder]
    entries: Sequence[Prepared]
    size: int = 0
    submitted: int = 0

    async def grow(self, count: int) -> float:
        """Submit ``count`` entries, all sources at once; return entries a second."""
        sources = cycle(self.sources)
        part = min(BATCH, -(-count // len(self.sources)))
        for begin in range(0, count, part):
            self.submitted += next(sources).add(self.entries[: min(part, count - begin)])
        started = time.perf_counter()
        done = await submit(self.sources)
        seconds = time.perf_counter() - started
        self.size += done
        return done / seconds


async def run(count: int) -> dict[str, float]:
    """Return the figures at each point up to ``count``, and how the last compares with ten thousand."""
    found: dict[str, float] = {}
    async with served() as stage:
        grown = Grown(await builders(stage, int(time.time()) // 60), prepared(BATCH))
        for point in [item for item in POINTS if item <= count]:
            with told(f"growth to {point:,} entries"):
                while grown.size < point:
                    await grown.grow(min(STEP, point - grown.size))
                found[f"rate_at_{point}"] = await grown.grow(min(WINDOW, 8 * point))
                found[f"proof_ms_at_{point}"] = await proof_ms(stage, grown.size)
                memory = rss_mib(stage.server.process.pid)
                stage.server.stop()
                found[f"startup_s_at_{point}"] = await startup(stage)
        stage.server.stop()
        last = max(item for item in POINTS if item <= count)
        return found | {
            "growth_ratio": found[f"rate_at_{last}"] / found[f"rate_at_{min(POINTS[1], last)}"],
            "growth_entries": grown.size,
            "rss_mib": memory,
            "startup_s": found[f"startup_s_at_{last}"],
            "disk_ratio": disk_bytes(stage.ledger) / grown.submitted,
        }


async def proof_ms(stage: Stage, size: int) -> float:
    """Return the milliseconds of one inclusion proof after another, of entries all over the log, verified."""
    chance = random.Random(size)  # noqa: S311 -- which entries are asked for
    async with open_reader(stage.sources[0].profile, as_role=True) as reader:
        await reader.entry(0)
        started = time.perf_counter()
        for _ in range(PROOFS):
            await reader.entry(chance.randrange(size))
        return 1000 * (time.perf_counter() - started) / PROOFS
