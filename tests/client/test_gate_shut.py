"""Whatever keeps the receipt away keeps the gate shut: nobody is let through, and the error says what to do."""

import asyncio
import shutil
import sqlite3
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger.client import exchange
from ledger.client.gate import verified
from ledger.client.range_receipt import Receipt
from ledger.client.recorder import Recorder
from ledger.client.transport import channel
from ledger.core.encoding import ZERO_HASH
from ledger.core.errors import (
    Busy,
    GateShut,
    KeySuperseded,
    LedgerError,
    NotPermitted,
    NotStored,
    Unavailable,
    VerificationFailed,
)
from tests.client.cosigned import pinned, with_lines
from tests.client.gating import DATA, described, said
from tests.client.honest import pins
from tests.client.lying import Lying, lying
from tests.client.recording import SOURCE, chain, journal, opened_world, recording, unchanged
from tests.served import Member
from tests.service.cosigning import Witnessed, witnessed

AWAY = Unavailable("gone")


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resend without waiting long."""
    monkeypatch.setattr(exchange, "FIRST_DELAY", 0.001)


async def shut(recorder: Recorder, within: float | None = None, **fields: object) -> GateShut:
    """Try to hand over and return why the gate stayed shut."""
    with pytest.raises(GateShut) as raised:
        async with recorder.release(described(DATA, **fields), DATA, within):
            raise AssertionError("somebody was let through")
    assert str(raised.value).startswith("the gate stays shut, nothing was handed over: ")
    return raised.value


def _bad_root(answer: Any) -> Any:
    answer.first_index += 1
    return answer


CAUSES: dict[str, tuple[Callable[[Lying], object], type[LedgerError], str]] = {
    "the ledger is away": (
        lambda ledger: ledger.refusals.extend([AWAY] * 1000),
        Unavailable,
        "not answered within 0.2 s: gone; what was signed meanwhile is kept, and logged as ABORTED once",
    ),
    "the answer is lost": (
        lambda ledger: ledger.losses.extend([AWAY] * 1000),
        Unavailable,
        "not answered within 0.2 s",
    ),
    "the ledger says nothing": (lambda ledger: setattr(ledger, "hold", True), Unavailable, "not answered within 0.2 s"),
    "the ledger is busy": (
        lambda ledger: ledger.refusals.extend([Busy("queue: full", 0.1)] * 1000),
        Unavailable,
        "queue: full; what was signed",
    ),
    "the answer proves nothing": (
        lambda ledger: ledger.lies.update(SubmitBatch=_bad_root),
        VerificationFailed,
        "; stop using this ledger: keep the journal and this message as evidence",
    ),
    "the certificate does not serve": (
        lambda ledger: ledger.refusals.append(NotPermitted("role: another")),
        NotPermitted,
        "role: another; have the operator mend the certificate",
    ),
    "the ledger refuses the record": (
        lambda ledger: ledger.refusals.append(KeySuperseded("key: old", bytes(32))),
        KeySuperseded,
        "key: old; the ledger refused the record, and it is not logged",
    ),
}
LOGGED = ["the answer is lost", "the ledger says nothing", "the answer proves nothing"]
REFUSED = ["the ledger refuses the record"]


@pytest.mark.parametrize("cause", CAUSES)
async def test_without_a_receipt_nobody_is_let_through(tmp_path: Path, cause: str) -> None:
    """The error has the cause and what to do; the next opening ends what is logged as ABORTED."""
    spoil, cls, words = CAUSES[cause]
    async with lying(opened_world()) as ledger:
        async with recording(ledger, tmp_path / "state", patience=0.2) as recorder:
            spoil(ledger)
            error = await shut(recorder)
            assert type(error.__cause__) is cls
            assert words in str(error)
        assert said(ledger.world) == (["DISCLOSURE"] if cause in LOGGED else [])
        ledger.lies, ledger.hold = {}, False
        ledger.refusals, ledger.losses = deque(), deque()
        for _ in range(2):
            async with recording(ledger, tmp_path / "state") as recorder:
                assert recorder.unresolved == []
        assert said(ledger.world) == ([] if cause in REFUSED else ["DISCLOSURE", "ABORTED 0"])


async def test_a_closed_recorder_lets_nobody_through(tmp_path: Path) -> None:
    """Nothing is signed, so nothing is left to settle."""
    async with lying(opened_world()) as ledger:
        async with recording(ledger, tmp_path / "state") as recorder:
            pass
        assert "the recorder is closed" in str(await shut(recorder))
        async with recording(ledger, tmp_path / "state") as recorder:
            assert (recorder.settled, said(ledger.world)) == ([], [])


async def test_a_deadline_before_the_batch_is_signed_withdraws_the_record(tmp_path: Path) -> None:
    """What waits behind a batch on its way is not signed any more, and not logged."""
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state", patience=60) as recorder:
        ledger.refusals.extend([AWAY] * 5)
        ledger.hold = True
        first = asyncio.create_task(recorder.record(described()))
        await ledger.held.wait()
        error = await shut(recorder, 0.05)
        assert isinstance(error.__cause__, TimeoutError)
        assert "no receipt within 0.05 s: gone; " in str(error)
        first.cancel()
        recorder._task.cancel()  # type: ignore[union-attr]  # it runs
        with pytest.raises(asyncio.CancelledError):
            await recorder._task  # type: ignore[misc]
        recorder._task = None
    ledger.hold = False
    assert said(ledger.world) == ["DISCLOSURE"]


async def test_a_deadline_after_it_ends_as_aborted_once_the_ledger_answers(tmp_path: Path) -> None:
    """The recorder itself says that nobody waits any more, and goes on."""
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        ledger.losses.extend([AWAY] * 10_000)
        assert "no receipt within 0.5 s: gone" in str(await shut(recorder, 0.5))
        ledger.losses.clear()
        async with recorder.release(described(), DATA):
            pass
        assert sorted(said(ledger.world)) == ["ABORTED 0", "DELIVERED 1", "DISCLOSURE", "DISCLOSURE"]
        assert recorder.unresolved == []


async def test_a_call_cancelled_while_it_waits_ends_as_aborted(tmp_path: Path) -> None:
    """Closing finishes what is left to say."""
    async with lying(opened_world()) as ledger:
        async with recording(ledger, tmp_path / "state") as recorder:
            sent, go_on = asyncio.Event(), asyncio.Event()

            async def later(answer: Any) -> Any:
                sent.set()
                await go_on.wait()
                return answer

            ledger.lies["SubmitBatch"] = later
            waiting = asyncio.create_task(shut(recorder))
            await sent.wait()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            go_on.set()
        assert said(ledger.world) == ["DISCLOSURE", "ABORTED 0"]
        async with recording(ledger, tmp_path / "state") as recorder:
            assert recorder.settled == []


async def test_a_call_cancelled_with_its_receipt_in_hand_ends_as_aborted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between answer and entry there is no gap in which a receipt is forgotten."""
    async with lying(opened_world()) as ledger:
        async with recording(ledger, tmp_path / "state") as recorder:
            reached = recorder.reach
            tasks: list[asyncio.Task[Any]] = []

            async def interrupted(*where: Any) -> None:
                tasks[0].cancel()
                await reached(*where)

            monkeypatch.setattr(recorder, "reach", interrupted)
            tasks.append(asyncio.create_task(shut(recorder)))
            with pytest.raises(asyncio.CancelledError):
                await tasks[0]
        assert said(ledger.world) == ["DISCLOSURE", "ABORTED 0"]
        async with recording(ledger, tmp_path / "state") as recorder:
            assert recorder.settled == []


