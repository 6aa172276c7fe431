"""Whatever fails and whenever: the writer halts, nothing is half logged, a restart finds the old head or the new."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ledger.core.encoding import ZERO_HASH
from ledger.core.errors import Unavailable
from ledger.core.lookup_keys import LookupKey
from ledger.engine import schema, sequencer
from ledger.engine.fsck import check
from ledger.engine.sequencer import View
from tests.core.world import disclosure
from tests.engine.ledger import TIMEOUT, Ledger, nothing


def breaks() -> None:
    """Fail as a disk does."""
    raise OSError("input/output error")


def source_batch(ledger: Ledger) -> None:
    """Log a batch of two."""
    ledger.world.disclose("alpha", disclosure(), disclosure())


def enrolment(ledger: Ledger) -> None:
    """Enrol a source."""
    ledger.world.enrol("gamma")


def key_change(ledger: Ledger) -> None:
    """Change a source's key."""
    ledger.world.change_key("alpha")


def everything(ledger: Ledger) -> None:
    """Log batches of two sources and governance, as one group."""
    ledger.world.disclose("alpha")
    ledger.world.remove_auditor("one")
    ledger.world.add_auditor("two")
    ledger.world.disclose("beta", disclosure(), disclosure())
    ledger.world.revoke("alpha")


STEPS = [source_batch, enrolment, key_change, everything]


@pytest.mark.parametrize("persisted", [False, True], ids=["and nothing was written", "and all was written"])
@pytest.mark.parametrize("step", STEPS, ids=["a batch", "an enrolment", "a key change", "a group"])
def test_a_write_that_fails_halts_the_writer(ledger: Ledger, step: Callable[[Ledger], None], persisted: bool) -> None:
    """Nobody is told an index, nothing is published; the restart has all of it or none; sent again, all is logged."""
    with ledger.busy():
        step(ledger)
        sent = ledger.world.placed[ledger.followed :]
        futures = ledger.send_all()
        if persisted:
            outcomes: list[Callable[[], None]] = [
                breaks,
                nothing,
            ]  # last first: of the write that keeps the writer busy, and of this group's
            ledger.store.after = lambda: outcomes.pop()()
        else:
            ledger.store.before = breaks
    message = r"the ledger is halted: a write failed \(OSError\); restart"
    for future in futures:
        with pytest.raises(Unavailable, match=message):
            future.result(TIMEOUT)
    published = ledger.view
    assert published.size == sent[0].first
    assert published.root == ledger.world.root(published.size)
    with pytest.raises(Unavailable, match=message):
        ledger.send(sent[0])
    with pytest.raises(Unavailable, match=message):
        ledger.govern(ledger.world.enrolment("delta"))
    ledger.reopen()
    recovered = ledger.world.size if persisted else sent[0].first
    assert ledger.view.note == ledger.world.checkpoint(recovered)
    assert check(ledger.store).root == ledger.world.root(recovered)
    for placed in sent:
        if placed.submission is not None or not persisted:  # governance is numbered: it does not go in again
            assert ledger.send(placed).result(TIMEOUT) == placed.first
    ledger.check()


def test_a_halted_writer_does_not_move_the_mark(ledger: Ledger) -> None:
    """The high-water mark is never ahead of the store: it is not written for what was not published."""
    ledger.seconds += 10
    ledger.store.before = breaks
    ledger.world.disclose("alpha")
    (future,) = ledger.send_all()
    assert future.exception(TIMEOUT)
    ledger.reopen()
    assert ledger.view.size == ledger.world.size - 1


