"""LogService: what anyone may call (protos/ledger/v1/log.proto)."""

from collections.abc import AsyncIterator
from typing import Any, Final

from ledger.core.errors import BeyondTree, InvalidInput, StoreDamaged
from ledger.engine import schema
from ledger.engine.cosigned import CosignedTree
from ledger.engine.reader import Reader, check_range
from ledger.engine.sequencer import Sequencer, View
from ledger.engine.store import Store
from ledger.service import convert
from ledger.service.context import stream, unary
from ledger.service.metrics import Metrics
from ledger.service.waiting import Quorum, Watchers
from ledger.v1 import log_pb2, log_pb2_grpc

CHUNK_ENTRIES: Final = 1024
CHUNK_BYTES: Final = 1024 * 1024
"""Bounds of one message of a stream of entries."""


class LogServicer(log_pb2_grpc.LogServiceServicer):
    """Answers what anyone may check."""

    def __init__(
        self,
        sequencer: Sequencer,
        reader: Reader,
        store: Store,
        watchers: Watchers,
        quorum: Quorum,
        metrics: Metrics,
    ) -> None:
        self.metrics = metrics
        self._sequencer, self._reader, self._store = sequencer, reader, store
        self._watchers, self._quorum = watchers, quorum

    def _size(self, size: int, field: str = "size") -> int:
        """Return the size asked about, 0 standing for the published one; raise BeyondTree past it."""
        published = self._sequencer.view.size
        if size > published:
            raise BeyondTree(f"{field}: must be at most {published}")
        return size or published

    @unary
    async def GetCheckpoint(self, request: log_pb2.GetCheckpointRequest, context: Any) -> Any:
        """Return the latest checkpoint, or the latest with a quorum."""
        view: View | CosignedTree = self._sequencer.view
        if request.cosigned:
            view = await self._quorum.tree(1, request.min_size, context.time_remaining())
        return log_pb2.Checkpoint(note=view.note)

    @stream
    async def WatchCheckpoints(
        self, request: log_pb2.WatchCheckpointsRequest, context: Any
    ) -> AsyncIterator[log_pb2.Checkpoint]:
        """Yield the latest checkpoint, then each newer one."""
        seen = 0
        while not self._watchers.closed:
            view = self._sequencer.view
            if view.size > seen:
                seen = view.size
                yield log_pb2.Checkpoint(note=view.note)
            else:
                await self._watchers.next()

    @stream
    async def StreamEntries(
        self, request: log_pb2.StreamEntriesRequest, context: Any
    ) -> AsyncIterator[log_pb2.EntryChunk]:
        """Yield leaves in chunks that prove themselves."""
        size = self._size(request.size)
        check_range(request.begin, request.end, size)
        begin = request.begin
        while begin < request.end:
            leaves = self._reader.leaves(begin, min(begin + CHUNK_ENTRIES, request.end))
            leaves = _bounded(leaves)
            end = begin + len(leaves)
            yield convert.entry_chunk(begin, leaves, self._reader.range_proof(begin, end, size))
            begin = end

    @unary
    async def GetInclusionProof(self, request: log_pb2.GetInclusionProofRequest, context: Any) -> Any:
        """Return an audit path."""
        size = self._size(request.size)
        if request.index >= size:
            raise BeyondTree(f"index: that tree has {size} entries")
        return log_pb2.Proof(hashes=self._reader.inclusion(request.index, size))

    @unary
    async def GetConsistencyProof(self, request: log_pb2.GetConsistencyProofRequest, context: Any) -> Any:
        """Return the proof that one tree extends another."""
        second = self._size(request.second, "second")
        self._size(request.first, "first")
        if request.first > second:
            raise InvalidInput("first", "must not exceed second")
        return log_pb2.Proof(hashes=self._reader.consistency(request.first, second))

    @unary
    async def GetRangeProof(self, request: log_pb2.GetRangeProofRequest, context: Any) -> Any:
        """Return the nodes left and right of a range."""
        size = self._size(request.size)
        check_range(request.begin, request.end, size)
        proof = self._reader.range_proof(request.begin, request.end, size)
        return log_pb2.RangeProof(left=proof.left, right=proof.right)

    @unary
    async def GetReceipt(self, request: log_pb2.GetReceiptRequest, context: Any) -> Any:
        """Return a stand-alone receipt under the latest checkpoint, or the latest with a quorum."""
        view = self._sequencer.view
        index: int | None
        match request.WhichOneof("entry"):
            case "index":
                index = request.index.index
            case "source":
                asked = request.source
                source = view.sources.get(asked.source_id)
                if source is None or asked.sequence >= source.next_sequence:
                    raise BeyondTree("source: has no such sequence")
                index = self._reader.locate(asked.source_id, asked.sequence)
                if index is None:
                    raise StoreDamaged("chain row: missing; run ledgerctl fsck")
            case _:
                raise InvalidInput("entry", "missing")
        if not request.cosigned:
            return log_pb2.Receipt(tlog_proof=self._reader.receipt(index, view))
        if index >= view.size:
            raise BeyondTree(f"index: the published tree has {view.size} entries")
        tree = await self._quorum.tree(index + 1, request.min_size, context.time_remaining())
        return log_pb2.Receipt(tlog_proof=self._reader.receipt(index, tree))

    @unary
    async def GetPolicies(self, request: log_pb2.GetPoliciesRequest, context: Any) -> Any:
        """Return the files behind the policy digests."""
        view = self._sequencer.view
        return log_pb2.Policies(
            witness_policy=self._store.require(schema.meta_key("witness_policy")),
            sealing_policy=view.sealing.format(),  # not the row, which is ahead while a change is not published yet
            index=view.governing.policy_index,
        )

    @unary
    async def GetDirectory(self, request: log_pb2.GetDirectoryRequest, context: Any) -> Any:
        """Return who is enrolled."""
        view = self._sequencer.view
        return log_pb2.Directory(
            size=view.size,
            sources=[
                log_pb2.SourceRow(key_statement_index=item.key_index, head=convert.head(item))
                for item in view.sources.values()
            ],
            auditors=[
                log_pb2.AuditorRow(index=item.index, key_id=item.key_id, removed=item.removed)
                for item in view.auditors.values()
            ],
        )


def _bounded(leaves: list[bytes]) -> list[bytes]:
    total = 0
    for position, leaf in enumerate(leaves):
        total += len(leaf)
        if total > CHUNK_BYTES and position:
            return leaves[:position]
    return leaves
