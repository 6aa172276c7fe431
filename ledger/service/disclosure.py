"""DisclosureService: what sources call (protos/ledger/v1/disclosure.proto)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from ledger.core.errors import InvalidInput, NotPermitted, StoreDamaged, UnknownSource
from ledger.core.rules import LEDGER
from ledger.core.sealed_keys import sealed_keys_digest
from ledger.engine.cosigned import CosignedTree
from ledger.engine.reader import Reader, check_range
from ledger.engine.sequencer import Sequencer, View
from ledger.service import convert
from ledger.service.context import Identify, require, stream, unary
from ledger.service.examining import Examiners
from ledger.service.metrics import Metrics
from ledger.service.waiting import Quorum
from ledger.v1 import disclosure_pb2, disclosure_pb2_grpc


class DisclosureServicer(disclosure_pb2_grpc.DisclosureServiceServicer):
    """Admits batches and answers sources about their own."""

    def __init__(
        self,
        sequencer: Sequencer,
        reader: Reader,
        identify: Identify,
        metrics: Metrics,
        examiners: Examiners,
        quorum: Quorum,
    ) -> None:
        self.metrics = metrics
        self._sequencer, self._reader, self._identify = sequencer, reader, identify
        self._examiners, self._quorum = examiners, quorum

    @unary
    async def SubmitBatch(self, data: bytes, context: Any) -> Any:
        """Log one batch, given as its request's bytes, and answer with its range receipt.

        Who asks for a quorum that never comes is answered Unavailable, and never Refused: the batch may be logged.
        """
        identity = require(self._identify(context), "source")
        if identity.name == LEDGER:
            raise NotPermitted("source_id: is the ledger's own")
        with self._sequencer.room(len(data)):
            intake, known_size, cosigned = await self._examiners.examine(data)
        batch = intake.batch
        require(identity, "source", batch.source_id)
        if cosigned:
            self._quorum.check()
        first = await asyncio.wrap_future(self._sequencer.submit(intake))
        view: View | CosignedTree = self._sequencer.view
        if cosigned:
            view = await self._quorum.tree(first + batch.count, known_size, context.time_remaining())
        known = min(known_size, view.size)
        row = self._reader.batch_at(first)
        return convert.submitted(
            first,
            view.note,
            self._reader.range_proof(first, first + batch.count, view.size),
            self._reader.consistency(known, view.size) if known else (),
            self._reader.evidence(row.key_index, view.size),
        )

    @unary
    async def GetHead(self, request: disclosure_pb2.GetHeadRequest, context: Any) -> Any:
        """Return the caller's own head, as published."""
        require(self._identify(context), "source", request.source_id)
        source = self._sequencer.view.sources.get(request.source_id)
        if source is None:
            raise UnknownSource("source_id: not enrolled in this log")
        return convert.head(source)

    @stream
    async def StreamOwnPayloads(
        self, request: disclosure_pb2.StreamOwnPayloadsRequest, context: Any
    ) -> AsyncIterator[disclosure_pb2.SealedBatch]:
        """Yield the caller's own payloads, shreds and boxes."""
        require(self._identify(context), "source", request.source_id)
        source = self._sequencer.view.sources.get(request.source_id)
        if source is None:
            raise UnknownSource("source_id: not enrolled in this log")
        check_range(request.begin, request.end, source.next_sequence)
        sequence = request.begin
        while sequence < request.end:
            index = self._reader.locate(request.source_id, sequence)
            if index is None:
                raise StoreDamaged("chain row: missing; run ledgerctl fsck")
            first, row = self._reader.batch_of(index)
            count = min(first + row.count - index, request.end - sequence)
            for batch in self._reader.sealed(index, index + count):
                yield convert.sealed_batch(batch, self._sequencer.view.size)
            sequence += count

    @unary
    async def DepositSealedKeys(self, request: disclosure_pb2.DepositSealedKeysRequest, context: Any) -> Any:
        """Keep boxes for auditors accredited after the caller sealed a batch."""
        require(self._identify(context), "source", request.source_id)
        if not 0 < len(request.sealed_keys) <= convert.MAX_SEALED_KEYS:
            raise InvalidInput("sealed_keys", f"must be 1 to {convert.MAX_SEALED_KEYS}")
        boxes = convert.sealed_keys(request.sealed_keys)
        sealed_keys_digest(boxes)  # ascending, each once
        first = self._reader.locate(request.source_id, request.first_sequence)
        if first is None or first >= self._sequencer.view.size:
            raise InvalidInput("first_sequence", "the source has not used it")
        if self._reader.batch_of(first)[0] != first:
            raise InvalidInput("first_sequence", "no batch of the source begins there")
        named = {item.key_id for item in self._reader.boxes(first)}
        if not named:
            raise InvalidInput("first_sequence", "that batch has no payloads")
        if not named.isdisjoint(item.key_id for item in boxes):
            raise InvalidInput("sealed_keys", "a box for one whom the seal names already")
        await asyncio.wrap_future(self._sequencer.deposit(first, boxes))
        return disclosure_pb2.DepositSealedKeysResponse()
