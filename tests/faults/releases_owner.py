"""Who hands data over: opens a recorder, does several things at once, loses it, opens another on what is left."""

import asyncio
import shutil
import sqlite3
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from unittest import mock

from ledger.client import closing, journal
from ledger.client.gate import Release
from ledger.client.opening import open_journal, open_recorder, put_off
from ledger.client.profile import Profile
from ledger.client.recorder import Recorder
from ledger.core.bodies import DeliveryResult, Period
from ledger.core.errors import (
    Busy,
    GateShut,
    InvalidInput,
    LedgerError,
    NotStored,
    Refused,
    Unavailable,
    VerificationFailed,
)
from ledger.core.periods import DAY, period_start
from ledger.core.record_input import Disclosure
from tests.client.gating import described
from tests.faults.clients_life import Died, Life
from tests.faults.clients_network import Wire
from tests.faults.releases_ledger import MARK, Post, Watched
from tests.faults.releases_told import ABORTED, DELIVERED, TALLY, Fate, Kind, Told

OPENINGS: Final = 60
"""Attempts after which a recorder that does not open is stuck: there are never as many faults waiting."""

REST: Final = 0.002
"""Seconds after which an idle recorder looks at the clock again."""

MOMENT: Final = 0.01
HASTE: Final = (0.0, 0.004, 0.012)
"""Seconds that hasty releases wait: not at all, and about as long as an answer takes."""


class Job(Enum):
    """What is done with an open recorder."""

    RECORD = "a record"
    LATE = "a record of a period before, or of one that is not closed"
    DELIVER = "what became of a record, by hand"
    ENTER = "a release"
    HASTY = "a release that waits for a moment"
    LATE_RELEASE = "a release of what is late"
    LEAVE = "the end of a block"
    FAIL = "the end of a block with an error"
    PUT_OFF = "two records for later"
    PUT_OFF_LATE = "a late record for later"
    FLUSH = "what waits"
    CLOSE = "the periods that are over"
    NOBODY = "two witnesses leave"
    EVERYBODY = "all witnesses are there"


@dataclass(frozen=True, slots=True)
class Doing:
    """A job that begins after so many turns of the loop; ``quits`` so many later, if at all, it is cancelled."""

    job: Job
    turns: int = 0
    quits: int | None = None


