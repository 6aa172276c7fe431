"""What a source says, in order: it closes the periods that are over, follows the policy, delivers what waits.

One of its calls at a time: each may sign, and nothing is signed before the batch ahead of it is settled.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from ledger.client.approvals import Draft, OfficerApproval
from ledger.client.closing import Closed, Closer, check_over, closings_due, draft_of, next_closing
from ledger.client.exchange import NOT_LOGGED, Answered, Chain, Exchange
from ledger.client.flushing import Group, Tell, deliver, gather
from ledger.client.journal import Journal, Position
from ledger.client.range_receipt import Receipt
from ledger.client.releases import Mark
from ledger.core import bodies
from ledger.core.admission import MAX_BATCH_BYTES
from ledger.core.building import Prepared, prepare_closing
from ledger.core.closings import Book
from ledger.core.encoding import ZERO_HASH, Hash
from ledger.core.errors import InvalidInput, PolicySuperseded, Unavailable
from ledger.core.signing import SecretKey
from ledger.core.statement import decode_leaf

BATCH_BYTES: Final = MAX_BATCH_BYTES - 64 * 1024
"""What a batch may gather before it is closed."""

OPENING: Final = 512
"""Bytes that a public opening adds to a leaf at most."""

Renew = Callable[[], Awaitable[Chain]]
"""Reads the chain anew from the log, where policies change."""


class Speaker:
    """Says for one source what its chain holds next: ``recover``, then ``follow`` a chain, then anything else."""

    def __init__(
        self,
        exchange: Exchange,
        journal: Journal,
        log_id: Hash,
        clock: Callable[[], float] = time.time,
        closer: Closer | None = None,
        tell: Tell | None = None,
    ) -> None:
        self._exchange, self._journal, self._log_id, self._clock = exchange, journal, log_id, clock
        self._closer = closer or Closer()
        self._tell = tell or (lambda number, receipt: self.flushed.append((number, receipt)))
        self._owed = False
        """Whether a closing that nobody waits for was signed and is not answered."""
        self.recovered: list[Receipt] = []
        self.flushed: list[tuple[int, Receipt]] = []
        self.closed: list[Closed] = []

    @property
    def book(self) -> Book:
        """The counts of the periods that are not closed; raise Unavailable where they were not read from the log."""
        book = self._journal.position.book
        if book is None:
            raise Unavailable("the recorder has no counts: open it with open_recorder")
        return book

    @property
    def opening_bytes(self) -> int:
        """How many bytes the public openings add to a leaf at most."""
        return OPENING * len(self._chain.publish)

    async def recover(self) -> Position:
        """Ask after the batch that an earlier run left unanswered; return where to settle. See ``Recorder.recover``."""
        request = self._exchange.unanswered()
        if request is None:
            return self._journal.position
        numbers = self._journal.waiting.numbers()
        last = decode_leaf(request.statements[-1]).statement.body
        try:
            receipts, position = await self._exchange.send(request)
        except NOT_LOGGED:
            if numbers or isinstance(last, bodies.Closing):
                return self._journal.position  # it waits as before, or is said anew
            raise
        if isinstance(last, bodies.Closing):
            self.closed.append(Closed(last, receipts[-1]))
        elif numbers:
            self._hand_out(numbers, receipts)
        else:
            self.recovered = receipts
        return position

    def follow(self, chain: Chain, renew: Renew) -> None:
        """Sign as ``chain`` says from now on, or as ``renew`` does once the policy is another."""
        self._chain, self._renew = chain, renew

    async def say(
        self,
        prepared: Sequence[Prepared],
        minute: int,
        marks: Sequence[Mark | None] = (),
        numbers: Sequence[int] = (),
    ) -> Answered:
        """Log a batch, if need be once more under the policy in force; raise as ``Exchange.say`` does."""
        try:
            return await self._exchange.say(self._chain, prepared, minute, marks, numbers)
        except PolicySuperseded:
            self._chain = await self._renew()
            return await self._exchange.say(self._chain, prepared, minute, marks, numbers)

    async def open_minute(self) -> int:
        """Return the minute to sign in, once every period that it is not in is closed; raise as ``say`` does."""
        if self._owed:
            self._journal.settle(await self.recover())
            self._owed = False
        minute = max(int(self._clock()) // 60, self._journal.position.recorded_at)  # it never goes back along a chain
        while self._closer.due(self._journal.position.book, minute, self._chain.officers):
            await self._close(minute, self._closer.given)
        return minute

    def rest(self) -> float | None:
        """Return how many seconds to wait for work before ``close_idle``, None for as long as there is none."""
        return self._closer.rest(self._journal.position.book, self._clock())

    async def close_idle(self) -> None:
        """Close what is over although nobody waits for it; what hinders that is told, and ends nothing."""
        try:
            await self.open_minute()
        except Unavailable as error:
            self._owed = True
            self._closer.failed(error)
        except NOT_LOGGED as error:
            self._closer.failed(error)

    async def draft(self, through: int | None, egress: Hash) -> Draft:
        """Return what officers are to approve next; see ``Recorder.draft_closing``."""
        minute = await self.open_minute()
        return draft_of(self._log_id, self._chain.source_id, self._due(minute, through, minute), through, egress)

    def _due(self, minute: int, through: int | None, last: int) -> list[bodies.Closing]:
        """Return what is to be said of the periods that are over, up to that of ``through``, else that of ``last``."""
        if through is not None:
            last = check_over(self.book.period, minute, through)
        return closings_due(self.book, self._journal.position.next_sequence, self._chain.source_id, minute, last)

    async def close_by_hand(
        self,
        through: int | None,
        egress: Hash,
        officers: Sequence[SecretKey],
        approvals: Sequence[OfficerApproval] = (),
    ) -> list[Closed]:
        """Close what is over; see ``Recorder.close_periods``."""
        minute = await self.open_minute()
        chain = self._chain
        due = self._due(minute, through, self.book.start if approvals else minute)
        alone = "approval" if approvals else "egress" if egress != ZERO_HASH else ""
        if alone and len(due) != 1:
            raise InvalidInput(
                alone, f"belongs to one period, and {len(due)} are to be closed" + "; name it" * bool(due)
            )
        given: list[bodies.Approval] = []
        if approvals:
            said = Draft(self._log_id, chain.source_id, replace(due[0], egress_digest=egress))
            given = chain.officers.verify(said, approvals, officers)
        chain.officers.check(officers, given)
        return [await self._close(minute, officers, egress, given) for _ in due]

    async def _close(
        self,
        minute: int,
        officers: Sequence[SecretKey],
        egress: Hash = ZERO_HASH,
        approvals: Sequence[bodies.Approval] = (),
    ) -> Closed:
        """Close the next period, in a batch of its own."""
        sequence, source_id = self._journal.position.next_sequence, self._chain.source_id
        body = next_closing(self.book, sequence, source_id, self._log_id, officers, egress, approvals)
        (receipt,), position = await self.say([prepare_closing(body)], minute)
        self._journal.settle(position)
        self.closed.append(Closed(body, receipt))
        return self.closed[-1]

    async def flush(self) -> None:
        """Deliver what waits, group after group; see ``Recorder.flush``."""
        room = self._journal.waiting
        while group := await self._exchange.work(gather, room, BATCH_BYTES, self.opening_bytes):
            await deliver(room, group, partial(self._deliver, await self.open_minute()))

    async def _deliver(self, minute: int, group: Group) -> None:
        """Log what waited as one batch, and hand out its receipts before it is forgotten."""
        numbers = [number for number, _ in group]
        receipts, position = await self.say([item for _, item in group], minute, numbers=numbers)
        self._hand_out(numbers, receipts)
        self._journal.settle(position)

    def _hand_out(self, numbers: Sequence[int], receipts: Sequence[Receipt]) -> None:
        for number, receipt in zip(numbers, receipts, strict=True):
            self._tell(number, receipt)
