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
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import grpc

from ledger.client.artifact import Given
from ledger.client.closing import NOBODY, Closed, Closer, Officers, check_over, closings_due, next_closing
from ledger.client.flushing import Group, Tell, deliver, gather
from ledger.client.gate import Release, look
from ledger.client.journal import Journal, Position
from ledger.client.range_receipt import Receipt, verify_answer
from ledger.client.reads import Pins
from ledger.client.releases import Ends, Mark, Note, Opens, Settled, Stage
from ledger.client.transport import translate
from ledger.client.waiting import LIMIT
from ledger.core import bodies
from ledger.core.admission import MAX_BATCH_BYTES, Submission
from ledger.core.batch import MAX_BATCH, Batch, Binding, decode_batch
from ledger.core.building import Prepared, build, prepare, prepare_closing, prepare_delivery
from ledger.core.closings import Book
from ledger.core.encoding import ZERO_HASH, Hash, sha256
from ledger.core.errors import (
    Busy,
    InvalidInput,
    LedgerError,
    PolicySuperseded,
    Refused,
    Unavailable,
    VerificationFailed,
)
from ledger.core.merkle import leaf_hash
from ledger.core.record import PartialRecord
from ledger.core.record_input import Disclosure
from ledger.core.record_kinds import rfc3339
from ledger.core.signing import SecretKey
from ledger.core.statement import decode_leaf
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

    ``publish`` names the fields that stand open in the leaf of a disclosure without an embargo; ``key_index`` is where
    the key statement stands, which names the officers.
    """

    source_id: str
    key_statement: Hash
    recipients: Mapping[Hash, bytes]
    publish: tuple[str, ...] = ()
    officers: Officers = NOBODY
    key_index: int = 0


Renew = Callable[[], Awaitable[Chain]]
"""Reads the chain anew from the log, where policies change."""


Job = Callable[[], Awaitable[Any]]
"""What the recorder does between two batches."""


@dataclass(slots=True)
class _Waiting:
    """One entry on its way; ``mark`` says whether it begins or ends a release."""

    prepared: Prepared
    future: "asyncio.Future[Receipt]"
    mark: Mark | None = None


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
        closer: Closer | None = None,
        tell: Tell | None = None,
    ) -> None:
        self._stub: Any = disclosure_pb2_grpc.DisclosureServiceStub(channel)
        self._pins, self._key, self._journal = pins, key, journal
        self._clock, self._patience = clock, patience
        self._waiting: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._jobs: deque[tuple[Job, asyncio.Future[Any]]] = deque()
        self._closing = False
        self._closer = closer or Closer()
        self._owed = False
        """Whether a closing that nobody waits for was signed and is not answered."""
        self._tell = tell or (lambda number, receipt: self.flushed.append((number, receipt)))
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="recorder")
        self._task: asyncio.Task[None] | None = None
        self.recovered: list[Receipt] = []
        """Receipts of the batch that an earlier run left unanswered."""
        self.flushed: list[tuple[int, Receipt]] = []
        """Receipts of what waited, with its numbers, unless they are told to a function."""
        self.closed: list[Closed] = []
        """The periods that were closed, oldest first."""
        self.settled: list[Settled] = []
        """Releases that an earlier run left open, and how they ended now."""
        self.pins = pins
        """What receipts are held to."""
        self.trouble: LedgerError | None = None
        """Why the batch on its way is not answered yet, if it had to be sent again."""

    @property
    def unresolved(self) -> list[Note]:
        """The releases whose end is not in the log; those of an earlier run are settled by the opening."""
        return self._journal.releases()

    @property
    def period(self) -> bodies.Period:
        """How often the source closes, as it was enrolled; raise Unavailable before that was read from the log."""
        return self._counted.period

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
        numbers = self._journal.waiting.numbers()
        last = decode_leaf(request.statements[-1]).statement.body
        try:
            response, batch = await self._exchange(request)
        except NOT_LOGGED:
            if numbers or isinstance(last, bodies.Closing):
                return self._journal.position  # it waits as before, or is said anew
            raise
        loop = asyncio.get_running_loop()
        receipts, position = await loop.run_in_executor(self._worker, self._check, request, batch, response)
        if isinstance(last, bodies.Closing):
            self.closed.append(Closed(last, receipts[-1]))
        elif numbers:
            self._hand_out(numbers, receipts)
        else:
            self.recovered = receipts
        return position

    async def catch_up(self, chain: Chain, renew: Renew, flush: bool) -> Chain:
        """Before anything new is signed: close the periods that are over, then deliver what waits.

        Returns the chain in force, with which to ``start``. Raises as ``record`` does; what waits goes on waiting.
        """
        self._chain, self._renew = chain, renew
        await self._open_minute()
        if flush:
            await self._flush()
        return self._chain

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
        said = prepare_delivery(target, result, record or PartialRecord(), os.urandom)
        return await self.give(said, Ends(target.sequence))

    async def put_off(self, *disclosures: Disclosure, limit: int = LIMIT) -> list[int]:
        """Store disclosures durably, all or none, to be signed and delivered by ``flush`` or the next opening.

        Returns the numbers under which they wait. There is no receipt yet: nothing may be handed over.

        Raises:
            InvalidInput: one of them could never be recorded.
            NotStored: they cannot be written, or would take the waiting room past ``limit`` bytes.
        """
        put = partial(self._journal.waiting.put, disclosures, int(self._clock()), limit)
        return await asyncio.get_running_loop().run_in_executor(self._worker, put)

    async def flush(self) -> None:
        """Sign and deliver what waits, oldest first, before anything that is given after it; see ``flushed``.

        What the log refuses for good moves aside with its reason. Raises as ``record`` does otherwise.
        """
        await self._do(self._flush)

    async def close_periods(
        self, through: int | None = None, egress: Hash = ZERO_HASH, officers: Sequence[SecretKey] = ()
    ) -> list[Closed]:
        """Close all periods that are over, or those up to the one that holds the minute ``through``; return them.

        ``egress`` is the SHA-256 of the egress log, which stands in the one closing that is said then.

        Raises:
            InvalidInput: ``through`` is not over, a key is not an officer's, or ``egress`` is given for several.
            Refused: officers have to approve, and these are too few; or the ledger refuses a closing.
        """
        return list(await self._do(partial(self._close_by_hand, through, egress, officers)))

    def release(self, disclosure: Disclosure, artifact: Given, timeout: float | None = None) -> Release:
        """Return the gate that lets ``artifact`` out with the receipt of ``disclosure`` in hand: see ``Release``."""
        return Release(self, disclosure, artifact, timeout)

    async def submit(self, prepared: Prepared) -> Receipt:
        """Return the receipt of an entry that ``ledger.core.building`` prepared."""
        return await self.give(prepared)

    def give(self, prepared: Prepared, mark: Mark | None = None) -> "asyncio.Future[Receipt]":
        """Take an entry and return the future of its receipt, which fails as ``record`` does.

        Cancelled before the entry is signed, it is not logged. An entry marked as the beginning of a release that
        nobody waits for when it is answered ends as ABORTED.
        """
        if self._closing or self._task is None or self._task.done():
            raise Unavailable("the recorder is closed")
        return self._append(prepared, mark)

    def _append(self, prepared: Prepared, mark: Mark | None) -> "asyncio.Future[Receipt]":
        future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(prepared, future, mark))
        self._wake.set()
        return future

    def abort(self, receipt: Receipt) -> None:
        """Say ABORTED of a disclosure that nobody waits for any more, after what is already given.

        Where that comes too late for this run, the next opening says it.
        """
        said = self.end_of(receipt.target, bodies.DeliveryResult.ABORTED, Stage.ASKED.words)
        self._append(said, Ends(receipt.sequence)).add_done_callback(look)

    def end_of(self, target: bodies.Target, result: bodies.DeliveryResult, words: str | None = None) -> Prepared:
        """Return a DELIVERY of this moment, with ``words`` sealed in it."""
        now = rfc3339(datetime.fromtimestamp(self._clock(), UTC))
        return prepare_delivery(target, result, PartialRecord(produced_at=now, notes=words), os.urandom)

    async def reach(self, sequence: int, stage: Stage) -> None:
        """Note durably how far a release came; raise Unavailable if that fails."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._worker, self._journal.reach, sequence, stage)
        except RuntimeError:  # the worker has gone
            raise Unavailable("the recorder is closed") from None

    def leave(self, sequence: int, stage: Stage) -> None:
        """Note how a release ended whose end is not logged; where even that fails, it counts as handed over."""
        with suppress(Unavailable):
            self._journal.reach(sequence, stage)

    async def settle_releases(self) -> None:
        """Log how the releases ended that an earlier run left open, see ``settled``.

        A DELIVERY that the log refuses for good, because it has one already, is not said again.
        """
        notes = self.unresolved
        ends = [
            self.give(self.end_of(note.target, note.stage.result, note.stage.words), Ends(note.target.sequence))
            for note in notes
        ]
        for note, end in zip(notes, await asyncio.gather(*ends, return_exceptions=True), strict=True):
            if isinstance(end, Receipt):
                self.settled.append(Settled(note, end))
            elif type(end) is Refused:
                self._journal.forget(note.target.sequence)
                self.settled.append(Settled(note, None, str(end)))
            else:
                raise end

    async def _do(self, job: Job) -> Any:
        """Return what a job returns that the recorder does between two batches."""
        if self._closing or self._task is None or self._task.done():
            raise Unavailable("the recorder is closed")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._jobs.append((job, future))
        self._wake.set()
        return await future

    async def _run(self) -> None:
        """Log batch after batch; whatever ends this ends every wait."""
        group: Sequence[_Waiting] = ()
        try:
            while self._waiting or self._jobs or not self._closing:
                if not (self._waiting or self._jobs):
                    await self._rest()
                await asyncio.sleep(0)
                while self._jobs:
                    await self._work(*self._jobs.popleft())
                group = self._take()
                if group:
                    await self._log(group)
        except BaseException as error:
            self._stop(group, error)
            if not isinstance(error, Exception):
                raise

    async def _rest(self) -> None:
        """Wait for work, and close the period if it ends meanwhile."""
        self._wake.clear()
        seconds = self._closer.rest(self._book, self._clock())
        timer = None if seconds is None else asyncio.get_running_loop().call_later(seconds, self._wake.set)
        try:
            await self._wake.wait()
        finally:
            if timer is not None:
                timer.cancel()
        if not (self._waiting or self._jobs or self._closing):
            try:
                await self._open_minute()
            except Unavailable as error:
                self._owed = True
                self._closer.failed(error)
            except NOT_LOGGED as error:
                self._closer.failed(error)

    async def _work(self, job: Job, future: "asyncio.Future[Any]") -> None:
        """Do a job, unless nobody waits for it any more; what may have left a batch unanswered ends the recorder."""
        if future.done():
            return
        try:
            result = await job()
        except BaseException as error:
            cut = Unavailable("the recorder was stopped; reopened, it settles what it had signed")
            if not future.done():
                future.set_exception(error if isinstance(error, Exception) else cut)
            if not isinstance(error, NOT_LOGGED):
                raise
        else:
            if not future.done():
                future.set_result(result)

    @property
    def _book(self) -> Book | None:
        return self._journal.position.book

    @property
    def _counted(self) -> Book:
        if self._book is None:
            raise Unavailable("the recorder has no counts: open it with open_recorder")
        return self._book

    def _minute(self) -> int:
        """Return recorded_at of what is signed now; it never goes back along a chain."""
        return max(int(self._clock()) // 60, self._journal.position.recorded_at)

    async def _open_minute(self) -> int:
        """Return the minute to sign in, once every period that it is not in is closed."""
        if self._owed:
            self._journal.settle(await self.recover())
            self._owed = False
        minute = self._minute()
        while self._closer.due(self._book, minute, self._chain.officers):
            await self._close_one(minute, self._closer.given)
        return minute

    async def _close_one(self, minute: int, officers: Sequence[SecretKey], egress: Hash = ZERO_HASH) -> Closed:
        """Close the next period, in a batch of its own."""
        source_id, log_id = self._chain.source_id, self._pins.log_id
        body = next_closing(self._counted, self.next_sequence, source_id, log_id, officers, egress)
        (receipt,), settled = await self._batch([prepare_closing(body)], minute)
        self._journal.settle(settled)
        self.closed.append(Closed(body, receipt))
        return self.closed[-1]

    async def _close_by_hand(self, through: int | None, egress: Hash, officers: Sequence[SecretKey]) -> list[Closed]:
        minute = await self._open_minute()
        book = self._counted
        self._chain.officers.check(officers)
        last = minute if through is None else check_over(book.period, minute, through)
        due = closings_due(book, self.next_sequence, self._chain.source_id, minute, last)
        if egress != ZERO_HASH and len(due) != 1:
            raise InvalidInput("egress", f"belongs to one period, and {len(due)} are to be closed; name it")
        return [await self._close_one(minute, officers, egress) for _ in due]

    async def _flush(self) -> None:
        """Deliver what waits, group after group."""
        room, loop = self._journal.waiting, asyncio.get_running_loop()
        while group := await loop.run_in_executor(self._worker, gather, room, BATCH_BYTES, self._opening):
            await deliver(room, group, partial(self._say_group, await self._open_minute()))

    async def _say_group(self, minute: int, group: Group) -> None:
        """Log what waited as one batch, under the policy in force, and hand out its receipts before it is forgotten."""
        numbers, prepared = [number for number, _ in group], [item for _, item in group]
        try:
            receipts, position = await self._batch(prepared, minute, numbers=numbers)
        except PolicySuperseded:
            self._chain = await self._renew()
            receipts, position = await self._batch(prepared, minute, numbers=numbers)
        self._hand_out(numbers, receipts)
        self._journal.settle(position)

    def _hand_out(self, numbers: Sequence[int], receipts: Sequence[Receipt]) -> None:
        for number, receipt in zip(numbers, receipts, strict=True):
            self._tell(number, receipt)

    @property
    def _opening(self) -> int:
        """How many bytes the public openings add to a leaf at most."""
        return OPENING * len(self._chain.publish)

    def _take(self) -> list[_Waiting]:
        """Return what goes into the next batch, leaving out calls that were cancelled meanwhile."""
        group: list[_Waiting] = []
        size = 0
        while self._waiting and len(group) < MAX_BATCH:
            item = self._waiting[0]
            if not item.future.done():
                size += item.prepared.size + self._opening
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
        try:
            minute = await self._open_minute()
        except NOT_LOGGED as error:
            _fail(group, Unavailable(f"closing: {error}; nothing is recorded before the ledger takes it"))
            return
        prepared, marks = [item.prepared for item in group], [item.mark for item in group]
        try:
            receipts, position = await self._batch(prepared, minute, marks)
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
            elif isinstance(item.mark, Opens):
                self.abort(receipt)
        await asyncio.sleep(0)  # callers go on before the journal is settled
        self._journal.settle(position)

    async def _batch(
        self,
        prepared: Sequence[Prepared],
        minute: int,
        marks: Sequence[Mark | None] = (),
        numbers: Sequence[int] = (),
    ) -> tuple[list[Receipt], Position]:
        """Sign, store and send a batch; return its receipts and where to settle, once the answer is checked."""
        loop = asyncio.get_running_loop()
        sign = partial(self._sign, self._chain, prepared, minute, marks, numbers)
        request = await loop.run_in_executor(self._worker, sign)
        response, batch = await self._exchange(request)
        if batch.count <= FEW:
            return self._check(request, batch, response)
        return await loop.run_in_executor(self._worker, self._check, request, batch, response)

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
        unsent = Unavailable(f"not sent, because an earlier batch is not settled: {reason}")
        _fail(self._waiting, unsent)
        self._waiting.clear()
        for _, future in self._jobs:
            if not future.done():
                future.set_exception(unsent)
        self._jobs.clear()

    def _sign(
        self,
        chain: Chain,
        prepared: Sequence[Prepared],
        minute: int,
        marks: Sequence[Mark | None],
        numbers: Sequence[int],
    ) -> disclosure_pb2.SubmitBatchRequest:
        """Build, seal and sign a batch, and store it durably."""
        position = self._journal.position
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
        first = position.next_sequence
        noted = {
            first + number: (leaf_hash(submission.statements[number]), mark)
            for number, mark in enumerate(marks)
            if mark is not None
        }
        self._journal.store(first, request.SerializeToString(deterministic=True), noted, numbers)
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
                    self.trouble = None
                    return answer
            except (Unavailable, Busy) as error:
                self.trouble = error
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
    """Return where the recorder stands after ``batch`` was answered under a tree of ``size`` and ``root``.

    Raises:
        VerificationFailed: a closing in it, or what is late, contradicts what the chain holds.
    """
    try:
        book = None if position.book is None else position.book.take(batch)
    except LedgerError as error:
        raise VerificationFailed(f"answer: the ledger logged what it must refuse: {error}") from None
    return replace(
        position,
        next_sequence=batch.end_sequence,
        previous=sha256(batch.signed_bytes(binding)),
        recorded_at=batch.last_minute,
        size=size,
        root=root,
        book=book,
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
