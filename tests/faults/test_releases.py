"""The campaign of releases in short, a request that outlives its sender, and that the campaign is able to fail."""

from collections.abc import Iterator

import pytest

from ledger.client import gate, range_receipt
from ledger.client.journal import Journal
from ledger.client.waiting import WaitingRoom
from tests.faults.clients_network import Fault
from tests.faults.releases import PATIENT, Releases, campaign
from tests.faults.releases_ledger import Lie
from tests.faults.releases_owner import Doing, Job
from tests.faults.releases_told import TALLY


@pytest.fixture
def machine() -> Iterator[Releases]:
    """Return a source at a ledger, to be torn down or not."""
    one = Releases()
    yield one
    one.dispose()


def act(machine: Releases, job: Job, *wrong: Fault | Lie, fuse: int | None = None, patience: float = PATIENT) -> None:
    """Do one thing while calls go wrong, and look at the log."""
    machine.act([Doing(job)], list(wrong), fuse, power=False, patience=patience)
    machine.holds()


def test_nothing_is_released_unproven_lost_or_doubled() -> None:
    """Whatever dies, breaks or arrives late in whatever order, the log bears out what recorders did."""
    TALLY.clear()
    campaign(examples=18, steps=20, number=5)
    met = {"entered", "ended", "shut", "recorded", "put off", "put off, receipts", "died", "died, power lost"}
    assert TALLY.keys() >= met | {"ledger killed"}


def test_a_request_from_before_a_crash_arrives_after_it(machine: Releases) -> None:
    """It is logged once, whichever of the process's requests comes first, and nobody was let through."""
    act(machine, Job.ENTER, Fault.LATE, fuse=12, patience=0.0)
    assert machine.owner.recorder is None
    machine.arrive(None)
    machine.reopen((), None, power=False, patience=PATIENT, flush=True)
    machine.arrive(0)
    machine.finish()
    assert len(machine.told.ends) == 1


def test_a_gate_that_looks_at_no_cosignature_is_noticed(machine: Releases, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is let through has to have a receipt that verifies offline under the quorum."""
    for module in (gate, range_receipt):
        monkeypatch.setattr(module, "verify_quorum", lambda *_: None)
    with pytest.raises(AssertionError, match=r"^a receipt that proves nothing: quorum: too few witnesses"):
        act(machine, Job.ENTER, Lie.UNCOSIGNED)


def test_a_waiting_room_that_notes_no_signature_is_noticed(machine: Releases, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was put off leaves the room with the batch that it is signed in."""
    act(machine, Job.PUT_OFF)
    monkeypatch.setattr(WaitingRoom, "sign", lambda *_: None)
    with pytest.raises(AssertionError, match=r"^a record twice"):
        act(machine, Job.FLUSH)


def test_a_gate_that_is_not_noted_as_open_is_noticed(machine: Releases, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was let through may have handed over, however their process ended."""
    monkeypatch.setattr(Journal, "reach", lambda *_: None)
    act(machine, Job.ENTER)
    act(machine, Job.RECORD, fuse=0)
    with pytest.raises(AssertionError, match=r"^ABORTED of a release"):
        act(machine, Job.RECORD)