def test_what_waits_when_the_writer_halts_is_answered(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups that wait behind the failing write are told that the ledger is halted, and are not logged."""
    monkeypatch.setattr(sequencer, "MAX_GROUP", 1)
    size = ledger.world.size + 1
    with ledger.busy():
        for source_id in ("alpha", "beta", "alpha"):
            ledger.world.disclose(source_id)
        futures = ledger.send_all()
        ledger.store.before = breaks
    for future in futures:
        assert isinstance(future.exception(TIMEOUT), Unavailable)
    assert ledger.sequencer.queued_bytes == 0
    ledger.reopen()
    assert ledger.view.size == size


def listener_fails(ledger: Ledger, patch: pytest.MonkeyPatch) -> None:
    """Have a listener raise."""

    def fails(_: View) -> None:
        raise RuntimeError("no loop")

    ledger.sequencer.listen(fails)


def mark_fails(ledger: Ledger, patch: pytest.MonkeyPatch) -> None:
    """Have the guard raise."""
    patch.setattr(ledger.guard, "note", lambda size, root: breaks())


@pytest.mark.parametrize("fault", [listener_fails, mark_fails])
def test_a_fault_after_the_write_halts_too(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, fault: Callable[[Ledger, pytest.MonkeyPatch], None]
) -> None:
    """When a listener or the mark fails the entry is durable, published and answered; the writer goes no further."""
    fault(ledger, monkeypatch)
    ledger.world.disclose("alpha")
    ledger.follow()
    ledger.sequencer.stop()
    assert ledger.sequencer.halted
    ledger.check()
    with pytest.raises(Unavailable, match="the ledger is halted"):
        ledger.send(ledger.world.placed[-1])
    monkeypatch.undo()
    ledger.reopen()
    ledger.check()


def test_a_fault_while_checking_halts(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the clock fails between check and write the whole group is answered, and nothing of it is logged."""

    def no_clock() -> int:
        raise OSError("no clock")

    size = ledger.world.size + 1
    with ledger.busy():
        monkeypatch.setattr(ledger.sequencer, "_clock", no_clock)
        ledger.world.disclose("beta")
        ledger.world.disclose("alpha", disclosure(LookupKey("account", b"alice")))
        ledger.world.disclose("beta")
        futures = ledger.send_all()
    for future in futures:
        assert isinstance(future.exception(TIMEOUT), Unavailable)
    assert ledger.sequencer.halted
    ledger.reopen()
    assert ledger.view.size == size
    assert check(ledger.store).size == size


def test_damage_that_a_repeat_finds_halts(ledger: Ledger) -> None:
    """When the stored batch that a repeat is compared with is gone, nothing more is signed over that store."""
    ledger.world.disclose("alpha")
    placed = ledger.world.placed[-1]
    ledger.follow()
    ledger.store.write([], deletes=[schema.batch_key(placed.first)])
    with pytest.raises(Unavailable, match="the ledger is halted: batch row: missing; run ledgerctl fsck"):
        ledger.send(placed).result(TIMEOUT)
    with pytest.raises(Unavailable, match="halted"):
        ledger.send(placed)


def tree_ahead(ledger: Ledger) -> None:
    """Let the tree grow behind the writer's back."""
    ledger.tree.apply(ledger.tree.stage([ZERO_HASH]))
    ledger.send_all()


def view_ahead(ledger: Ledger) -> None:
    """Let the view claim more than is logged."""
    ledger.sequencer.view = replace(ledger.view, size=ledger.view.size + 9)
    ledger.send_all()


def leaf_changed(ledger: Ledger) -> None:
    """Let a leaf differ from the hash it was checked under."""
    submission = ledger.world.placed[-1].submission
    assert submission is not None
    examined = ledger.take_in(submission)
    ledger.minute = ledger.world.minute
    ledger.sequencer.submit(replace(examined, batch=replace(examined.batch, leaf_hashes=(ZERO_HASH,))))


@pytest.mark.parametrize(
    ("contradict", "message"),
    [
        (tree_ahead, "tree: its size is not the state's"),
        (view_ahead, "checkpoint: would not grow the tree"),
        (leaf_changed, "leaf: changed in memory between check and write"),
    ],
)
def test_what_contradicts_itself_is_not_signed(
    ledger: Ledger, contradict: Callable[[Ledger], None], message: str
) -> None:
    """Tree, view and leaves are compared once more before the signature; a difference halts, and nothing is stored."""
    size = ledger.world.size
    ledger.world.disclose("alpha")
    contradict(ledger)
    ledger.sequencer.stop()
    assert ledger.sequencer.halted == message
    ledger.store.close()
    ledger.start()
    assert ledger.view.size == size