async def test_a_full_disk_sends_nothing(tmp_path: Path) -> None:
    """What cannot be kept is not sent, and what was noted before is not lost."""
    async with lying(opened_world()) as ledger:
        async with recording(ledger, tmp_path / "state") as recorder:
            recorder._journal._db.execute("PRAGMA max_page_count = 1")
            error = await shut(recorder, notes="n" * 4000)
            assert type(error.__cause__) is NotStored
            assert "(database or disk is full); nothing is sent before the journal has it: make room" in str(error)
        assert ledger.received == []
        async with recording(ledger, tmp_path / "state") as recorder, recorder.release(described(), DATA):
            pass
        assert said(ledger.world) == ["DISCLOSURE", "DELIVERED 0"]


async def test_a_disk_that_fails_before_the_entry_lets_nobody_through(tmp_path: Path) -> None:
    """With a receipt, but without a note that the gate is open, it stays shut; the next opening says ABORTED."""
    async with lying(opened_world()) as ledger:
        async with recording(ledger, tmp_path / "state") as recorder:

            def fail(answer: Any) -> Any:
                recorder._journal._db.execute("PRAGMA query_only = ON")
                return answer

            ledger.lies["SubmitBatch"] = fail
            assert type((await shut(recorder)).__cause__) is NotStored
        ledger.lies.clear()
        assert said(ledger.world) == ["DISCLOSURE"]
        async with recording(ledger, tmp_path / "state") as recorder:
            (settled,) = recorder.settled
            assert (settled.note.stage.name, settled.receipt is None) == ("ASKED", False)
        assert said(ledger.world) == ["DISCLOSURE", "ABORTED 0"]


