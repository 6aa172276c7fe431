"""However a recorder ends, nobody waits for ever, the lock is given back, and what was signed is in the journal."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from ledger.client.journal import Journal
from ledger.client.recorder import Recorder
from ledger.core.errors import Unavailable, VerificationFailed
from tests.client.lying import Lying, lying
from tests.client.recording import journal, opened_world, recording
from tests.core.world import disclosure


async def abandoned(ledger: Lying, directory: Path, calls: list[asyncio.Task[Any]], given: asyncio.Event) -> None:
    """Record two batches of which the first is never answered, and wait for both."""
    async with recording(ledger, directory) as recorder:
        calls.append(asyncio.create_task(recorder.record(disclosure())))
        await ledger.held.wait()
        calls.append(asyncio.create_task(recorder.record(disclosure())))
        given.set()
        await asyncio.gather(*calls)


async def test_closing_twice_cancelled_ends_every_wait(tmp_path: Path) -> None:
    """Cancelled once a recorder finishes, cancelled again it stops: callers are told, the journal can be opened."""
    async with lying(opened_world()) as ledger:
        ledger.hold = True
        calls: list[asyncio.Task[Any]] = []
        given = asyncio.Event()
        body = asyncio.create_task(abandoned(ledger, tmp_path / "state", calls, given))
        await given.wait()
        body.cancel()
        await asyncio.wait([body], timeout=0.05)
        assert not body.done()
        body.cancel()
        with pytest.raises(asyncio.CancelledError):
            await body
        assert all(call.done() for call in calls)
        ledger.hold = False
        async with recording(ledger, tmp_path / "state") as recorder:
            assert [receipt.index for receipt in recorder.recovered] == [3]


async def stopped(recorder: Recorder) -> None:
    """Cancel the recorder's own task, as a loop that shuts down does."""
    assert recorder._task is not None
    recorder._task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await recorder._task


async def shut_down_at_work(ledger: Lying, directory: Path) -> None:
    """Cancel a recorder's task while one batch is on its way and another waits."""
    async with recording(ledger, directory) as recorder:
        sent = asyncio.create_task(recorder.record(disclosure()))
        await ledger.held.wait()
        behind = asyncio.create_task(recorder.record(disclosure()))
        await asyncio.sleep(0)
        await stopped(recorder)
        with pytest.raises(Unavailable, match=r"^the recorder was stopped; reopened, it settles"):
            await sent
        with pytest.raises(Unavailable, match=r"^not sent, because an earlier batch is not settled"):
            await behind
        with pytest.raises(Unavailable, match=r"^the recorder is closed$"):
            await recorder.record(disclosure())


async def test_a_loop_that_shuts_down_leaves_nobody_waiting(tmp_path: Path) -> None:
    """With the recorder's task cancelled, callers in the batch and behind it are told, and later ones refused."""
    async with lying(opened_world()) as ledger:
        ledger.hold = True
        with pytest.raises(asyncio.CancelledError):
            await shut_down_at_work(ledger, tmp_path / "state")
        held = journal(ledger.world, tmp_path / "state")
        assert held.pending() is not None
        held.close()


async def shut_down_idle(ledger: Lying, directory: Path) -> None:
    """Cancel a recorder's task while it has nothing to do."""
    async with recording(ledger, directory) as recorder:
        await recorder.record(disclosure())
        await stopped(recorder)
        with pytest.raises(Unavailable, match=r"^the recorder is closed$"):
            await recorder.record(disclosure())


async def test_an_idle_recorder_can_be_stopped(tmp_path: Path) -> None:
    """A recorder without work that loses its task refuses what comes, and closes."""
    async with lying(opened_world()) as ledger:
        with pytest.raises(asyncio.CancelledError):
            await shut_down_idle(ledger, tmp_path / "state")
        journal(ledger.world, tmp_path / "state").close()


async def test_a_call_cancelled_before_its_batch_is_signed_is_not_logged(tmp_path: Path) -> None:
    """Giving up in time means giving up: the entry does not turn up later."""
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        early = asyncio.create_task(recorder.record(disclosure()))
        kept = asyncio.create_task(recorder.record(disclosure()))
        await asyncio.sleep(0)
        early.cancel()
        assert (await kept).sequence == 0
        lone = asyncio.create_task(recorder.record(disclosure()))
        await asyncio.sleep(0)
        lone.cancel()
        assert (await recorder.record(disclosure())).sequence == 1
    assert [len(request.statements) for request in ledger.received] == [1, 1]


@pytest.mark.parametrize("fails", [False, True], ids=["answered", "refused"])
async def test_a_call_cancelled_later_takes_no_one_with_it(tmp_path: Path, fails: bool) -> None:
    """Its entry is logged or not with the batch, and the others of the batch get what they are due."""
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state", patience=5) as recorder:
        calls = [asyncio.create_task(recorder.record(disclosure())) for _ in range(3)]

        def cancelling(answer: Any) -> Any:
            calls[1].cancel()
            return type(answer)() if fails else answer

        ledger.lies["SubmitBatch"] = cancelling
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(outcomes[1], asyncio.CancelledError)
    due = [VerificationFailed] * 2 if fails else ["Receipt"] * 2
    found = [type(outcome) if fails else type(outcome).__name__ for outcome in (outcomes[0], outcomes[2])]
    assert found == due


async def test_a_journal_that_cannot_be_written_sends_nothing(tmp_path: Path) -> None:
    """A batch that could not be stored was not sent: the caller is told, the recorder stops, the next one starts."""
    async with lying(opened_world()) as ledger:
        async with recording(ledger, tmp_path / "state") as recorder:
            recorder._journal._db.execute("PRAGMA query_only=ON")
            with pytest.raises(Unavailable, match=r"^journal: cannot be written "):
                await recorder.record(disclosure())
        assert ledger.received == []
        async with recording(ledger, tmp_path / "state") as recorder:
            assert (await recorder.record(disclosure())).sequence == 0


async def test_a_journal_that_cannot_be_settled_is_settled_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was answered is told; those who wait behind it are not sent, and hear why."""

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    async with lying(opened_world()) as ledger:
        async with recording(ledger, tmp_path / "state") as recorder:
            monkeypatch.setattr(Journal, "_advance", full)
            first = asyncio.create_task(recorder.record(disclosure()))
            await ledger.held.wait()
            behind = asyncio.create_task(recorder.record(disclosure()))
            assert (await first).index == 3
            with pytest.raises(
                Unavailable, match=r"^not sent, .*: journal: cannot be written \(database or disk is full"
            ):
                await behind
        monkeypatch.undo()
        async with recording(ledger, tmp_path / "state") as recorder:
            assert [receipt.index for receipt in recorder.recovered] == [3]
