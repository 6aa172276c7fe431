"""What was signed is sent until it is answered, across lost answers, crashes and reopenings, and logged once."""

import asyncio
import sys
from collections import deque
from pathlib import Path

import pytest

from ledger.client import exchange
from ledger.core.errors import Busy, InvalidInput, KeySuperseded, Unavailable
from ledger.core.receipt import verify_receipt
from tests.client.lying import lying
from tests.client.recording import SOURCE, chain, crashed, journal, opened_world, recording
from tests.core.world import disclosure

LOST = Unavailable("gone")


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resend without waiting long."""
    monkeypatch.setattr(exchange, "FIRST_DELAY", 0.001)


async def test_lost_answers_are_asked_for_with_the_same_bytes(tmp_path: Path) -> None:
    """However often the answer is lost, the same request travels and one entry stands."""
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        ledger.losses = deque([LOST, Busy("queue: full", 0.1), LOST])
        receipt = await recorder.record(disclosure())
    assert len({request.SerializeToString(deterministic=True) for request in ledger.received}) == 1
    assert len(ledger.received) == 4
    assert (receipt.index, ledger.world.size) == (3, 4)


async def test_a_ledger_that_is_busy_or_away_is_asked_again(tmp_path: Path) -> None:
    """Refusals for the moment do not reach the caller."""
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        ledger.refusals = deque([Busy("queue: full", 0.1), Unavailable("the ledger is stopping")])
        assert (await recorder.record(disclosure())).index == 3
    assert len(ledger.received) == 3


@pytest.mark.parametrize("logged", [True, False], ids=["logged, answer lost", "never arrived"])
async def test_a_crash_before_the_answer_loses_and_doubles_nothing(tmp_path: Path, logged: bool) -> None:
    """From the bytes on disk between sending and answer, the next run settles the batch at the same place."""
    async with lying(opened_world()) as ledger:
        ledger.hold = True
        async with recording(ledger, tmp_path / "state", patience=0.3) as recorder:
            calls = [asyncio.create_task(recorder.record(disclosure(notes=str(number)))) for number in range(3)]
            await ledger.held.wait()
            left = crashed(tmp_path / "state")
            await asyncio.gather(*calls, return_exceptions=True)
        ledger.hold = False
        if not logged:
            ledger.world, ledger.answered = opened_world(), {}
        first = ledger.received[0]
        async with recording(ledger, left) as recorder:
            assert [(receipt.sequence, receipt.index) for receipt in recorder.recovered] == [(0, 3), (1, 4), (2, 5)]
            assert (await recorder.record(disclosure())).sequence == 3
    assert ledger.received[-2] == first
    assert ledger.world.size == 7
    for receipt in recorder.recovered:
        assert verify_receipt(receipt.data, ledger.world.vkey).index == receipt.index


KILLED = """
import asyncio, sys
from pathlib import Path
from tests.client.lying import Lying
from tests.client.recording import opened_world, recording
from tests.core.world import disclosure

async def main(address, directory):
    ledger = Lying(opened_world())
    ledger.address = address
    async with recording(ledger, Path(directory)) as recorder:
        await recorder.record(disclosure())

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_killed_process_leaves_its_batch_to_the_next(tmp_path: Path) -> None:
    """After kill -9 between store and answer the lock is free and the batch is settled under its index."""
    async with lying(opened_world()) as ledger:
        ledger.hold = True
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, ledger.address, tmp_path / "state")
        await ledger.held.wait()
        process.kill()
        await process.wait()
        ledger.hold = False
        async with recording(ledger, tmp_path / "state") as recorder:
            (receipt,) = recorder.recovered
            assert (await recorder.record(disclosure())).sequence == 1
    assert (receipt.index, receipt.sequence) == (3, 0)
    assert ledger.received[0] == ledger.received[1]


