"""Recording: one client and 64 tasks, and one caller with one statement at a time beside its floor."""

import asyncio
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import plyvel

from bench.scene import disclosure, folder, prepared
from ledger.cli.demo.stage import Stage
from ledger.client.opening import open_reader, open_recorder
from ledger.client.recorder import Recorder
from ledger.core.building import Prepared
from ledger.core.encoding import Hash, sha256
from ledger.core.merkle import hash_leaves
from ledger.core.record import Artifact
from ledger.v1 import log_pb2, log_pb2_grpc

TASKS: Final = 64
WARM_UP: Final = 1_024


@dataclass(frozen=True, slots=True)
class Single:
    """Milliseconds of one record at a time: median, 99th percentile, and the median of the floor."""

    p50: float
    p99: float
    floor: float


async def coalesced(stage: Stage, count: int) -> float:
    """Return receipts a second of one client whose 64 tasks each wait for their own.

    Some are recorded before the clock starts: the first large batches start the processes that examine.
    """
    begun, rest = prepared(WARM_UP), prepared(count)
    source = stage.sources[0]

    async def work(recorder: Recorder, entries: Iterator[Prepared]) -> None:
        for entry in entries:
            receipt = await recorder.submit(entry)
            if not receipt.data:
                raise ValueError("a receipt without bytes")

    async with open_recorder(source.profile, source.key) as recorder:
        for entries in (iter(begun), iter(rest)):
            started = time.perf_counter()
            await asyncio.gather(*(work(recorder, entries) for _ in range(TASKS)))
        return count / (time.perf_counter() - started)


async def single(stage: Stage, count: int) -> Single:
    """Record ``count`` entries one after the other, and the floor as often in between."""
    source = stage.sources[1]
    entries = prepared(count)
    took, floors = [], []
    with folder() as path:
        floor = Floor(stage, path)
        async with open_recorder(source.profile, source.key) as recorder:
            for entry in entries:
                started = time.perf_counter()
                await recorder.submit(entry)
                took.append(time.perf_counter() - started)
                floors.append(await floor.once())
        await floor.close()
    return Single(
        1000 * statistics.median(took), 1000 * statistics.quantiles(took, n=100)[98], 1000 * statistics.median(floors)
    )


@dataclass(frozen=True, slots=True)
class Gate:
    """Milliseconds of one release at a time, medians: until its data may leave, and to the end of its block."""

    opens: float
    whole: float


async def gate(stage: Stage, count: int) -> Gate:
    """Release ``count`` artifacts one after the other; the blocks hand nothing out and take no time."""
    source, data = stage.sources[2], bytes(4096)
    artifact = Artifact(sha256(data).hex(), len(data), "application/zip")
    opened, whole = [], []
    async with open_recorder(source.profile, source.key) as recorder:
        for number in range(count):
            item = disclosure(number)
            said = replace(item, record=replace(item.record, artifact=artifact))
            started = time.perf_counter()
            async with recorder.release(said, artifact=data):
                opened.append(time.perf_counter() - started)
            whole.append(time.perf_counter() - started)
    return Gate(1000 * statistics.median(opened), 1000 * statistics.median(whole))


class Floor:
    """Two raw synced writes of an entry's bytes and one empty call over mutual TLS: what no design can go below."""

    def __init__(self, stage: Stage, path: Path) -> None:
        self._database = plyvel.DB(str(path / "floor"), create_if_missing=True)
        self._channel = stage.sources[1].profile.role_channel()
        self._stub: Any = log_pb2_grpc.LogServiceStub(self._channel)

    async def once(self) -> float:
        """Return the seconds that it took."""
        value = bytes(1500)
        started = time.perf_counter()
        self._database.put(b"a", value, sync=True)
        self._database.put(b"b", value, sync=True)
        await self._stub.GetCheckpoint(log_pb2.GetCheckpointRequest())
        return time.perf_counter() - started

    async def close(self) -> None:
        """Close channel and database."""
        await self._channel.close()
        self._database.close()


async def proofs(stage: Stage, seconds: float) -> float:
    """Return inclusion proofs a second, each fetched by a call of its own and verified, from 16 tasks."""
    async with open_reader(stage.sources[0].profile, as_role=True) as reader:
        signed = await reader.checkpoint()
        hashes: list[Hash] = []
        async for chunk in reader.chunks(0, min(signed.checkpoint.size, 1024)):
            hashes += hash_leaves(chunk.leaves)
        ends, done = time.perf_counter() + seconds, 0

        async def work(first: int) -> None:
            nonlocal done
            index = first
            while time.perf_counter() < ends:
                await reader.inclusion(index, hashes[index])
                index = (index + 17) % len(hashes)
                done += 1

        started = time.perf_counter()
        await asyncio.gather(*(work(task) for task in range(16)))
        return done / (time.perf_counter() - started)


async def streamed(stage: Stage) -> float:
    """Return entries a second of one stream over the whole log, each with its own verified audit path."""
    async with open_reader(stage.sources[0].profile, as_role=True) as reader:
        started, done = time.perf_counter(), 0
        async for chunk in reader.chunks(0):
            paths = [chunk.proof.inclusion_path(index) for index in range(chunk.proof.begin, chunk.proof.end)]
            done += len(paths)
        return done / (time.perf_counter() - started)
