"""The writer logs what waits in one write, in order, and gives the same bytes the same indexes."""

import threading
from concurrent.futures import Future
from pathlib import Path

import pytest

from ledger.core.encoding import Hash
from ledger.core.errors import Busy, LedgerError, Unavailable
from ledger.engine import schema, sequencer
from ledger.engine.fsck import check
from ledger.engine.sequencer import RETRY_AFTER, View
from tests.core.world import disclosure
from tests.engine.ledger import TIMEOUT, Ledger, indexes, nothing, rich


def test_a_rich_log_is_the_one_in_memory(tmp_path: Path) -> None:
    """Leaves, root, checkpoint and state are byte for byte those of the model, before and after a restart."""
    ledger = rich(tmp_path)
    ledger.check()
    ledger.reopen()
    ledger.check()
    ledger.world.disclose("beta")
    ledger.follow()
    ledger.check()
    ledger.stop()


def test_what_waits_is_one_write(ledger: Ledger) -> None:
    """Batches of several sources and governance that wait together are logged in order by one write."""
    with ledger.busy():
        written = ledger.store.written
        for _ in range(5):
            ledger.world.disclose("alpha", disclosure(), disclosure())
            ledger.world.disclose("beta")
        ledger.world.enrol("gamma")
        ledger.world.disclose("gamma")
        ledger.world.change_key("alpha")
        ledger.world.disclose("alpha")
        futures = ledger.send_all()
    assert indexes(futures) == [placed.first for placed in ledger.world.placed[-len(futures) :]]
    assert ledger.store.written == written + 2  # the one that kept the writer busy, and this
    ledger.check()
    ledger.reopen()
    ledger.check()


def test_a_group_is_bounded(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit ends with the batch that reaches its bound; the rest make the next ones."""
    monkeypatch.setattr(sequencer, "MAX_GROUP", 4)
    with ledger.busy():
        written = ledger.store.written
        for _ in range(4):
            ledger.world.disclose("alpha", disclosure(), disclosure(), disclosure())
        futures = ledger.send_all()
    indexes(futures)
    assert ledger.store.written == written + 1 + 2
    ledger.check()


def test_a_full_queue_is_busy(tmp_path: Path) -> None:
    """Past its bound the queue refuses with the time to wait; once it has drained the same batch goes in."""
    ledger = Ledger.create(tmp_path, queue_bytes=2_500)
    ledger.world.enrol("alpha")
    ledger.world.add_auditor("one")
    ledger.follow()
    with ledger.busy():
        ledger.world.disclose("alpha")
        ledger.world.disclose("alpha")
        futures = ledger.send_all()
        assert 0 < ledger.sequencer.queued_bytes <= 2_500
        ledger.world.disclose("alpha")
        with pytest.raises(Busy, match="queue: full") as refused:
            ledger.send(ledger.world.placed[-1])
        assert refused.value.retry_after == RETRY_AFTER
    indexes(futures)
    ledger.follow()
    assert ledger.sequencer.queued_bytes == 0
    ledger.check()
    ledger.stop()


def test_a_batch_larger_than_the_queue_goes_in_alone(tmp_path: Path) -> None:
    """An empty queue takes any batch, so that a small bound slows and never blocks."""
    ledger = Ledger.create(tmp_path, queue_bytes=1)
    ledger.world.enrol("alpha")
    ledger.world.add_auditor("one")
    ledger.world.disclose("alpha", disclosure(), disclosure())
    ledger.follow()
    ledger.check()
    ledger.stop()


def test_stopping_finishes_what_is_queued(ledger: Ledger) -> None:
    """What was queued before the stop is logged and answered, what comes after is refused."""
    stopper = threading.Thread(target=ledger.sequencer.stop)
    with ledger.busy():
        ledger.world.disclose("alpha")
        ledger.world.disclose("beta")
        futures = ledger.send_all()
        stopper.start()
        while not ledger.sequencer._stopping:
            assert stopper.is_alive()
        with pytest.raises(Unavailable, match="the ledger is stopping"):
            ledger.submit(ledger.world.submission("beta", disclosure()))
        with pytest.raises(Unavailable, match="the ledger is stopping"):
            ledger.govern(ledger.world.enrolment("gamma"))
    stopper.join(TIMEOUT)
    assert all(future.done() for future in futures)
    ledger.check()
    ledger.reopen()
    ledger.check()


def test_a_cancelled_future_does_not_lose_the_batch(ledger: Ledger) -> None:
    """Who stops waiting does not unsay what was sent: it is logged, and asking again gives its index."""
    with ledger.busy():
        ledger.world.disclose("alpha")
        placed = ledger.world.placed[-1]
        (future,) = ledger.send_all()
        assert future.cancel()
    assert ledger.send(placed).result(TIMEOUT) == placed.first
    assert ledger.sequencer.queued_bytes == 0
    ledger.check()


def test_nothing_is_published_before_it_is_durable(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the write returns, view and future are as before; a listener finds the new view, its rows stored.

    By then the answer is out: it waits neither for listeners nor for the mark, which is of what was published.
    """
    seen: list[tuple[str, int, bool]] = []
    futures: list[Future[int]] = []
    ready, noted = threading.Event(), threading.Event()

    def before() -> None:
        ready.wait(TIMEOUT)
        seen.append(("before", ledger.view.size, futures[0].done()))

    def heard(view: View) -> None:
        stored = ledger.store.require(schema.entry_key(view.size - 1))
        assert ledger.store.require(schema.meta_key("checkpoint")) == view.note == ledger.view.note
        assert ledger.tree.root == view.root
        assert stored == ledger.world.leaves[-1]
        seen.append(("heard", view.size, futures[0].done()))

    def marked(size: int, root: Hash) -> None:
        assert (size, root) == (ledger.view.size, ledger.view.root)
        seen.append(("marked", size, futures[0].done()))
        noted.set()

    size = ledger.view.size
    monkeypatch.setattr(ledger.guard, "note", marked)
    ledger.store.before = before
    ledger.store.after = lambda: seen.append(("after", ledger.view.size, futures[0].done()))
    ledger.sequencer.listen(heard)
    ledger.world.disclose("alpha")
    futures += ledger.send_all()
    ready.set()
    indexes(futures)
    assert noted.wait(TIMEOUT)
    ledger.store.before = ledger.store.after = nothing
    assert seen == [
        ("before", size, False),
        ("after", size, False),
        ("heard", size + 1, True),
        ("marked", size + 1, True),
    ]
    assert ledger.sequencer.halted is None


def test_a_refusal_does_not_touch_its_neighbours(ledger: Ledger) -> None:
    """In one group the batches before and after a refused one are logged, and the refused one is not."""
    stale = ledger.world.submission("alpha", disclosure())
    ledger.world.minute += 1
    with ledger.busy():
        ledger.world.disclose("alpha")
        before = ledger.send_all()
        refused = [ledger.submit(stale), ledger.govern(ledger.world.enrolment("gamma"))]
        ledger.world.disclose("alpha")
        ledger.world.disclose("beta")
        after = ledger.send_all()
    indexes(before + after)
    for future in refused:
        assert isinstance(future.exception(TIMEOUT), LedgerError)
    ledger.check()
    assert check(ledger.store).size == ledger.world.size
