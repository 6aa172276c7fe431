"""A ledger over gRPC that answers from a ``World``, and lies, refuses or falls silent where a test says so.

    async with lying(world) as ledger:
        ledger.lies["GetCheckpoint"] = lambda answer: ...
        reader = LogClient(ledger.channel, pins(world))

A lie is handed the honest answer (a list of messages for a stream) and returns what is sent instead. Batches are
checked and logged by ``World.admit``; the same bytes again get the same indexes, as with a real ledger.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass

from ledger.client.transport import channel
from ledger.core import bodies, mirror
from ledger.core.encoding import sha256
from ledger.core.errors import LedgerError
from ledger.core.proof import prove_consistency
from ledger.service import convert
from ledger.service.context import refuse
from ledger.v1 import audit_pb2, disclosure_pb2, log_pb2
from tests.client.honest import fetcher, range_proof, range_receipt
from tests.core.world import WITNESS_POLICY, World

SERVICES: Final = ((log_pb2, "LogService"), (disclosure_pb2, "DisclosureService"), (audit_pb2, "AuditService"))


@dataclass(slots=True)
class Lying:
    """The ledger; ``refusals`` end the next submissions unlogged, ``losses`` logged, ``hold`` leaves them open."""

    world: World
    channel: grpc.aio.Channel = field(init=False)
    address: str = ""
    lies: dict[str, Callable[[Any], Any]] = field(default_factory=dict)
    refusals: deque[LedgerError] = field(default_factory=deque)
    losses: deque[LedgerError] = field(default_factory=deque)
    hold: bool = False
    held: asyncio.Event = field(default_factory=asyncio.Event)
    received: list[disclosure_pb2.SubmitBatchRequest] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    answered: dict[bytes, int] = field(default_factory=dict)

    def get_checkpoint(self, _: Any) -> Any:
        """Return the latest checkpoint."""
        return log_pb2.Checkpoint(note=self.world.checkpoint())

    def get_inclusion_proof(self, request: Any) -> Any:
        """Return an audit path."""
        return log_pb2.Proof(hashes=self.world.inclusion(request.index, request.size))

    def get_consistency_proof(self, request: Any) -> Any:
        """Return a consistency proof."""
        hashes = prove_consistency(request.first, request.second, fetcher(self.world.leaves))
        return log_pb2.Proof(hashes=hashes)

    def stream_entries(self, request: Any) -> Any:
        """Return entries in chunks of two."""
        chunks = []
        for begin in range(request.begin, request.end, 2):
            end = min(begin + 2, request.end)
            proof = range_proof(self.world, begin, end, request.size)
            chunks.append(convert.entry_chunk(begin, self.world.leaves[begin:end], proof))
        return chunks

    def get_receipt(self, request: Any) -> Any:
        """Return a receipt by index, or by source and sequence."""
        index = request.index.index
        if request.WhichOneof("entry") == "source":
            index = next(
                placed.first + request.source.sequence - placed.batch.first_sequence
                for placed in self.world.placed
                if placed.batch.source_id == request.source.source_id
                and placed.batch.first_sequence <= request.source.sequence < placed.batch.end_sequence
            )
        return log_pb2.Receipt(tlog_proof=self.world.receipt(index))

    def get_directory(self, _: Any) -> Any:
        """Return who is enrolled."""
        state = self.world.state
        return log_pb2.Directory(
            size=state.size,
            sources=[
                log_pb2.SourceRow(key_statement_index=item.key_index, head=convert.head(item))
                for item in state.sources.values()
            ],
            auditors=[
                log_pb2.AuditorRow(index=item.index, key_id=item.key_id, removed=item.removed)
                for item in state.auditors.values()
            ],
        )

    def get_policies(self, _: Any) -> Any:
        """Return the files behind the policy digests."""
        return log_pb2.Policies(
            witness_policy=WITNESS_POLICY,
            sealing_policy=self.world.sealing_policy,
            index=self.world.state.governing.policy_index,
        )

    def get_head(self, request: Any) -> Any:
        """Return a source's head."""
        return convert.head(self.world.state.sources[request.source_id])

    def stream_sealed_payloads(self, request: Any) -> Any:
        """Return the sealed payloads of entries [begin, end), batch by batch."""
        batches = []
        for placed in self.world.placed:
            if placed.submission is None or not placed.submission.attachments:
                continue
            first, batch = placed.first, placed.batch
            payloads = [
                disclosure_pb2.SealedPayload(
                    index=first + item.position,
                    sequence=batch.first_sequence + item.position,
                    payload=item.payload,
                    shred=item.shred,
                )
                for item in placed.submission.attachments
                if request.begin <= first + item.position < request.end
            ]
            boxes = [
                disclosure_pb2.SealedKey(key_id=box.key_id, suite=box.suite, box=box.box)
                for box in placed.submission.sealed_keys
            ]
            batches.append(disclosure_pb2.SealedBatch(source_id=batch.source_id, payloads=payloads, sealed_keys=boxes))
        return batches

    def submit_report(self, request: Any) -> Any:
        """Log an auditor's report."""
        index = self.world.say_as_ledger(mirror.read(bodies.AuditReport, request.report))
        return audit_pb2.SubmitReportResponse(index=index, tlog_proof=self.world.receipt(index))

    async def submit_batch(self, request: Any) -> Any:
        """Log a batch, unless a refusal waits; answer, unless a loss does."""
        self.received.append(request)
        if self.refusals:
            raise self.refusals.popleft()
        content = sha256(b"".join(request.statements))
        if content not in self.answered:
            submission = convert.submission(request)
            self.answered[content] = self.world.admit(submission)
        if self.losses:
            raise self.losses.popleft()
        self.held.set()
        if self.hold:
            await asyncio.Event().wait()
        return range_receipt(self.world, self.answered[content], request.known_size)

    async def answer(self, method: str, request: Any, context: Any) -> Any:
        """Return the answer to a call, or the lie in its place."""
        self.asked.append(method)
        try:
            answer = getattr(self, re.sub(r"(?<!^)([A-Z])", r"_\1", method).lower())(request)
            if asyncio.iscoroutine(answer):
                answer = await answer
            lie = self.lies.get(method)
            told = answer if lie is None else lie(answer)
            return await told if asyncio.iscoroutine(told) else told
        except LedgerError as error:
            await refuse(context, error, method)

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        """Return the handlers of every service it speaks."""
        found = []
        for module, name in SERVICES:
            service = module.DESCRIPTOR.services_by_name[name]
            methods = {method.name: self._handler(method) for method in service.methods}
            found.append(grpc.method_handlers_generic_handler(service.full_name, methods))
        return found

    def _handler(self, method: MethodDescriptor) -> Any:
        parse = GetMessageClass(method.input_type).FromString

        async def unary(request: Any, context: Any) -> Any:
            return await self.answer(method.name, request, context)

        async def stream(request: Any, context: Any) -> AsyncIterator[Any]:
            for item in await self.answer(method.name, request, context):
                yield item

        if method.server_streaming:
            return grpc.unary_stream_rpc_method_handler(stream, parse, _bytes)
        return grpc.unary_unary_rpc_method_handler(unary, parse, _bytes)


def _bytes(message: Any) -> bytes:
    data: bytes = message.SerializeToString()
    return data


@asynccontextmanager
async def lying(world: World) -> AsyncIterator[Lying]:
    """Serve ``world`` on loopback without TLS, on a port that the system chooses."""
    ledger = Lying(world)
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(ledger.handlers())
    ledger.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    async with channel(ledger.address, None) as opened:
        ledger.channel = opened
        yield ledger
    await server.stop(None)
