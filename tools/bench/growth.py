"""Growth: what the millionth entry costs against the ten-thousandth, in rate, memory, start and disk."""

import time
from typing import Final

from bench.bulk import submit
from bench.checking import disk_bytes, rss_mib, startup, told
from bench.scene import BATCH, builders, prepared, served

EARLY: Final = 10_000
WINDOW: Final = 40_960
"""Entries over which a rate is taken."""


async def run(count: int) -> dict[str, float]:
    """Return growth_ratio, rss_mib, startup_s and disk_ratio after ``count`` entries."""
    entries = prepared(BATCH)
    async with served() as stage:
        sources = await builders(stage, int(time.time()) // 60)
        rates: list[float] = []
        written = submitted = 0
        with told(f"growth to {count:,} entries"):
            while written < count:
                for _ in range(WINDOW // (BATCH * len(sources))):
                    for source in sources:
                        submitted += source.add(entries).ByteSize()
                started = time.perf_counter()
                done = await submit(sources)
                rates.append(done / (time.perf_counter() - started))
                written += done
        memory = rss_mib(stage.server.process.pid)
        stage.server.stop()
        with told("start of a grown ledger"):
            seconds = await startup(stage)
        stage.server.stop()
        early = rates[min(EARLY // WINDOW + 1, len(rates) - 1)]
        return {
            "growth_ratio": rates[-1] / early,
            "growth_entries": written,
            "rss_mib": memory,
            "startup_s": seconds,
            "disk_ratio": disk_bytes(stage.ledger) / submitted,
        }