@dataclass(slots=True)
class Owner:
    """The source's process, one life after the other; ``open_blocks`` were entered in this one or an earlier one."""

    standing: Watched
    post: Post
    told: Told
    folder: Path
    life: Life = field(init=False)
    recorder: Recorder | None = None
    refusal: str = ""
    """Why the last opening failed."""
    blocks: list[tuple[int, Release, Recorder]] = field(default_factory=list)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    def __post_init__(self) -> None:
        durable = self.folder / "durable"
        durable.mkdir()
        self.life = Life(self.folder / "state", durable)

    def disclosure(self, mark: int) -> tuple[Disclosure, bytes]:
        """Return the disclosure with a mark, and what it hands over."""
        data = b"artifact %d" % mark
        made = described(data, **{MARK: mark})
        if not self.told.asked[mark].late:
            return made, data
        today = period_start(self.standing.ledger.world.minute, Period.DAY)
        return replace(made, late_for=today - DAY * (mark % 2)), data

    # Opening and ending

    async def open(self, patience: float | None, flush: bool = True) -> None:
        """Open a recorder, trying again until it opens, which without a quorum it need not."""
        if patience is not None and not self.standing.has_quorum:
            patience = min(patience, MOMENT)  # there is nothing to wait for
        for _ in range(OPENINGS):
            await self._open(patience, flush)
            if self.recorder is not None or not self.standing.has_quorum:
                return
        raise AssertionError(f"the source is stuck: {self.refusal}")

    async def _open(self, patience: float | None, flush: bool) -> None:
        self.refusal = "its process died"
        with self.mortal():
            opening = open_recorder(
                self.standing.profile,
                self.standing.key,
                self.standing.clock,
                patience,
                self.life.directory,
                flush=flush,
                tell=self.told.tell,
            )
            try:
                self.recorder = await self._stack.enter_async_context(opening)
            except Died:
                await self.bury()
                return
            except (InvalidInput, Refused, Unavailable, Busy, VerificationFailed) as error:
                self.refusal = f"{type(error).__name__}: {error}"
                assert not self.refusal.startswith("Refused: journal:"), self.refusal
                return
        assert self.recorder.unresolved == [], "an opening that leaves releases without an end"
        self.told.keep(*self.recorder.recovered)
        self.told.keep(*(item.receipt for item in self.recorder.closed))
        for item in self.recorder.settled:
            assert item.receipt is not None, "an end that the log has already, or that is of nothing"
            self.told.keep(item.receipt)

    @contextmanager
    def mortal(self) -> Iterator[None]:
        """Have what is opened in here end with this life."""
        life = self.life
        mortal = SimpleNamespace(connect=life.connect, Error=sqlite3.Error, Connection=sqlite3.Connection)
        with (
            mock.patch.object(Profile, "role_channel", return_value=Wire(self.post, life)),
            mock.patch.object(journal, "sqlite3", mortal),
        ):
            yield

    async def close(self) -> None:
        """End the process, if there is one, in good order; blocks may still be open."""
        if self.recorder is None:
            return
        self.recorder = None
        with suppress(Died):
            await self._stack.aclose()
        if self.life.left is not None:
            await self.bury()
        else:
            self.life.keep()

    async def bury(self) -> None:
        """Let go of what died, and continue from what it left."""
        TALLY["died, power lost" if self.life.power else "died"] += 1
        self.recorder = None
        self.blocks.clear()
        with suppress(Died):
            await self._stack.aclose()
        assert self.life.left is not None
        if self.life.directory.exists():
            shutil.rmtree(self.life.directory)
        self.life = Life(self.life.left, self.life.durable)

    # Doing

    async def do(self, doings: Sequence[Doing]) -> None:
        """Do several things at once; a recorder that took no more by the end is closed."""
        assert self.recorder is not None
        outcomes = await asyncio.gather(*(self._do(doing) for doing in doings), return_exceptions=True)
        if self.life.left is not None:
            await self.bury()
        elif any(_ended(outcome) for outcome in outcomes):
            await self.close()
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(
                outcome, LedgerError | Died | asyncio.CancelledError
            ):
                raise outcome

    async def _do(self, doing: Doing) -> None:
        for _ in range(doing.turns):
            await asyncio.sleep(0)
        work = self._work(doing.job)
        if work is None:
            return
        task = asyncio.ensure_future(work)
        if doing.quits is not None:
            await asyncio.sleep(0)
            for _ in range(doing.quits):
                await asyncio.sleep(0)
            task.cancel()
        await task

    def _work(self, job: Job) -> "Coroutine[Any, Any, None] | None":
        recorder = self.recorder
        assert recorder is not None
        late = job in (Job.LATE, Job.LATE_RELEASE, Job.PUT_OFF_LATE)
        match job:
            case Job.RECORD | Job.LATE:
                return self._record(recorder, self.told.ask(Kind.RECORD, late))
            case Job.ENTER | Job.HASTY | Job.LATE_RELEASE:
                mark = self.told.ask(Kind.RELEASE, late)
                return self._enter(recorder, mark, HASTE[mark % len(HASTE)] if job is Job.HASTY else None)
            case Job.LEAVE | Job.FAIL:
                return self._leave(*self.blocks.pop(0), job is Job.FAIL) if self.blocks else None
            case Job.PUT_OFF | Job.PUT_OFF_LATE:
                return self._put_off(recorder, self.ask_off(1 if late else 2, late))
            case Job.DELIVER:
                return self._deliver(recorder)
            case Job.FLUSH:
                return recorder.flush()
            case Job.CLOSE:
                return self._close_periods(recorder)
            case _:
                self.standing.leave_out(("one", "two") if job is Job.NOBODY else ())
                return None

    async def _record(self, recorder: Recorder, mark: int) -> None:
        made, _ = self.disclosure(mark)
        try:
            receipt = await recorder.record(made)
        except (InvalidInput, Refused):
            self.told.asked[mark].fate = Fate.NEVER
            raise
        self.told.logged(mark, receipt)

    async def _enter(self, recorder: Recorder, mark: int, within: float | None) -> None:
        made, data = self.disclosure(mark)
        release = recorder.release(made, data, within)
        try:
            await release.__aenter__()
        except Died:
            self.told.asked[mark].ends = frozenset({ABORTED, DELIVERED})  # the gate may have been noted as open
            raise
        except GateShut as shut:
            TALLY["shut"] += 1
            if isinstance(shut.__cause__, Refused):
                self.told.asked[mark].fate = Fate.NEVER
            raise
        self.told.entered(mark, release)
        self.blocks.append((mark, release, recorder))

    async def _leave(self, mark: int, release: Release, recorder: Recorder, fails: bool) -> None:
        """End a block; an error is known as ABORTED while its recorder can write that, afterwards it cannot be."""
        asked, error = self.told.asked[mark], ValueError() if fails else None
        here = recorder is self.recorder
        if fails and here:
            asked.ends = frozenset({ABORTED, DELIVERED})
        await release.__aexit__(type(error) if error else None, error, None)
        if fails and here:
            asked.ends = frozenset({ABORTED})
        if release.delivery is not None:
            TALLY["ended"] += 1
            self.told.keep(release.delivery)
            assert self.told.ends[mark] is (ABORTED if fails else DELIVERED)

    async def _deliver(self, recorder: Recorder) -> None:
        found = [
            receipts[0]
            for index, receipts in self.told.receipts.items()
            if index not in self.told.by_hand
            and receipts[0].sequence in self.told.marks
            and self.told.asked[self.told.marks[receipts[0].sequence]].kind is Kind.RECORD
        ]
        if found:
            self.told.by_hand[found[0].index] = False
            self.told.keep(await recorder.deliver(found[0].target, DeliveryResult.DELIVERED))
            self.told.by_hand[found[0].index] = True

    async def _close_periods(self, recorder: Recorder) -> None:
        self.told.keep(*(item.receipt for item in await recorder.close_periods()))

    def ask_off(self, count: int, late: bool = False) -> list[int]:
        """Return the marks of records to be put off in one call."""
        return [self.told.ask(Kind.PUT_OFF, late, bool(position)) for position in range(count)]

    async def _put_off(self, recorder: Recorder, marks: Sequence[int]) -> None:
        self._numbered(marks, await recorder.put_off(*(self.disclosure(mark)[0] for mark in marks)))

    def put_off(self, marks: Sequence[int]) -> None:
        """Put off with no recorder open and no ledger asked."""
        with self.mortal():
            made = [self.disclosure(mark)[0] for mark in marks]
            profile, key = self.standing.profile, self.standing.key
            self._numbered(marks, put_off(profile, key, made, self.standing.clock, self.life.directory))

    def _numbered(self, marks: Sequence[int], numbers: Sequence[int]) -> None:
        TALLY["put off"] += len(numbers)
        for mark, number in zip(marks, numbers, strict=True):
            asked = self.told.asked[mark]
            asked.number, asked.fate = number, Fate.OWED

    def aside(self) -> list[int]:
        """Return the numbers of what the log refused, once nothing else is left in the journal of a closed recorder."""
        opened = open_journal(self.standing.profile, self.standing.key, self.life.directory)
        try:
            assert opened.pending() is None
            assert opened.releases() == []
            rows = opened.waiting.rows()
            assert all(row.refusal for row in rows), "something waits"
            return [row.number for row in rows]
        finally:
            opened.close()


def _ended(outcome: object) -> bool:
    """Return whether what was told means that a recorder takes no more."""
    cause = outcome.__cause__ if isinstance(outcome, GateShut) else outcome
    return isinstance(cause, Unavailable | NotStored | VerificationFailed)


@contextmanager
def restless() -> Iterator[None]:
    """Have idle recorders look at the clock often."""
    with mock.patch.object(closing, "LONGEST_REST", REST):
        yield
