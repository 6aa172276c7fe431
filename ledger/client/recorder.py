"""The recorder: disclosures in, one stand-alone receipt each out, whatever happens in between.

Calls of ``record`` from many tasks coalesce: while one batch is on its way the next one gathers. A batch is built,
sealed, signed and stored durably before it is sent, and those bytes are resent until they are answered, so a retry
never doubles an entry and a crash never loses one.
"""

import asyncio
import os
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import grpc

from ledger.client.approvals import Draft, OfficerApproval
from ledger.client.artifact import Given
from ledger.client.closing import Closed, Closer
from ledger.client.exchange import NOT_LOGGED, Chain, Exchange
from ledger.client.flushing import Tell
from ledger.client.gate import Release, look
from ledger.client.journal import Journal, Position
from ledger.client.range_receipt import Receipt
from ledger.client.reads import Pins
from ledger.client.releases import Ends, Mark, Note, Opens, Settled, Stage
from ledger.client.speaker import BATCH_BYTES, Renew, Speaker
from ledger.client.waiting import LIMIT
from ledger.core import bodies
from ledger.core.batch import MAX_BATCH
from ledger.core.building import Prepared, prepare, prepare_delivery
from ledger.core.encoding import ZERO_HASH, Hash
from ledger.core.errors import LedgerError, Refused, Unavailable
from ledger.core.record import PartialRecord
from ledger.core.record_input import Disclosure
from ledger.core.record_kinds import rfc3339
from ledger.core.signing import SecretKey

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
        self._journal, self._clock = journal, clock
        self._exchange = Exchange(channel, pins, key, journal, patience)
        self._speaker = Speaker(self._exchange, journal, pins.log_id, clock, closer, tell)
        self._waiting: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._jobs: deque[tuple[Job, asyncio.Future[Any]]] = deque()
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self.settled: list[Settled] = []
        """Releases that an earlier run left open, and how they ended now."""
        self.pins = pins
        """What receipts are held to."""

    @property
    def recovered(self) -> list[Receipt]:
        """Receipts of the batch that an earlier run left unanswered."""
        return self._speaker.recovered

    @property
    def flushed(self) -> list[tuple[int, Receipt]]:
        """Receipts of what waited, with its numbers, unless they are told to a function."""
        return self._speaker.flushed

    @property
    def closed(self) -> list[Closed]:
        """The periods that were closed, oldest first."""
        return self._speaker.closed

    @property
    def trouble(self) -> LedgerError | None:
        """Why the batch on its way is not answered yet, if it had to be sent again."""
        return self._exchange.trouble

    @property
    def unresolved(self) -> list[Note]:
        """The releases whose end is not in the log; those of an earlier run are settled by the opening."""
        return self._journal.releases()

    @property
    def waiting(self) -> int:
        """How many were put off, and wait for ``flush`` or the next opening; those that the log refused not counted."""
        return self._journal.waiting.count()

    @property
    def period(self) -> bodies.Period:
        """How often the source closes, as it was enrolled; raise Unavailable before that was read from the log."""
        return self._speaker.book.period

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
        return await self._speaker.recover()

    async def start(self, chain: Chain, renew: Renew, flush: bool = True) -> None:
        """Close the periods that are over, deliver what waits (with ``flush``), and take work from then on.

        All is signed as ``chain`` says, or as ``renew`` does once the policy is another. Raises as ``record`` does;
        what waits goes on waiting.
        """
        self._speaker.follow(chain, renew)
        await self._speaker.open_minute()
        if flush:
            await self._speaker.flush()
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Finish what was given, then close; cancelled, stop at once and leave what is unanswered to the journal."""
        self._closing = True
        self._wake.set()
        try:
            if self._task is not None:
                await self._task
        finally:
            self._exchange.close()
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
        return await self._exchange.work(self._journal.waiting.put, disclosures, int(self._clock()), limit)

    async def flush(self) -> None:
        """Sign and deliver what waits, oldest first, before anything that is given after it; see ``flushed``.

        What the log refuses for good moves aside with its reason. Raises as ``record`` does otherwise.
        """
        await self._do(self._speaker.flush)

    async def draft_closing(self, through: int | None = None, egress: Hash = ZERO_HASH) -> Draft:
        """Return the closing of the next period as officers are to approve it; see ``ledger.client.draft_closing``.

        Raises:
            InvalidInput: ``through`` is not over, or is of a later period.
            Refused: no period is over that is not closed.
        """
        draft: Draft = await self._do(partial(self._speaker.draft, through, egress))
        return draft

    async def close_periods(
        self,
        through: int | None = None,
        egress: Hash = ZERO_HASH,
        officers: Sequence[SecretKey] = (),
        approvals: Sequence[OfficerApproval] = (),
    ) -> list[Closed]:
        """Close all periods that are over, or those up to the one that holds the minute ``through``; return them.

        ``egress`` is the SHA-256 of the egress log, which stands in the one closing that is said then. ``approvals``
        are those of officers who approved a draft of one closing, see ``draft_closing``; only the next
        period is closed with them.

        Raises:
            InvalidInput: ``through`` is not over, a key is not an officer's, ``egress`` is given for several, or an
                approval is of something else, a stranger's, its officer's second, or not signed by that officer.
            Refused: officers have to approve, and these are too few; or the ledger refuses a closing.
        """
        return list(await self._do(partial(self._speaker.close_by_hand, through, egress, officers, approvals)))

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
        await self._exchange.work(self._journal.reach, sequence, stage)

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
        seconds = self._speaker.rest()
        timer = None if seconds is None else asyncio.get_running_loop().call_later(seconds, self._wake.set)
        try:
            await self._wake.wait()
        finally:
            if timer is not None:
                timer.cancel()
        if not (self._waiting or self._jobs or self._closing):
            await self._speaker.close_idle()

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

    def _take(self) -> list[_Waiting]:
        """Return what goes into the next batch, leaving out calls that were cancelled meanwhile."""
        group: list[_Waiting] = []
        size = 0
        while self._waiting and len(group) < MAX_BATCH:
            item = self._waiting[0]
            if not item.future.done():
                size += item.prepared.size + self._speaker.opening_bytes
                if group and size > BATCH_BYTES:
                    break
                group.append(item)
            self._waiting.popleft()
        return group

    async def _log(self, group: Sequence[_Waiting]) -> None:
        """Log a batch and answer who waits for it.

        Where a statement that refers to others may have had a whole batch refused, they are tried one by one.
        """
        try:
            minute = await self._speaker.open_minute()
        except NOT_LOGGED as error:
            _fail(group, Unavailable(f"closing: {error}; nothing is recorded before the ledger takes it"))
            return
        prepared, marks = [item.prepared for item in group], [item.mark for item in group]
        try:
            receipts, position = await self._speaker.say(prepared, minute, marks)
        except NOT_LOGGED as error:
            if len(group) == 1 or all(item.prepared.alone for item in group):
                _fail(group, error)
                return
            for item in group:
                await self._log([item])
            return
        for item, receipt in zip(group, receipts, strict=True):
            if not item.future.done():
                item.future.set_result(receipt)
            elif isinstance(item.mark, Opens):
                self.abort(receipt)
        await asyncio.sleep(0)  # callers go on before the journal is settled
        self._journal.settle(position)

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


def _fail(items: Iterable[_Waiting], error: Exception) -> None:
    for item in items:
        if not item.future.done():
            item.future.set_exception(error)
