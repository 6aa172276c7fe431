"""Bulk: prebuilt batches of 512 from four sources at once, everything checked that admission checks."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import plyvel

from bench.scene import BATCH, Builder, builders, prepared
from ledger.cli.demo.stage import Stage
from ledger.client.range_receipt import verify_answer
from ledger.core.batch import Binding, decode_batch
from ledger.core.encoding import ZERO_HASH, Hash
from ledger.engine.store import OPEN_FILES, WRITE_BUFFER, Store
from ledger.v1 import disclosure_pb2

SUBMIT_BATCH: Final = "/ledger.v1.DisclosureService/SubmitBatch"


@dataclass(frozen=True, slots=True)
class Bulk:
    """Entries a second, batch by batch, and the bytes that were submitted."""

    entries: int
    seconds: float
    submitted: int

    @property
    def rate(self) -> float:
        """Entries a second."""
        return self.entries / self.seconds


async def run(stage: Stage, count: int) -> Bulk:
    """Submit ``count`` entries, each source one batch at a time."""
    sources = await builders(stage, int(time.time()) // 60)
    entries = prepared(BATCH)
    submitted = sum([source.add(entries) for source in sources])
    await submit(sources)  # the first large batches start the processes that examine
    for _ in range(max(1, count // (BATCH * len(sources)))):
        submitted += sum([source.add(entries) for source in sources])
    started = time.perf_counter()
    done = await submit(sources)
    return Bulk(done, time.perf_counter() - started, submitted)


async def submit(sources: Sequence[Builder]) -> int:
    """Submit what the builders have built, empty them, and return how many entries that was."""
    return sum(await asyncio.gather(*(_submit(source) for source in sources)))


async def _submit(builder: Builder) -> int:
    """Submit one source's batches in order; the last answer is verified, the rest were answered alike."""
    profile = builder.source.profile
    async with profile.role_channel() as channel:
        submit_batch: Any = channel.unary_unary(SUBMIT_BATCH)
        for data in builder.built:
            answer = await submit_batch(data)
    request = disclosure_pb2.SubmitBatchRequest.FromString(data)
    answer = disclosure_pb2.SubmitBatchResponse.FromString(answer)
    batch = decode_batch(tuple(request.statements))
    binding = Binding(Hash(request.log_id), Hash(request.key_statement), Hash(request.previous))
    verify_answer(answer, batch, binding, profile.pins.vkey, profile.pins.origin, (0, ZERO_HASH))
    builder.built.clear()
    return builder.taken()


def raw(store: Path, copy: Path) -> float:
    """Return entries a second when plyvel alone writes the very rows of ``store``, in synced batches of 512 entries."""
    held = Store.open(store)
    rows = list(held.range(b"", None))
    held.close()
    entries = sum(1 for key, _ in rows if key[:1] == b"e")
    rows.sort(key=lambda row: row[0][-8:])  # about the order in which they were written
    step = max(1, len(rows) * BATCH // entries)
    database = plyvel.DB(
        str(copy),
        create_if_missing=True,
        write_buffer_size=WRITE_BUFFER,
        bloom_filter_bits=10,
        max_open_files=OPEN_FILES,
        compression=None,
    )
    started = time.perf_counter()
    for begin in range(0, len(rows), step):
        with database.write_batch(transaction=True, sync=True) as batch:
            for key, value in rows[begin : begin + step]:
                batch.put(key, value)
    seconds = time.perf_counter() - started
    database.close()
    return entries / seconds