@pytest.mark.parametrize(
    "trouble", [[Unavailable("gone")] * 1000, [Busy("queue: full", 0.1)] * 1000, []], ids=["away", "busy", "silent"]
)
async def test_patience_ends_and_the_journal_keeps_the_batch(tmp_path: Path, trouble: list[Exception]) -> None:
    """A ledger that refuses for long or says nothing is given up, and the batch waits for the next opening."""
    async with lying(opened_world()) as ledger:
        ledger.losses, ledger.hold = deque(trouble), True  # type: ignore[arg-type]  # they are LedgerErrors
        async with recording(ledger, tmp_path / "state", patience=0.2) as recorder:
            with pytest.raises(Unavailable, match=r"^not answered within 0.2 s: "):
                await recorder.record(disclosure())
            with pytest.raises(Unavailable, match=r"^the recorder is closed$"):
                await recorder.record(disclosure())
        ledger.losses.clear()
        ledger.hold = False
        async with recording(ledger, tmp_path / "state") as recorder:
            assert [receipt.index for receipt in recorder.recovered] == [3]
    assert ledger.world.size == 4


async def test_an_opening_that_gets_no_answer_keeps_the_batch_too(tmp_path: Path) -> None:
    """Patience counts while the earlier run's batch is settled, and the lock is given back."""
    async with lying(opened_world()) as ledger:
        ledger.hold = True
        for _ in range(2):
            with pytest.raises(Unavailable, match=r"^not answered within 0.2 s: "):
                async with recording(ledger, tmp_path / "state", patience=0.2) as recorder:
                    await recorder.record(disclosure())
        ledger.hold = False
        async with recording(ledger, tmp_path / "state") as recorder:
            assert [receipt.index for receipt in recorder.recovered] == [3]


async def test_what_the_ledger_refuses_for_good_does_not_block_the_next_opening(tmp_path: Path) -> None:
    """A recovered batch that can never be logged is reported once and dropped."""
    async with lying(opened_world()) as ledger:
        ledger.refusals = deque([LOST] * 1000)
        with pytest.raises(Unavailable):
            async with recording(ledger, tmp_path / "state", patience=0.1) as recorder:
                await recorder.record(disclosure())
        ledger.refusals = deque([InvalidInput("payload", "wrong")])
        with pytest.raises(InvalidInput, match=r"payload: wrong"):
            async with recording(ledger, tmp_path / "state"):
                raise AssertionError
        async with recording(ledger, tmp_path / "state") as recorder:
            assert recorder.recovered == []
            assert (await recorder.record(disclosure())).sequence == 0


async def test_a_batch_of_the_key_before_is_settled_before_the_key_is_looked_at(tmp_path: Path) -> None:
    """After a key change the old key still settles what it had signed and had logged, and then the new one goes on."""
    async with lying(opened_world()) as ledger:
        world, state = ledger.world, tmp_path / "state"
        ledger.hold = True
        with pytest.raises(Unavailable):
            async with recording(ledger, state, patience=0.2) as recorder:
                await recorder.record(disclosure())
        ledger.hold = False
        old = world.secrets[SOURCE]
        world.change_key(SOURCE)
        new = world.secrets[SOURCE]
        world.secrets[SOURCE] = old
        async with recording(ledger, state) as recorder:
            assert [receipt.index for receipt in recorder.recovered] == [3]
        world.secrets[SOURCE] = new
        async with recording(ledger, state) as recorder:
            assert (await recorder.record(disclosure())).sequence == 1


async def test_a_superseded_key_says_which_one_is_current(tmp_path: Path) -> None:
    """The caller learns the current key statement, nothing is logged, and the recorder can go on."""
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        old = ledger.world.secrets[SOURCE]
        ledger.world.change_key(SOURCE)
        with pytest.raises(KeySuperseded) as refused:
            await recorder.record(disclosure())
        assert refused.value.current == ledger.world.state.sources[SOURCE].key_statement
        ledger.world.secrets[SOURCE] = old
    held = journal(ledger.world, tmp_path / "state")
    assert (held.pending(), held.position.next_sequence) == (None, 0)
    assert chain(ledger.world).key_statement == refused.value.current
    held.close()
