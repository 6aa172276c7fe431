"""Tiles over HTTP: requests a second by wrk beside a bare answer, and what recording loses while others read."""

import json
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError

import uvicorn

from bench.bulk import submit
from bench.checking import settled
from bench.scene import BATCH, builders, prepared
from ledger.cli.demo.stage import Stage
from ledger.client.opening import open_reader
from ledger.core.checkpoint import Checkpoint
from ledger.core.note import Note
from ledger.core.tlogtiles import CHECKPOINT, tiles_between
from ledger.host.listening import listen
from ledger.tiles import CONNECTIONS

RATE: Final = 500
"""Requests a second of those who read while others record."""
ROUNDS: Final = 2
"""Times that recording is measured without readers, and with them."""
MOST_PATHS: Final = 500

_SCRIPT: Final = """\
local paths, at = {%s}, 0
request = function()
  at = at %% #paths + 1
  return wrk.format("GET", paths[at])
end
"""


@dataclass(frozen=True, slots=True)
class Recording:
    """Entries of the log then, entries recorded a second without and with readers, and requests a second of these."""

    size: int
    alone: float
    beside: float
    reads: float


def published(address: str, size: int, seconds: float = 60) -> list[str]:
    """Return the paths of a log's files once they are there for ``size`` entries: full and partial tiles, bundles."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        found = 0
        with suppress(HTTPError):  # 404 until the first export is done
            found = Checkpoint.parse(Note.parse(_get(f"http://{address}/{CHECKPOINT}")).text).size
        if found >= size:
            return [CHECKPOINT, *(tile.path for tile in tiles_between(0, found))][:MOST_PATHS]
        time.sleep(0.1)
    raise TimeoutError(f"{address}: the log is not there")


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 -- of our own server
        return bytes(answer.read())


def mean_length(address: str, paths: list[str]) -> int:
    """Return the mean length of what is at ``paths``, in bytes."""
    return sum(len(_get(f"http://{address}/{path}")) for path in paths) // len(paths)


def by_wrk(address: str, paths: list[str], folder: Path, seconds: int) -> float:
    """Return requests a second of ``paths`` in turn, over 16 connections; raise ValueError for a wrong answer."""
    script = folder / "paths.lua"
    script.write_text(_SCRIPT % ", ".join(f'"/{path}"' for path in paths))
    wrk = str(shutil.which("wrk"))
    command = [wrk, "-t1", "-c16", f"-d{seconds}s", "-s", str(script), f"http://{address}"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout  # noqa: S603
    if "Non-2xx" in told or not re.search(r"Requests/sec:\s+[1-9]", told):  # slow answers are what is measured
        raise ValueError("a tile was not served")
    found = re.search(r"Requests/sec:\s+([0-9.]+)", told)
    return float(found[1]) if found else 0.0


@contextmanager
def bare(length: int) -> Iterator[str]:
    """Yield the address of what answers every request with the same ``length`` bytes, and does nothing else."""
    body = bytes(length)

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", str(length).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    config = uvicorn.Config(answer, http="httptools", loop="uvloop", lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    with listen("127.0.0.1", 0, CONNECTIONS) as bound:
        thread = threading.Thread(target=server.run, args=([bound],))
        thread.start()
        try:
            yield f"127.0.0.1:{bound.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


async def recording(stage: Stage, count: int) -> Recording:
    """Record ``count`` entries in bulk from four sources, in turns without readers and with them."""
    sources = await builders(stage, int(time.time()) // 60)
    entries = prepared(BATCH)
    seconds, reads = [0.0, 0.0], 0.0
    batches = max(1, count // (2 * ROUNDS * BATCH * len(sources)))

    async def record(batches: int) -> float:
        for _ in range(batches):
            for source in sources:
                source.add(entries)
        await settled(stage.server.process.pid)  # LevelDB compacts for a while what was written before
        started = time.perf_counter()
        await submit(sources)
        return time.perf_counter() - started

    await record(1)  # the first large batches start the processes that examine
    address = stage.server.bound.http
    paths = [path for path in published(address, BATCH * len(sources)) if ".p/" not in path]  # those give way to whole
    for _ in range(ROUNDS):
        seconds[0] += await record(batches)
        with _read(address, paths) as report:
            seconds[1] += await record(batches)
        reads += report["per_s"] / ROUNDS
    total = ROUNDS * batches * BATCH * len(sources)
    async with open_reader(stage.sources[0].profile, as_role=True) as reader:
        size = (await reader.checkpoint()).checkpoint.size
    return Recording(size, total / seconds[0], total / seconds[1], reads)


@contextmanager
def _read(address: str, paths: list[str]) -> Iterator[dict[str, float]]:
    """Read at a fixed rate during the block, then fill in what came of it; raise ValueError for a wrong answer."""
    report: dict[str, float] = {}
    command = [sys.executable, "-m", "bench.reader", address, str(RATE)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 -- asked for
        process.stdin.write(" ".join(paths) + "\n")
        process.stdin.flush()
        process.stdout.readline()
        yield report
        told, _ = process.communicate()
    report.update(json.loads(told))
    if report["wrong"]:
        raise ValueError("a tile was not served")
