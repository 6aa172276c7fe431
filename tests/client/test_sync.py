"""The recorder for code without an event loop, against a ledger in a process of its own."""

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ledger.client.opening import open_recorder
from ledger.client.range_receipt import Receipt
from ledger.client.recorder import Recorder
from ledger.client.sync import SyncRecorder
from ledger.core.encoding import sha256
from ledger.core.errors import InvalidInput, Locked, Refused, Unavailable
from ledger.core.receipt import verify_receipt
from tests.core.world import disclosure
from tests.served import Member, Served, serving

LEDGER = Path(sys.executable).with_name("ledger")


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """A ledger served by ``ledger serve``, stopped at the end as an operator stops it."""
    with asyncio.Runner() as runner:
        opening = serving(started=False)
        opened = runner.run(opening.__aenter__())
        process = subprocess.Popen([LEDGER, "serve", opened.directory], stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        assert "serving" in process.stderr.readline()
        yield opened
        process.send_signal(signal.SIGTERM)
        process.communicate()
        runner.run(opening.__aexit__(None, None, None))
    assert process.returncode == 0


@pytest.fixture
def source(served: Served, request: pytest.FixtureRequest) -> Member:
    """A source of its own for each test."""
    name = f"source-{sha256(request.node.name.encode()).hex()[:8]}"

    async def enrolled() -> Member:
        return await served.enrol(name, await served.accredit(f"Auditor of {name}"))

    return asyncio.run(enrolled())


def sync(source: Member, **how: Any) -> SyncRecorder:
    """Return a recorder for ``source``."""
    return SyncRecorder(lambda: open_recorder(source.profile, source.own_key, **how))


def test_many_threads_record_at_once(served: Served, source: Member) -> None:
    """Each thread gets the receipt of what it gave, and the sequence has no gap."""
    with sync(source) as recorder, ThreadPoolExecutor(8) as threads:
        receipts = list(threads.map(lambda number: recorder.record(disclosure(notes=str(number)), 30), range(64)))
    assert sorted(receipt.sequence for receipt in receipts) == list(range(64))
    for receipt in receipts[:4]:
        assert verify_receipt(receipt.data, served.vkey).index == receipt.index


@pytest.mark.parametrize("ahead", [1, 7, 4096])
def test_record_all_keeps_the_order(source: Member, ahead: int) -> None:
    """Receipts come in the order of the disclosures, however many are on their way."""
    with sync(source) as recorder:
        receipts = list(recorder.record_all((disclosure(notes=str(number)) for number in range(20)), ahead))
        assert recorder.recovered == []
    assert [receipt.sequence for receipt in receipts] == list(range(20))


def test_what_is_put_off_is_flushed(source: Member) -> None:
    """The queue is there for code without a loop too, and so are the periods that were closed."""
    with sync(source) as recorder:
        assert recorder.put_off(disclosure(), disclosure()) == [1, 2]
        recorder.flush()
        assert [(number, receipt.sequence) for number, receipt in recorder.flushed] == [(1, 0), (2, 1)]
        assert recorder.closed == []


def test_periods_are_drafted_and_closed_while_it_runs(source: Member) -> None:
    """As the other recorder does it; in the period of its enrolment there is nothing to be closed yet."""
    with sync(source) as recorder:
        recorder.record(disclosure())
        with pytest.raises(Refused, match=r"^draft: no period is over that is not closed already$"):
            recorder.draft_closing()
        assert recorder.close_periods() == []


def test_a_bad_disclosure_among_many_raises_at_its_place(source: Member) -> None:
    """What came before it is delivered, and the recorder goes on."""
    bad = disclosure(outcome="REJECTED", rejection_reason="OTHER")
    with sync(source) as recorder:
        receipts = recorder.record_all([disclosure(), bad, disclosure()])
        assert next(receipts).sequence == 0
        with pytest.raises(InvalidInput, match=r"^outcome: "):
            next(receipts)
        assert recorder.record(disclosure()).sequence > 0


def test_a_failed_opening_raises_and_leaves_no_thread(source: Member) -> None:
    """Enter raises what the opening raised, and the loop's thread has ended."""
    before = set(threading.enumerate())
    with sync(source) as recorder:
        with pytest.raises(Locked):
            sync(source).__enter__()
        assert recorder.record(disclosure()).sequence == 0
    assert {thread for thread in set(threading.enumerate()) - before if thread.name == "recorder-loop"} == set()


def test_a_recorder_that_is_not_open_takes_nothing(source: Member) -> None:
    """Before enter and after exit a call fails at once."""
    recorder = sync(source)
    with pytest.raises(Unavailable, match=r"^the recorder is not open$"):
        recorder.submit(disclosure())
    assert (recorder.recovered, recorder.next_sequence) == ([], 0)
    with recorder:
        late = recorder.submit(disclosure())
    assert recorder.next_sequence == 1
    assert late.result(0).sequence == 0
    with pytest.raises(Unavailable, match=r"^the recorder is not open$"):
        recorder.record(disclosure())


def test_waiting_may_be_bounded(source: Member) -> None:
    """After a timeout the disclosure stays on its way, and is logged."""
    with sync(source) as recorder:
        with pytest.raises(TimeoutError):
            recorder.record(disclosure(), 0)
        assert recorder.record(disclosure()).sequence == 1


class _Endless:
    """A recorder whose calls never end."""

    recovered: tuple[Receipt, ...] = ()

    async def record(self, _: object) -> None:
        """Wait for ever."""
        await asyncio.Event().wait()


def test_nobody_is_left_waiting_when_the_loop_ends() -> None:
    """Calls that are still open when the recorder has closed are cancelled rather than forgotten."""

    @asynccontextmanager
    async def opening() -> Any:
        yield _Endless()

    def opened() -> AbstractAsyncContextManager[Recorder]:
        manager: AbstractAsyncContextManager[Recorder] = opening()
        return manager

    with SyncRecorder(opened) as recorder:
        waiting: list[Future[Receipt]] = [recorder.submit(disclosure()) for _ in range(3)]
    assert all(future.cancelled() for future in waiting)