async def test_a_recorder_that_closes_meanwhile_lets_nobody_through(tmp_path: Path) -> None:
    """The receipt comes, but the gate cannot be noted as open any more."""
    async with lying(opened_world()) as ledger:
        async with recording(ledger, tmp_path / "state") as recorder:

            def close(answer: Any) -> Any:
                recorder._exchange._worker.shutdown()
                return answer

            ledger.lies["SubmitBatch"] = close
            assert "the recorder is closed" in str(await shut(recorder))
        ledger.lies.clear()
        async with recording(ledger, tmp_path / "state") as recorder:
            assert [settled.note.stage.name for settled in recorder.settled] == ["ASKED"]
        assert said(ledger.world) == ["DISCLOSURE", "ABORTED 0"]


def _quorate(*names: str) -> Callable[[Any], Any]:
    return lambda answer: with_lines(answer, *names)


@pytest.mark.parametrize("names", [(), ("one",), ("one", "two")], ids=["nobody", "one", "two"])
async def test_the_gate_opens_for_a_quorum_only(tmp_path: Path, names: tuple[str, ...]) -> None:
    """Two of three witnesses open it; one or none do not, whatever else is right."""
    async with lying(opened_world()) as ledger, channel(ledger.address, None) as opened:
        world = ledger.world
        ledger.lies["SubmitBatch"] = _quorate(*names)
        held = journal(world, tmp_path)
        recorder = Recorder(opened, pinned(world), world.secrets[SOURCE], held, lambda: world.minute * 60.0)
        await recorder.start(chain(world), unchanged)
        if len(names) < 2:
            assert "quorum: too few witnesses cosigned the checkpoint" in str(await shut(recorder))
        else:
            async with recorder.release(described(), DATA) as release:
                assert release.proof.index == release.receipt.index
        await recorder.close()


async def test_a_receipt_is_held_against_the_pins_by_its_bytes_alone(tmp_path: Path) -> None:
    """A receipt that is malformed, of another entry, of another log or without its quorum opens no gate."""
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        first, second = await recorder.record(described()), await recorder.record(described())
        own = pins(ledger.world)
        assert verified(first, own).leaf_hash == first.leaf_hash
        wrong: list[tuple[Receipt, Any, str]] = [
            (replace(first, data=first.data[:-9]), own, "receipt: "),
            (replace(first, data=second.data), own, "receipt: of another entry"),
            (first, replace(own, log_id=ZERO_HASH), "receipt: of another entry"),
            (first, pinned(ledger.world), "quorum: too few witnesses"),
        ]
        for receipt, held_to, words in wrong:
            with pytest.raises(VerificationFailed, match=f"^{words}"):
                verified(receipt, held_to)


async def _enrolled(log: Witnessed) -> Member:
    return await log.served.enrol(SOURCE, await log.served.accredit("Auditor"))


async def test_missing_witnesses_keep_a_real_gate_shut_and_are_named() -> None:
    """While the quorum is away nobody passes; once it is back the record ends as ABORTED and the gate opens again."""
    async with witnessed(quorum_seconds=1) as log:
        source = await _enrolled(log)
        await log.covered()
        async with source.recorder(patience=3) as recorder:
            for witness in log.witnesses[1:]:
                await witness.stop()
            assert "witnesses missing: two, three" in str(await shut(recorder))
        await log.witnesses[1].start()
        await log.covered()
        async with source.recorder() as recorder:
            (settled,) = recorder.settled
            assert settled.note.stage.result.name == "ABORTED"
            async with recorder.release(described(), DATA) as release:
                assert release.open().read() == DATA


async def test_a_journal_whose_notes_cannot_be_read_is_damaged(tmp_path: Path) -> None:
    """Notes that are lost are told, not passed over."""
    async with lying(opened_world()) as ledger:
        async with recording(ledger, tmp_path / "state") as recorder, recorder.release(described(), DATA):
            shutil.copytree(tmp_path / "state", tmp_path / "crashed")
        database = sqlite3.connect(tmp_path / "crashed" / "journal.sqlite")
        database.execute("UPDATE releases SET stage = 9")
        database.commit()
        database.close()
        with pytest.raises(LedgerError, match=r"^journal: the notes of releases cannot be read"):
            async with recording(ledger, tmp_path / "crashed"):
                raise AssertionError
