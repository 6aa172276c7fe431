"""Without an event loop the gate is a context manager, and as tight: also where the thread is interrupted."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ledger.client import gate_sync
from ledger.client.gate_sync import SyncRelease
from ledger.client.sync import SyncRecorder
from ledger.core.errors import GateShut, Refused, Unavailable, Unresolved
from tests.client.gating import DATA, described, said, written
from tests.client.lying import Lying, lying
from tests.client.recording import opened_world, recording


@pytest.fixture
def ledger() -> Iterator[Lying]:
    """A ledger on a loop of its own thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    serving = lying(opened_world())
    yield asyncio.run_coroutine_threadsafe(serving.__aenter__(), loop).result()
    asyncio.run_coroutine_threadsafe(serving.__aexit__(None, None, None), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def opened(ledger: Lying, directory: Path, patience: float | None = 5) -> SyncRecorder:
    """Return a recorder."""
    return SyncRecorder(lambda: recording(ledger, directory / "state", patience))


def test_a_block_runs_with_its_receipt_in_hand(ledger: Lying, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The DISCLOSURE is in the log in it, and DELIVERED after it, however often the thread looks up meanwhile."""
    monkeypatch.setattr(gate_sync, "LOOK", 0.0001)
    with opened(ledger, tmp_path) as recorder:
        with recorder.release(described(), written(tmp_path / "files")) as release:
            assert said(ledger.world) == ["DISCLOSURE"]
            with release.open() as file:
                assert file.read() == DATA
            assert (release.receipt.sequence, release.delivery) == (0, None)
        assert release.delivery is not None
        assert (release.delivery.sequence, release.unresolved) == (1, "")
    assert said(ledger.world) == ["DISCLOSURE", "DELIVERED 0"]


def test_an_exception_is_logged_as_aborted(ledger: Lying, tmp_path: Path) -> None:
    """It goes on to the caller."""
    with opened(ledger, tmp_path) as recorder:
        with pytest.raises(KeyboardInterrupt), recorder.release(described(), DATA):
            raise KeyboardInterrupt
        assert said(ledger.world) == ["DISCLOSURE", "ABORTED 0"]


def test_a_shut_gate_raises_and_what_was_left_open_is_told(ledger: Lying, tmp_path: Path) -> None:
    """Nobody is let through, and the next opening says how it ended."""
    ledger.losses.extend([Unavailable("gone")] * 1000)
    assert opened(ledger, tmp_path).settled == []
    with opened(ledger, tmp_path, 0.2) as recorder, pytest.raises(GateShut, match="gone"):
        recorder.release(described(), DATA).__enter__()
    ledger.losses.clear()
    with opened(ledger, tmp_path) as recorder:
        assert [item.note.stage.name for item in recorder.settled] == ["ASKED"]
    assert said(ledger.world) == ["DISCLOSURE", "ABORTED 0"]


def test_a_recorder_that_is_not_open_releases_nothing(ledger: Lying, tmp_path: Path) -> None:
    """Before enter and after exit there is no gate; a release made before is shut."""
    recorder = opened(ledger, tmp_path)
    with pytest.raises(Unavailable, match=r"^the recorder is not open$"):
        recorder.release(described(), DATA)
    with recorder:
        early = recorder.release(described(), DATA)
    with pytest.raises(Unavailable, match=r"^the recorder is closed$"):
        early.__enter__()
    with pytest.raises(Refused):
        _ = early.receipt


def test_a_block_that_outlives_its_recorder_warns(ledger: Lying, tmp_path: Path) -> None:
    """What it did stands, and the next opening says DELIVERED."""
    with opened(ledger, tmp_path) as recorder:
        release = recorder.release(described(), DATA)
        release.__enter__()
    with pytest.warns(Unresolved, match="the recorder is closed; the recorder's next opening"):
        release.__exit__(None, None, None)
    with opened(ledger, tmp_path) as recorder:
        assert [item.note.stage.name for item in recorder.settled] == ["ENTERED"]


def test_many_threads_release_at_once(ledger: Lying, tmp_path: Path) -> None:
    """Each has its own receipt and its own end."""

    def one(number: int) -> int:
        data = b"artifact %d" % number
        with recorder.release(described(data), data) as release:
            return release.receipt.sequence

    with opened(ledger, tmp_path) as recorder, ThreadPoolExecutor(8) as threads:
        sequences = list(threads.map(one, range(16)))
    ends = [word for word in said(ledger.world) if word != "DISCLOSURE"]
    assert sorted(ends) == sorted(f"DELIVERED {sequence}" for sequence in sequences)


@pytest.mark.parametrize("after", [True, False], ids=["after the gate opened", "before it did"])
def test_an_interrupted_thread_leaves_no_gate_open(
    ledger: Lying, tmp_path: Path, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the receipt had come or not, nobody is let through, and what was logged ends as ABORTED."""
    waits = gate_sync._Step.wait

    def interrupted(step: gate_sync._Step) -> None:
        monkeypatch.undo()
        if after:
            waits(step)
        raise KeyboardInterrupt

    with opened(ledger, tmp_path) as recorder:
        monkeypatch.setattr(gate_sync._Step, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            recorder.release(described(), DATA).__enter__()
    assert said(ledger.world) in ([["DISCLOSURE", "ABORTED 0"]] if after else [[], ["DISCLOSURE", "ABORTED 0"]])
    with opened(ledger, tmp_path) as recorder:
        assert recorder.settled == []


class _Endless:
    """A release whose steps never end."""

    def __init__(self) -> None:
        self.begun = threading.Event()

    async def __aenter__(self) -> None:
        self.begun.set()
        await asyncio.Event().wait()


def test_a_loop_that_is_stopped_leaves_no_thread_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that was given to a loop that ended before it is given up; one that was cancelled too."""
    monkeypatch.setattr(gate_sync, "LOOK", 0.01)
    loop, given = asyncio.new_event_loop(), threading.Event()
    take = loop.call_soon_threadsafe

    def taken(*what: Any) -> Any:
        handle = take(*what)
        given.set()
        return handle

    monkeypatch.setattr(loop, "call_soon_threadsafe", taken)
    with ThreadPoolExecutor() as threads:
        release: Any = _Endless()
        entering = threads.submit(SyncRelease(release, loop).__enter__)
        given.wait()
        loop.close()
        with pytest.raises(Unavailable, match=r"^the recorder is closed$"):
            entering.result()


def test_a_cancelled_step_is_the_recorders_end(ledger: Lying, tmp_path: Path) -> None:
    """A caller that still waits when the recorder closes is told."""
    with ThreadPoolExecutor() as threads:
        with opened(ledger, tmp_path, 0.3) as recorder:
            endless: Any = _Endless()
            waiting = threads.submit(SyncRelease(endless, recorder._loop).__enter__)
            endless.begun.wait()
        with pytest.raises(Unavailable, match=r"^the recorder is closed$"):
            waiting.result()
