"""A source closes its periods by itself: in order, each with exact counts, before anything else is signed."""

import asyncio
from collections import deque
from copy import deepcopy
from pathlib import Path

import pytest

from ledger.client import closing, exchange
from ledger.client.closing import Closer
from ledger.core import bodies
from ledger.core.bodies import Period
from ledger.core.errors import Busy, ConfigInvalid, Refused, Unavailable
from ledger.core.periods import DAY, WEEK, period_start
from tests.client.lying import Lying, lying
from tests.client.opened import book, check_tiling, closings, recorder_of, world_of
from tests.client.recording import crashed, journal
from tests.core.world import disclosure


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resend, and look at the clock, without waiting long."""
    monkeypatch.setattr(exchange, "FIRST_DELAY", 0.001)
    monkeypatch.setattr(closing, "LONGEST_REST", 0.005)


def counts(said: list[bodies.Closing]) -> list[int]:
    """Return the disclosures that closings count, each exactly."""
    assert all(body.disclosures.lo == body.disclosures.hi for body in said)
    return [body.disclosures.lo for body in said]


@pytest.mark.parametrize(
    ("period", "length"),
    [(Period.DAY, DAY), (Period.WEEK, WEEK), (Period.MONTH, 31 * DAY)],
    ids=["days", "weeks", "months"],
)
async def test_openings_close_what_is_over(tmp_path: Path, period: Period, length: int) -> None:
    """Also periods without a word, also with a journal that is lost each time: nothing is left out or doubled."""
    async with lying(world_of(period)) as ledger:
        for turn in range(4):
            async with recorder_of(ledger, tmp_path / f"{turn % 3}") as opened:
                await asyncio.gather(*(opened.record(disclosure()) for _ in range(turn)))
            ledger.world.minute += length * (1 + turn % 2)
        async with recorder_of(ledger, tmp_path / "lost"):
            assert (book(ledger).start) == period_start(ledger.world.minute, period)
        said = check_tiling(ledger.world)
    assert sum(counts(said)) == 6
    assert counts(said)[:4] == [0, 1, 0, 2]


async def test_a_journal_of_an_older_release_is_counted_anew(tmp_path: Path) -> None:
    """A journal without counts gets them from the log, key changes included."""
    async with lying(world_of(Period.WEEK)) as ledger:
        async with recorder_of(ledger, tmp_path) as opened:
            await opened.record(disclosure())
        ledger.world.change_key("alpha")
        async with recorder_of(ledger, tmp_path) as opened:
            await opened.record(disclosure())
        held = journal(ledger.world, tmp_path / "state")
        assert held.position.book == book(ledger)
        held._db.execute("DELETE FROM book")
        held.close()
        async with recorder_of(ledger, tmp_path) as opened:
            assert opened._journal.position.book == book(ledger)
            assert opened.period == Period.WEEK


async def test_a_period_that_ends_is_closed_before_the_next_entry(tmp_path: Path) -> None:
    """The closing is a batch of its own, and what is new follows it."""
    async with lying(world_of(Period.WEEK)) as ledger, recorder_of(ledger, tmp_path) as opened:
        await opened.record(disclosure())
        ledger.world.minute += WEEK
        receipt = await opened.record(disclosure())
        (closed,) = opened.closed
    assert [len(request.statements) for request in ledger.received] == [1, 1, 1]
    assert (closed.receipt.sequence, receipt.sequence) == (1, 2)
    assert closings(ledger.world.leaves) == [closed.body]
    assert counts([closed.body]) == [1]


async def test_an_idle_recorder_closes_too(tmp_path: Path) -> None:
    """Nobody has to record anything for a period to be closed with zero."""
    async with lying(world_of(Period.DAY)) as ledger, recorder_of(ledger, tmp_path) as opened:
        ledger.world.minute += DAY
        await ledger.held.wait()
        await opened.flush()
        assert counts([closed.body for closed in opened.closed]) == [0]
    check_tiling(ledger.world)


@pytest.mark.parametrize("logged", [True, False], ids=["logged, answer lost", "never arrived"])
async def test_a_crash_between_signing_and_answer_doubles_and_loses_nothing(tmp_path: Path, logged: bool) -> None:
    """A closing is resent like any batch, and counted once it is answered."""
    async with lying(world_of(Period.WEEK)) as ledger:
        async with recorder_of(ledger, tmp_path) as opened:
            await opened.record(disclosure())
        ledger.held.clear()
        ledger.world.minute += WEEK
        before = deepcopy(ledger.world), dict(ledger.answered)
        ledger.hold = True
        opening = asyncio.create_task(_open(ledger, tmp_path))
        await ledger.held.wait()
        left = crashed(tmp_path / "state")
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        ledger.hold = False
        if not logged:
            ledger.world, ledger.answered = before
        kept = journal(ledger.world, left)
        assert kept.position.book is not None
        assert kept.position.book.closing == bytes(32)
        kept.close()
        async with recorder_of(ledger, tmp_path, state=left) as opened:
            assert [closed.receipt.sequence for closed in opened.closed] == [1]
            assert opened.recovered == []
            assert (await opened.record(disclosure())).sequence == 2
        kept = journal(ledger.world, left)
        assert kept.position.book == book(ledger)
        kept.close()
    assert counts(check_tiling(ledger.world)) == [1]
    assert ledger.received[1] == ledger.received[-2]


async def _open(ledger: Lying, folder: Path) -> None:
    async with recorder_of(ledger, folder):
        raise AssertionError


async def test_a_closing_that_was_refused_meanwhile_is_said_anew(tmp_path: Path) -> None:
    """Left unanswered and then refused for good, it takes nothing with it."""
    async with lying(world_of(Period.DAY)) as ledger:
        async with recorder_of(ledger, tmp_path) as opened:
            await opened.record(disclosure())
        ledger.world.minute += DAY
        ledger.refusals = deque([Busy("queue: full", 0.1)] * 1000)
        with pytest.raises(Unavailable, match=r"^not answered within "):
            async with recorder_of(ledger, tmp_path, patience=0.01):
                raise AssertionError
        ledger.refusals = deque([Refused("not now")])
        async with recorder_of(ledger, tmp_path) as opened:
            assert len(opened.closed) == 1
    assert counts(check_tiling(ledger.world)) == [1]


async def test_nothing_is_recorded_before_a_closing_that_is_refused(tmp_path: Path) -> None:
    """Who records meanwhile hears why, nothing of it is logged, and it goes on once the ledger takes it."""
    async with lying(world_of(Period.DAY)) as ledger:
        async with recorder_of(ledger, tmp_path) as opened:
            ledger.world.minute += DAY
            ledger.refusals = deque([Refused("not now")] * 2)
            with pytest.raises(Unavailable, match=r"^closing: not now; nothing is recorded before"):
                await asyncio.gather(*(opened.record(disclosure()) for _ in range(2)))
            ledger.refusals.clear()
            assert (await opened.record(disclosure())).sequence == 1
        ledger.world.minute += DAY
        ledger.refusals = deque([Refused("not now")])
        with pytest.raises(Refused, match=r"^not now$"):
            await _open(ledger, tmp_path)
        ledger.refusals.clear()
        async with recorder_of(ledger, tmp_path):
            pass
    assert counts(check_tiling(ledger.world)) == [0, 1]


async def test_an_idle_recorder_tells_of_a_refusal_and_tries_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The refusal is a warning, and the closing follows."""
    async with lying(world_of(Period.DAY)) as ledger, recorder_of(ledger, tmp_path) as opened:
        ledger.refusals = deque([Refused("not now")] * 2)
        ledger.world.minute += DAY
        await ledger.held.wait()
        await opened.flush()
        assert len(opened.closed) == 1
    assert caplog.messages.count("a closing that is due is not logged yet: not now") == 1


