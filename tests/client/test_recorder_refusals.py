"""Only a refusal of the batch itself drops it; after any other failure it waits in the journal."""

import asyncio
from collections import deque
from pathlib import Path

import pytest

from ledger.client import exchange
from ledger.core.errors import (
    AlreadyLogged,
    BeyondTree,
    ChainBroken,
    Head,
    InvalidInput,
    KeySuperseded,
    LedgerError,
    NotAuthenticated,
    NotPermitted,
    Refused,
    StoreDamaged,
    TooFewAuditors,
    Unavailable,
)
from tests.client.lying import lying
from tests.client.recording import journal, opened_world, recording
from tests.core.world import disclosure

HEAD = Head("alpha", 7, b"\x01" * 32, 29_400_000, b"\x02" * 32)

REFUSED: list[LedgerError] = [
    InvalidInput("payload", "must be smaller"),
    Refused("log_id: another log's"),
    KeySuperseded("key_statement: not the source's current one", b"\x03" * 32),
    ChainBroken("sequence: does not follow the source's latest statement", HEAD),
    AlreadyLogged("sequence: other bytes stand there", HEAD),
    TooFewAuditors("sealed_keys: boxes for at least 2 auditors are needed", 2),
]

UNDECIDED: list[LedgerError] = [
    NotAuthenticated("certificate: expired; ask the operator for a new one"),
    NotPermitted("source_id: not the one the certificate is bound to"),
    BeyondTree("size: the published tree has 1 entries"),
    StoreDamaged("store: a row is missing"),
]


def named(error: LedgerError) -> str:
    """Return the name of the error's class."""
    return type(error).__name__


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resend without waiting long."""
    monkeypatch.setattr(exchange, "FIRST_DELAY", 0.001)


@pytest.mark.parametrize("error", REFUSED, ids=named)
async def test_a_refused_batch_is_dropped_and_the_recorder_goes_on(tmp_path: Path, error: LedgerError) -> None:
    """The caller gets the error with what it carries; nothing is left over, and the sequence is used again."""
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        ledger.refusals = deque([error])
        with pytest.raises(type(error)) as raised:
            await recorder.record(disclosure())
        assert type(raised.value) is type(error)
        for carried in ("head", "current", "minimum"):
            assert getattr(raised.value, carried, None) == getattr(error, carried, None)
        assert (await recorder.record(disclosure())).sequence == 0
    assert ledger.world.size == 4


@pytest.mark.parametrize("error", UNDECIDED, ids=named)
async def test_a_failure_that_says_nothing_of_the_batch_keeps_it(tmp_path: Path, error: LedgerError) -> None:
    """An attempt was logged, the next one fails, as with an expired certificate: nothing is lost, nothing doubled."""
    async with lying(opened_world()) as ledger:
        ledger.losses = deque([Unavailable("gone"), error])
        async with recording(ledger, tmp_path / "state") as recorder:
            with pytest.raises(type(error), match=f"^{error}$"):
                await recorder.record(disclosure())
            with pytest.raises(Unavailable, match=r"^the recorder is closed$"):
                await recorder.record(disclosure())
        held = journal(ledger.world, tmp_path / "state")
        assert held.pending() is not None
        held.close()
        async with recording(ledger, tmp_path / "state") as recorder:
            assert [receipt.index for receipt in recorder.recovered] == [3]
            assert (await recorder.record(disclosure())).index == 4
    assert ledger.world.size == 5


@pytest.mark.parametrize("error", UNDECIDED, ids=named)
async def test_a_failure_while_recovering_keeps_the_batch_too(tmp_path: Path, error: LedgerError) -> None:
    """However often an opening fails, the batch of the earlier run is settled once it succeeds."""
    async with lying(opened_world()) as ledger:
        ledger.losses = deque([Unavailable("gone"), error, error, error])
        for _ in range(3):
            with pytest.raises(type(error)):
                async with recording(ledger, tmp_path / "state") as recorder:
                    await recorder.record(disclosure())
        async with recording(ledger, tmp_path / "state") as recorder:
            assert [receipt.index for receipt in recorder.recovered] == [3]
    assert ledger.world.size == 4


async def test_those_who_wait_behind_an_undecided_batch_are_told(tmp_path: Path) -> None:
    """What was never sent is neither lost silently nor left waiting: the caller learns that it was not sent."""
    async with lying(opened_world()) as ledger:
        ledger.hold = True
        async with recording(ledger, tmp_path / "state", patience=0.2) as recorder:
            first = asyncio.create_task(recorder.record(disclosure()))
            await ledger.held.wait()
            second = asyncio.create_task(recorder.record(disclosure()))
            with pytest.raises(Unavailable, match=r"^not answered within 0.2 s: "):
                await first
            with pytest.raises(Unavailable, match=r"^not sent, because an earlier batch is not settled: not answered"):
                await second
    assert ledger.world.size == 4


async def test_what_the_ledger_said_last_is_told_and_not_that_time_ran_out(tmp_path: Path) -> None:
    """Why there is no answer is of more use than that there is none; after an answer it is forgotten."""
    async with lying(opened_world()) as ledger:
        ledger.refusals.append(Unavailable("gone"))
        async with recording(ledger, tmp_path / "state", patience=0.5) as recorder:
            await recorder.record(disclosure())
            assert recorder.trouble is None
            ledger.refusals.append(Unavailable("gone again"))
            ledger.hold = True
            with pytest.raises(Unavailable, match=r"^not answered within 0.5 s: gone again$"):
                await recorder.record(disclosure())
