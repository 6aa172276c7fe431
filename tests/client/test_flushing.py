"""What waited is signed and delivered in order, once, before anything new, whatever happens in between."""

import asyncio
from collections import deque
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.client import exchange, flushing, speaker
from ledger.client.opening import open_journal, put_off
from ledger.client.range_receipt import Receipt
from ledger.core.bodies import Period
from ledger.core.building import prepare
from ledger.core.errors import (
    Busy,
    InvalidInput,
    KeySuperseded,
    PolicySuperseded,
    Refused,
    TooFewAuditors,
    Unavailable,
)
from ledger.core.periods import WEEK
from ledger.core.receipt import verify_receipt
from ledger.core.record_input import Disclosure
from ledger.core.sealing_policy import SealingPolicy
from tests.client.lying import Lying, lying
from tests.client.opened import check_tiling, recorder_of, world_of
from tests.client.recording import SOURCE, crashed
from tests.client.test_opening import key, profile
from tests.client.test_recorder_policies import PUBLIC, publish
from tests.core.world import START, Entropy, disclosure


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resend without waiting long."""
    monkeypatch.setattr(exchange, "FIRST_DELAY", 0.001)


def put(ledger: Lying, folder: Path, *disclosures: Disclosure) -> list[int]:
    """Put disclosures off without a connection; by default three."""
    given = disclosures or tuple(disclosure(notes=f"note {number}") for number in range(3))
    return put_off(profile(ledger, folder), key(ledger.world.secrets[SOURCE]), given)


def left(ledger: Lying, folder: Path) -> list[tuple[int, str, str]]:
    """Return what is left in the waiting room: number, state, reason."""
    journal = open_journal(profile(ledger, folder), key(ledger.world.secrets[SOURCE]))
    try:
        return [(row.number, row.state, row.refusal) for row in journal.waiting.rows()]
    finally:
        journal.close()


def places(flushed: list[tuple[int, Receipt]]) -> list[tuple[int, int]]:
    """Return number and sequence of each."""
    return [(number, receipt.sequence) for number, receipt in flushed]


async def test_the_next_opening_delivers_before_anything_new(tmp_path: Path) -> None:
    """In order, in one batch, each with a receipt that stands alone; then the queue is empty."""
    async with lying(world_of(Period.WEEK)) as ledger:
        put(ledger, tmp_path)
        async with recorder_of(ledger, tmp_path) as opened:
            assert places(opened.flushed) == [(1, 0), (2, 1), (3, 2)]
            assert (await opened.record(disclosure())).sequence == 3
        assert [len(request.statements) for request in ledger.received] == [3, 1]
        for _, receipt in opened.flushed:
            assert verify_receipt(receipt.data, ledger.world.vkey).index == receipt.index
        assert left(ledger, tmp_path) == []


async def test_a_running_recorder_puts_off_and_flushes(tmp_path: Path) -> None:
    """What is put off while it runs waits until it is asked to flush; receipts go where they are wanted."""
    told: list[tuple[int, Receipt]] = []
    async with lying(world_of(Period.WEEK)) as ledger:
        async with recorder_of(ledger, tmp_path, tell=lambda *item: told.append(item)) as opened:
            assert await opened.put_off(disclosure(), disclosure()) == [1, 2]
            await opened.record(disclosure())
            await opened.flush()
            assert (places(told), opened.flushed) == ([(1, 1), (2, 2)], [])
        with pytest.raises(Unavailable, match=r"^the recorder is closed$"):
            await opened.flush()


async def test_without_flush_it_waits_on(tmp_path: Path) -> None:
    """An opening may leave the queue alone."""
    async with lying(world_of(Period.WEEK)) as ledger:
        put(ledger, tmp_path)
        async with recorder_of(ledger, tmp_path, flush=False) as opened:
            assert opened.flushed == []
        assert [state for _, state, _ in left(ledger, tmp_path)] == ["waiting"] * 3


async def test_much_is_delivered_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups are bounded by count and by bytes, and nothing is left between them."""
    monkeypatch.setattr(flushing, "MAX_BATCH", 3)
    async with lying(world_of(Period.WEEK)) as ledger:
        put(ledger, tmp_path, *[disclosure()] * 5)
        async with recorder_of(ledger, tmp_path) as opened:
            assert places(opened.flushed) == [(number, number - 1) for number in range(1, 6)]
            assert [len(request.statements) for request in ledger.received] == [3, 2]
            size = prepare(disclosure(), Entropy()).size
            monkeypatch.setattr(speaker, "BATCH_BYTES", size + size // 2)
            await opened.put_off(disclosure(), disclosure())
            await opened.flush()
    assert [len(request.statements) for request in ledger.received] == [3, 2, 1, 1]


@pytest.mark.parametrize("logged", [True, False], ids=["logged, answer lost", "never arrived"])
async def test_a_crash_on_the_way_delivers_once(tmp_path: Path, logged: bool) -> None:
    """From the bytes on disk between signing and answer, all are in the log once, and their receipts are handed out."""
    async with lying(world_of(Period.WEEK)) as ledger:
        put(ledger, tmp_path)
        ledger.hold = True
        opening = asyncio.create_task(_open(ledger, tmp_path))
        await ledger.held.wait()
        state = crashed(tmp_path / "state")
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        ledger.hold = False
        if not logged:
            ledger.world, ledger.answered = world_of(Period.WEEK), {}
        for turn in range(2):
            async with recorder_of(ledger, tmp_path, state=state) as opened:
                assert places(opened.flushed) == ([(1, 0), (2, 1), (3, 2)] if turn == 0 else [])
                assert opened.recovered == []
    assert ledger.world.state.sources[SOURCE].next_sequence == 3
    assert ledger.received[0] == ledger.received[-1]


async def _open(ledger: Lying, folder: Path) -> None:
    async with recorder_of(ledger, folder):
        raise AssertionError


async def test_what_was_on_its_way_and_refused_waits_again(tmp_path: Path) -> None:
    """A batch left unanswered and then refused for good is signed anew from what waits."""
    async with lying(world_of(Period.WEEK)) as ledger:
        put(ledger, tmp_path)
        ledger.refusals = deque([Busy("queue: full", 0.1)] * 1000)
        with pytest.raises(Unavailable, match=r"^not answered within "):
            async with recorder_of(ledger, tmp_path, patience=0.01):
                raise AssertionError
        assert [state for _, state, _ in left(ledger, tmp_path)] == ["on its way"] * 3
        ledger.refusals = deque([KeySuperseded("key_statement: not the current one", bytes(32))])
        async with recorder_of(ledger, tmp_path) as opened:
            assert places(opened.flushed) == [(1, 0), (2, 1), (3, 2)]


async def test_what_the_log_refuses_moves_aside(tmp_path: Path) -> None:
    """Its reason is kept, the rest is delivered, and tried again it may pass."""
    async with lying(world_of(Period.WEEK)) as ledger:
        wrong = replace(disclosure(), late_for=START - START % 1440)
        put(ledger, tmp_path, disclosure(), wrong, disclosure())
        async with recorder_of(ledger, tmp_path) as opened:
            assert places(opened.flushed) == [(1, 0), (3, 1)]
        reason = "late_for: names no closed period of this source"
        assert left(ledger, tmp_path) == [(2, "refused", reason)]
        async with recorder_of(ledger, tmp_path) as opened:
            assert opened.flushed == []


async def test_what_can_no_longer_be_built_moves_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a later release would not take is told with its reason, and what follows it is delivered."""
    async with lying(world_of(Period.WEEK)) as ledger:
        put(ledger, tmp_path, disclosure(notes="odd"), disclosure())

        def pickier(given: Disclosure, entropy: object) -> object:
            if given.record.notes == "odd":
                raise InvalidInput("notes", "not any more")
            return prepare(given, entropy)  # type: ignore[arg-type]  # as it was called

        monkeypatch.setattr(flushing, "prepare", pickier)
        async with recorder_of(ledger, tmp_path) as opened:
            assert places(opened.flushed) == [(2, 0)]
        assert left(ledger, tmp_path) == [(1, "refused", "notes: not any more")]


TROUBLE = {
    "its key was changed": KeySuperseded("key_statement: not the current one", bytes(32)),
    "too few auditors": TooFewAuditors("sealed_keys: too few", 2),
    "its clock is wrong": InvalidInput("recorded_at", "ahead of the ledger's clock"),
    "the policy stays another": PolicySuperseded("openings: old"),
}


@pytest.mark.parametrize("error", TROUBLE.values(), ids=TROUBLE)
async def test_what_is_not_the_records_fault_leaves_all_waiting(tmp_path: Path, error: Exception) -> None:
    """The opening says it, nothing moves aside, and once that is mended all are delivered in order."""
    async with lying(world_of(Period.WEEK)) as ledger:
        put(ledger, tmp_path)
        ledger.refusals = deque([error] * 2)  # type: ignore[list-item]  # they are LedgerErrors
        with pytest.raises(type(error)):
            await _open(ledger, tmp_path)
        assert [state for _, state, _ in left(ledger, tmp_path)] == ["waiting"] * 3
        ledger.refusals.clear()
        async with recorder_of(ledger, tmp_path) as opened:
            assert places(opened.flushed) == [(1, 0), (2, 1), (3, 2)]


async def test_a_running_recorder_goes_on_after_such_trouble(tmp_path: Path) -> None:
    """Who asked to flush hears it, and who records is served."""
    async with lying(world_of(Period.WEEK)) as ledger, recorder_of(ledger, tmp_path) as opened:
        await opened.put_off(disclosure())
        ledger.refusals = deque([TooFewAuditors("sealed_keys: too few", 2)])
        with pytest.raises(TooFewAuditors):
            await opened.flush()
        assert (await opened.record(disclosure())).sequence == 0
        await opened.flush()
        assert places(opened.flushed) == [(1, 1)]


async def test_a_policy_that_changed_meanwhile_is_followed(tmp_path: Path) -> None:
    """What waited is signed under the policy in force."""
    async with lying(world_of(Period.WEEK)) as ledger, recorder_of(ledger, tmp_path) as opened:
        await opened.put_off(disclosure())
        publish(ledger, PUBLIC)
        await opened.flush()
        assert places(opened.flushed) == [(1, 0)]
        assert opened._speaker._chain.publish == SealingPolicy.parse(ledger.world.sealing_policy).publish


async def test_a_closing_that_is_due_comes_first(tmp_path: Path) -> None:
    """What waited past a period's end counts in the period of its signature; a refused closing moves none aside."""
    async with lying(world_of(Period.WEEK)) as ledger:
        put(ledger, tmp_path)
        ledger.world.minute += WEEK
        async with recorder_of(ledger, tmp_path) as opened:
            assert places(opened.flushed) == [(1, 1), (2, 2), (3, 3)]
            await opened.put_off(disclosure())
            ledger.world.minute += WEEK
            ledger.refusals = deque([Refused("not now")])
            with pytest.raises(Refused, match=r"^not now$"):
                await opened.flush()
            await opened.flush()
        said = check_tiling(ledger.world)
    assert [body.disclosures.lo for body in said] == [0, 3]


async def test_a_receipt_that_cannot_be_kept_is_handed_out_again(tmp_path: Path) -> None:
    """Where the caller's disk is full the batch is not forgotten, and the recorder ends."""

    def full(number: int, receipt: Receipt) -> None:
        raise OSError("no space left on device")

    async with lying(world_of(Period.WEEK)) as ledger:
        async with recorder_of(ledger, tmp_path, tell=full) as opened:
            await opened.put_off(disclosure())
            flush = asyncio.create_task(opened.flush())
            late = asyncio.create_task(opened.flush())
            with pytest.raises(OSError, match="no space left"):
                await flush
            with pytest.raises(Unavailable, match=r"^not sent, because an earlier batch is not settled: OSError$"):
                await late
        async with recorder_of(ledger, tmp_path) as opened:
            assert places(opened.flushed) == [(1, 0)]
    assert ledger.world.state.sources[SOURCE].next_sequence == 1


async def test_a_cancelled_flush_is_none_or_whole(tmp_path: Path) -> None:
    """Cancelled before its turn it is not done; cancelled on its way the recorder finishes it."""
    async with lying(world_of(Period.WEEK)) as ledger, recorder_of(ledger, tmp_path) as opened:
        await opened.put_off(disclosure())
        arrived, answer = asyncio.Event(), asyncio.Event()

        async def slowly(honest: object) -> object:
            arrived.set()
            await answer.wait()
            return honest

        ledger.lies["SubmitBatch"] = slowly
        first = asyncio.create_task(opened.record(disclosure()))
        await arrived.wait()
        early = asyncio.create_task(opened.flush())
        await asyncio.sleep(0)
        early.cancel()
        answer.set()
        assert (await first).sequence == 0
        assert (await opened.record(disclosure())).sequence == 1
        assert opened.flushed == []
        answer.clear()
        arrived.clear()
        late = asyncio.create_task(opened.flush())
        await arrived.wait()
        late.cancel()
        answer.set()
        assert (await opened.record(disclosure())).sequence == 3
        assert places(opened.flushed) == [(1, 2)]


async def test_a_cancelled_flush_that_fails_ends_nothing(tmp_path: Path) -> None:
    """A refusal that nobody waits for any more goes nowhere, and the recorder goes on."""
    async with lying(world_of(Period.WEEK)) as ledger, recorder_of(ledger, tmp_path) as opened:
        await opened.put_off(disclosure())
        arrived, answer = asyncio.Event(), asyncio.Event()

        async def refuse(_: object) -> object:
            arrived.set()
            await answer.wait()
            raise TooFewAuditors("sealed_keys: too few", 2)

        ledger.lies["SubmitBatch"] = refuse
        before = deepcopy(ledger.world)
        late = asyncio.create_task(opened.flush())
        await arrived.wait()
        late.cancel()
        ledger.world, ledger.answered = before, {}
        ledger.lies.clear()
        answer.set()
        await opened.flush()
        assert places(opened.flushed) == [(1, 0)]