async def test_an_idle_recorder_outlives_a_ledger_that_is_away(tmp_path: Path) -> None:
    """A closing that nobody waits for ends no recorder: the same bytes are sent until they are answered."""
    async with lying(world_of(Period.DAY)) as ledger, recorder_of(ledger, tmp_path, patience=0.01) as opened:
        ledger.refusals = deque([Unavailable("gone")] * 30)
        ledger.world.minute += DAY
        await ledger.held.wait()
        assert (await opened.record(disclosure())).sequence == 1
        assert len(opened.closed) == 1
    assert len({tuple(request.statements) for request in ledger.received}) == 2
    assert counts(check_tiling(ledger.world)) == [0]


async def test_what_is_owed_comes_first_by_hand_too(tmp_path: Path) -> None:
    """Who closes by hand while a closing is unanswered gets that one settled, and then those that are left."""
    async with lying(world_of(Period.DAY)) as ledger, recorder_of(ledger, tmp_path, patience=0.01) as opened:
        ledger.losses = deque([Unavailable("gone")] * 30)
        ledger.world.minute += DAY
        await ledger.held.wait()
        ledger.losses.clear()
        assert await opened.close_periods() == []
        assert len(opened.closed) == 1


async def test_by_hand_nothing_is_closed_alone(tmp_path: Path) -> None:
    """A recorder or a profile may leave it to people; counts go on by period meanwhile."""
    async with lying(world_of(Period.WEEK)) as ledger:
        async with recorder_of(ledger, tmp_path, close="hand") as opened:
            for _ in range(3):
                await opened.record(disclosure())
                ledger.world.minute += WEEK
            assert opened.closed == []
            closed = await opened.close_periods()
            assert await opened.close_periods() == []
        assert [item.body for item in closed] == check_tiling(ledger.world)
    assert counts([item.body for item in closed]) == [1, 1, 1]


def test_how_a_source_closes_is_one_of_two() -> None:
    """Anything else is a mistake in the profile."""
    with pytest.raises(ConfigInvalid, match=r"^close: must be auto or hand$"):
        Closer("sometimes")
