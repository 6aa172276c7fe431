"""fsck from stored bytes, and what the process of a server costs: start, memory, disk."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.cli.demo.processes import ServerProcess
from ledger.cli.demo.stage import Stage
from ledger.engine import fsck
from ledger.engine.store import Store


async def fsck_rate(ledger: Path) -> float:
    """Return entries a second of a whole check of the stopped ledger, once LevelDB is done with opening it."""
    store = Store.open(ledger / "store")
    try:
        await settled(os.getpid())
        started = time.perf_counter()
        checked = fsck.check(store)
        return checked.size / (time.perf_counter() - started)
    finally:
        store.close()


def rss_mib(process: int) -> float:
    """Return the resident memory, in MiB, of a process and those that it has started."""
    folder = Path(f"/proc/{process}")
    own = next(line for line in (folder / "status").read_text().splitlines() if line.startswith("VmRSS:"))
    started = {child for path in folder.glob("task/*/children") for child in path.read_text().split()}
    return int(own.split()[1]) / 1024 + sum(rss_mib(int(child)) for child in started)


async def settled(process: int, seconds: float = 10) -> None:
    """Wait until a process has come to rest: LevelDB goes on compacting for a while what was written in bulk."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        before = _ticks(process)
        await asyncio.sleep(0.25)
        if _ticks(process) - before <= 1:
            return


def _ticks(process: int) -> int:
    """Return the processor time that a process has used, in clock ticks (proc(5): fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def disk_bytes(ledger: Path) -> int:
    """Return the bytes of the store's files."""
    return sum(path.stat().st_size for path in (ledger / "store").iterdir())


async def startup(stage: Stage) -> float:
    """Return the seconds from exec to serving of the stopped ledger, which serves again afterwards."""
    started = time.perf_counter()
    stage.server = await ServerProcess.start(stage.ledger, stage.log_lines)
    return time.perf_counter() - started


@contextmanager
def told(what: str) -> Iterator[None]:
    """Say on stderr what is being measured, and how long it took."""
    started = time.monotonic()
    print(f"· {what}", end="", file=sys.stderr, flush=True)
    yield
    print(f" ({time.monotonic() - started:.1f} s)", file=sys.stderr, flush=True)
