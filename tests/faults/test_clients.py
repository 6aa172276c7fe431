"""The client campaign in short, and the ways of dying that it found."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.client.journal import Journal
from tests.faults.clients import Clients, campaign
from tests.faults.clients_life import Died, Life
from tests.faults.clients_network import Fault
from tests.faults.clients_told import TALLY


@pytest.fixture
def machine() -> Iterator[Clients]:
    """Return a source at a ledger; at the end it has to be able to go on, and everything told to be so."""
    one = Clients()
    yield one
    one.teardown()


def record(machine: Clients, fuse: int | None = None, power: bool = False, patient: bool = False) -> None:
    """Record one disclosure, nobody leaving."""
    machine.record(count=1, fuse=fuse, power=power, patient=patient, leaves=None)


def test_nothing_is_lost_doubled_or_stuck() -> None:
    """Whatever dies or breaks in whatever order, callers are told the truth and the source goes on."""
    TALLY.clear()
    campaign(examples=50, steps=30)
    assert TALLY.keys() >= {"receipts", "refused", "unknown", "recovered", "died", "died, power lost"}


def test_a_refusal_outlives_a_loss_of_power(machine: Clients) -> None:
    """A batch that was refused as too far ahead is not logged later, though the clock has caught up."""
    machine.pass_time(minutes=1, skew=20)
    record(machine)
    assert machine.told.refused
    machine.pass_time(minutes=60, skew=0)
    record(machine, fuse=0, power=True)
    machine.holds()


def test_an_opening_that_fails_halfway_keeps_the_receipts(machine: Clients) -> None:
    """What was settled by an opening that then lost the connection is handed over by the next one."""
    record(machine)
    machine.disturb(Fault.ANSWER_LOST)
    record(machine)
    assert machine.told.owed
    machine.network.faults.extend([Fault.TWICE, Fault.REQUEST_LOST])
    machine.reopen(fuse=None, power=False, patient=False)
    assert not machine.told.owed


def test_a_recorder_that_forgets_its_batch_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The campaign is able to fail: without the batch in its journal the source cannot go on once an answer is lost."""
    machine = Clients()
    try:
        record(machine)
        monkeypatch.setattr(Journal, "store", lambda *_: None)
        machine.disturb(Fault.ANSWER_LOST)
        record(machine)
        with pytest.raises(AssertionError, match=r"^the source is stuck: Refused: journal: stands at 1, the log at 2"):
            machine.reopen(fuse=None, power=False, patient=True)
    finally:
        machine.dispose()


def test_a_loss_of_power_while_a_commit_is_kept_leaves_one_or_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never half of it; and what a dead process still commits is not there for the next one."""
    life = Life(tmp_path / "state", tmp_path / "durable", fuse=0, power=True)
    for folder in (life.directory, life.durable):
        folder.mkdir()
        (folder / "journal").write_text("before")
    (life.directory / "journal").write_text("after")
    died, copy = threading.Thread(target=pytest.raises, args=(Died, life.step)), shutil.copytree

    def copying(source: Path, target: Path) -> None:
        if died.ident is None:
            died.start()
            died.join(0.1)
        copy(source, target)

    monkeypatch.setattr("tests.faults.clients_life.shutil.copytree", copying)
    life.keep()
    died.join()
    assert life.left is not None
    assert (life.left / "journal").read_text() == "after"
    (life.directory / "journal").write_text("too late")
    life.keep()
    assert (life.durable / "journal").read_text() == "after"
