"""The recorder: disclosures in, one stand-alone receipt each out, whatever happens in between.

Calls of ``record`` from many tasks coalesce: while one batch is on its way the next one gathers. A batch is built,
sealed, signed and stored durably before it is sent, and those bytes are resent until they are answered, so a retry
never doubles an entry and a crash never loses one.
"""

import asyncio
import os
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final

import grpc

from ledger.client.journal import Journal, Position
from ledger.client.range_receipt import Receipt, verify_answer
from ledger.client.reads import Pins
from ledger.client.transport import translate
from ledger.core import bodies
from ledger.core.admission import MAX_BATCH_BYTES, Submission
from ledger.core.batch import MAX_BATCH, Batch, Binding, decode_batch
from ledger.core.building import Prepared, build, prepare, prepare_delivery
from ledger.core.encoding import Hash, sha256
from ledger.core.errors import Busy, InvalidInput, LedgerError, PolicySuperseded, Refused, Unavailable
from ledger.core.record import PartialRecord
from ledger.core.record_input import Disclosure
from ledger.core.signing import SecretKey
from ledger.v1 import disclosure_pb2, disclosure_pb2_grpc

BATCH_BYTES: Final = MAX_BATCH_BYTES - 64 * 1024
"""What a batch may gather before it is closed."""

OPENING: Final = 512
"""Bytes that a public opening adds to a leaf at most."""

FEW: Final = 8
"""Statements of a batch that is decoded and checked here and now: another thread would take longer to reach."""

FIRST_DELAY: Final = 0.05
LONGEST_DELAY: Final = 5.0
"""Seconds between resends, doubling from the first to the longest."""

NOT_LOGGED: Final = (InvalidInput, Refused)
"""What says that a batch neither is in the log nor can be: whatever was logged once is answered with its indexes again,
before anything else is asked. No other error says that, for an earlier attempt of the same bytes may have arrived."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Whom a recorder speaks as, and to whom it seals: key id to X25519 key, the source's own included.

    ``publish`` names the fields that stand open in the leaf of a disclosure without an embargo.
    """

    source_id: str
    key_statement: Hash
    recipients: Mapping[Hash, bytes]
    publish: tuple[str, ...] = ()


Renew = Callable[[], Awaitable[Chain]]
"""Reads the chain anew from the log, where policies change."""


@dataclass(slots=True)
class _Waiting:
    """One disclosure on its way."""

    prepared: Prepared
    future: "asyncio.Future[Receipt]"


