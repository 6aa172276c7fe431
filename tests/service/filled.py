"""A served log that crosses a tile's 256 entries, with what a verifier has to know of it at each size."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc

from ledger.core.batch import Batch, decode_batch
from ledger.core.encoding import Hash
from ledger.core.merkle import CompactRange, leaf_hash
from ledger.v1.log_pb2 import StreamEntriesRequest
from tests.served import Served, serving
from tests.service.calls import drained, public_channel, stub
from tests.service.hand import Hand, private_disclosure

SIZES = (1, 2, 60, 200, 40)
"""Statements of the source's batches; entry 256 lies within the fourth."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A served log: its leaf hashes, its root at each size, its one source, and an open public channel's stub."""

    served: Served
    hand: Hand
    transport: grpc.aio.Channel
    log: Any
    leaves: list[bytes]
    hashes: list[Hash]
    roots: list[Hash]
    batches: list[tuple[int, Batch]]

    @property
    def size(self) -> int:
        """How many entries it has."""
        return len(self.leaves)


@asynccontextmanager
async def filled() -> AsyncIterator[Filled]:
    """Serve a log of 306 entries: opening, auditor, source, and the source's batches of ``SIZES``."""
    async with serving(metrics_listen="") as served:
        hand = await Hand.enrolled(served)
        batches: list[tuple[int, Batch]] = []
        async with hand.channel() as transport:
            for size in SIZES:
                request = hand.request(*[private_disclosure()] * size)
                first = (await stub(transport, "disclosure").SubmitBatch(request)).first_index
                batches.append((first, decode_batch(tuple(request.statements))))
                hand.follow(request)
        async with public_channel(served) as transport:
            log = stub(transport, "log")
            chunks = await drained(log.StreamEntries(StreamEntriesRequest(begin=0, end=3 + sum(SIZES))))
            leaves = [data for chunk in chunks for data in chunk.leaves]
            hashes, growing, roots = [leaf_hash(data) for data in leaves], CompactRange(), [CompactRange().root()]
            for item in hashes:
                growing.append(item)
                roots.append(growing.root())
            yield Filled(served, hand, transport, log, leaves, hashes, roots, batches)