class Recorder:
    """Records for one source: ``recover``, then ``start``, then any number of ``record``, and always ``close``."""

    def __init__(
        self,
        channel: grpc.aio.Channel,
        pins: Pins,
        key: SecretKey,
        journal: Journal,
        clock: Callable[[], float] = time.time,
        patience: float | None = None,
    ) -> None:
        self._stub: Any = disclosure_pb2_grpc.DisclosureServiceStub(channel)
        self._pins, self._key, self._journal = pins, key, journal
        self._clock, self._patience = clock, patience
        self._waiting: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="recorder")
        self._task: asyncio.Task[None] | None = None
        self.recovered: list[Receipt] = []
        """Receipts of the batch that an earlier run left unanswered."""

    @property
    def next_sequence(self) -> int:
        """The sequence that the next entry will have."""
        return self._journal.position.next_sequence

    async def recover(self) -> Position:
        """Ask after the batch that an earlier run left unanswered, under whatever key it was signed then.

        Returns where the chain stands. The journal keeps the batch until it is settled there, so that an opening that
        fails takes no receipts with it.

        Raises:
            InvalidInput, Refused: the ledger refuses that batch for good. It is dropped: nobody has a receipt of it.
        """
        pending = self._journal.pending()
        if pending is None:
            return self._journal.position
        request = disclosure_pb2.SubmitBatchRequest.FromString(pending)
        request.cosigned = self._pins.policy is not None
        response, batch = await self._exchange(request)
        loop = asyncio.get_running_loop()
        self.recovered, position = await loop.run_in_executor(self._worker, self._check, request, batch, response)
        return position

    def start(self, chain: Chain, renew: Renew) -> None:
        """Take work, to be signed as ``chain`` says, or as ``renew`` does once the policy is another."""
        self._chain, self._renew = chain, renew
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Finish what was given, then close; cancelled, stop at once and leave what is unanswered to the journal."""
        self._closing = True
        self._wake.set()
        try:
            if self._task is not None:
                await self._task
        finally:
            self._worker.shutdown()
            self._journal.close()

    async def record(self, disclosure: Disclosure) -> Receipt:
        """Return the receipt of ``disclosure`` once it is logged and proven.

        Raises:
            InvalidInput, Refused: the disclosure does not fit a payload, or the ledger refused it: it is not logged.
            Unavailable: the recorder is closed, or its patience ran out; the journal keeps the batch.
            NotAuthenticated, NotPermitted: the certificate does not serve; the journal keeps the batch.
            VerificationFailed: the ledger's answer does not prove what it must; the journal keeps the batch.

        Once the journal has kept a batch the recorder takes no more: reopening settles it, see ``recovered``. A call
        that is cancelled before its batch is signed is not logged; one that is cancelled later may be.
        """
        return await self.submit(prepare(disclosure, os.urandom))

    async def deliver(
        self,
        target: bodies.Target,
        result: bodies.DeliveryResult = bodies.DeliveryResult.DELIVERED,
        record: PartialRecord | None = None,
    ) -> Receipt:
        """Return the receipt of the DELIVERY that says what became of a disclosure, see ``Receipt.target``.

        Raises as ``record`` does; Refused also where the disclosure has a DELIVERY already.
        """
        return await self.submit(prepare_delivery(target, result, record or PartialRecord(), os.urandom))

    async def submit(self, prepared: Prepared) -> Receipt:
        """Return the receipt of an entry that ``ledger.core.building`` prepared."""
        if self._closing or self._task is None or self._task.done():
            raise Unavailable("the recorder is closed")
        future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(prepared, future))
        self._wake.set()
        return await future

    async def _run(self) -> None:
        """Log batch after batch; whatever ends this ends every wait."""
        group: Sequence[_Waiting] = ()
        try:
            while self._waiting or not self._closing:
                if not self._waiting:
                    self._wake.clear()
                    await self._wake.wait()
                await asyncio.sleep(0)
                group = self._take()
                if group:
                    await self._log(group)
        except BaseException as error:
            self._stop(group, error)
            if not isinstance(error, Exception):
                raise

    def _take(self) -> list[_Waiting]:
        """Return what goes into the next batch, leaving out calls that were cancelled meanwhile."""
        group: list[_Waiting] = []
        size = 0
        while self._waiting and len(group) < MAX_BATCH:
            item = self._waiting[0]
            if not item.future.done():
                size += item.prepared.size + OPENING * len(self._chain.publish)
                if group and size > BATCH_BYTES:
                    break
                group.append(item)
            self._waiting.popleft()
        return group

    async def _log(self, group: Sequence[_Waiting], renewed: bool = False) -> None:
        """Log a batch and answer who waits for it; what is refused is tried again where that can help.

        Under the policy in force, if that was another one; and one by one, where a statement that refers to others may
        have had a whole batch refused.
        """
        loop = asyncio.get_running_loop()
        try:
            prepared = [item.prepared for item in group]
            request = await loop.run_in_executor(self._worker, self._sign, self._chain, prepared)
            response, batch = await self._exchange(request)
            if len(group) <= FEW:
                receipts, position = self._check(request, batch, response)
            else:
                receipts, position = await loop.run_in_executor(self._worker, self._check, request, batch, response)
        except NOT_LOGGED as error:
            if isinstance(error, PolicySuperseded) and not renewed:
                self._chain = await self._renew()
                await self._log(group, renewed=True)
            elif len(group) > 1 and not all(item.prepared.alone for item in group):
                for item in group:
                    await self._log([item], renewed)
            else:
                _fail(group, error)
            return
        for item, receipt in zip(group, receipts, strict=True):
            if not item.future.done():
                item.future.set_result(receipt)
        await asyncio.sleep(0)  # callers go on before the journal is settled
        self._journal.settle(position)

    async def _exchange(
        self, request: disclosure_pb2.SubmitBatchRequest
    ) -> tuple[disclosure_pb2.SubmitBatchResponse, Batch]:
        """Send until answered; the batch is decoded, to be held against the answer, while that is on its way."""
        sending = asyncio.ensure_future(self._send(request))
        try:
            await asyncio.sleep(0)  # it is sent before anything else is done
            data, loop = tuple(request.statements), asyncio.get_running_loop()
            if len(data) <= FEW:
                batch = decode_batch(data)
            else:
                batch = await loop.run_in_executor(self._worker, decode_batch, data)
            return await sending, batch
        finally:
            sending.cancel()

    def _stop(self, group: Sequence[_Waiting], error: BaseException) -> None:
        """Take no more: a batch may be in the journal, and nothing may be signed after it until it is settled."""
        self._closing = True
        cut = "the recorder was stopped; reopened, it settles what it had signed"
        _fail(group, error if isinstance(error, Exception) else Unavailable(cut))
        reason = str(error) if isinstance(error, LedgerError) else type(error).__name__
        _fail(self._waiting, Unavailable(f"not sent, because an earlier batch is not settled: {reason}"))
        self._waiting.clear()

    def _sign(self, chain: Chain, prepared: Sequence[Prepared]) -> disclosure_pb2.SubmitBatchRequest:
        """Build, seal and sign a batch, and store it durably."""
        position = self._journal.position
        minute = max(int(self._clock()) // 60, position.recorded_at)
        submission = build(
            prepared,
            chain.source_id,
            position.next_sequence,
            minute,
            Binding(self._pins.log_id, chain.key_statement, position.previous),
            chain.recipients,
            [self._key.sign],
            os.urandom,
            chain.publish,
        )
        request = to_request(submission, position.size)
        request.cosigned = self._pins.policy is not None
        self._journal.store(position.next_sequence, request.SerializeToString(deterministic=True))
        return request

    async def _send(self, request: disclosure_pb2.SubmitBatchRequest) -> disclosure_pb2.SubmitBatchResponse:
        """Send until answered and return the answer; what is refused for good leaves the journal."""
        try:
            return await self._resend(request)
        except NOT_LOGGED:
            self._journal.discard()
            raise

    async def _resend(self, request: disclosure_pb2.SubmitBatchRequest) -> disclosure_pb2.SubmitBatchResponse:
        """Return the answer; raise Unavailable once patience has run out, also with a server that says nothing."""
        delay, deadline = FIRST_DELAY, None
        if self._patience is not None:
            deadline = time.monotonic() + self._patience
        while True:
            left = None if deadline is None else max(deadline - time.monotonic(), 0)
            try:
                with translate():
                    answer: disclosure_pb2.SubmitBatchResponse = await self._stub.SubmitBatch(request, timeout=left)
                    return answer
            except (Unavailable, Busy) as error:
                if left is not None and left <= delay:
                    raise Unavailable(f"not answered within {self._patience} s: {error}") from None
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY)

    def _check(
        self,
        request: disclosure_pb2.SubmitBatchRequest,
        batch: Batch,
        response: disclosure_pb2.SubmitBatchResponse,
    ) -> tuple[list[Receipt], Position]:
        """Return the receipts that the answer proves, and where the chain stands with it."""
        position = self._journal.position
        binding = Binding(Hash(request.log_id), Hash(request.key_statement), Hash(request.previous))
        known = (request.known_size, position.root)
        pins = self._pins
        answer = verify_answer(response, batch, binding, pins.vkey, pins.origin, known, pins.policy)
        return answer.receipts(), advance(position, batch, binding, answer.size, answer.root)


def _fail(items: Iterable[_Waiting], error: Exception) -> None:
    for item in items:
        if not item.future.done():
            item.future.set_exception(error)


def advance(position: Position, batch: Batch, binding: Binding, size: int, root: Hash) -> Position:
    """Return where the recorder stands after ``batch`` was answered under a tree of ``size`` and ``root``."""
    return replace(
        position,
        next_sequence=batch.end_sequence,
        previous=sha256(batch.signed_bytes(binding)),
        recorded_at=batch.last_minute,
        size=size,
        root=root,
    )


def to_request(submission: Submission, known_size: int) -> disclosure_pb2.SubmitBatchRequest:
    """Return a submission as it travels."""
    binding = submission.binding
    request = disclosure_pb2.SubmitBatchRequest(
        log_id=binding.log_id,
        key_statement=binding.key_statement,
        previous=binding.previous,
        statements=submission.statements,
        known_size=known_size,
    )
    for item in submission.attachments:
        attachment = request.attachments.add(
            position=item.position, payload=item.payload, shred=item.shred, padding=item.padding
        )
        for key, salt in item.keys:
            attachment.keys.add(type=key.type, value=key.value, version=key.version, salt=salt)
    for box in submission.sealed_keys:
        request.sealed_keys.add(key_id=box.key_id, suite=box.suite, box=box.box)
    return request
