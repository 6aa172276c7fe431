"""The same bytes have the same index whenever they come; other bytes are refused with the head."""

from dataclasses import replace

import pytest

from ledger.core.errors import AlreadyLogged
from tests.core.world import disclosure
from tests.engine.ledger import TIMEOUT, Ledger, indexes


def test_the_same_bytes_have_the_same_index(ledger: Ledger) -> None:
    """A batch that is sent again within one group, later, or after a restart is answered alike and logged once."""
    ledger.world.disclose("alpha", disclosure(), disclosure())
    first = ledger.world.placed[-1]
    ledger.follow()
    with ledger.busy():
        ledger.world.disclose("alpha")
        second = ledger.world.placed[-1]
        futures = ledger.send_all()
        futures += [ledger.send(placed) for placed in (second, first, second, first)]
    assert indexes(futures) == [second.first, second.first, first.first, second.first, first.first]
    ledger.check()
    ledger.reopen()
    assert indexes([ledger.send(first), ledger.send(second)]) == [first.first, second.first]
    ledger.check()


def test_a_revoked_source_may_ask_again(ledger: Ledger) -> None:
    """What was logged before a key change and the revocation keeps its index when it is sent again."""
    ledger.world.disclose("alpha")
    placed = ledger.world.placed[-1]
    ledger.world.change_key("alpha")
    ledger.world.revoke("alpha")
    ledger.follow()
    assert ledger.send(placed).result(TIMEOUT) == placed.first
    ledger.check()


@pytest.mark.parametrize("together", [False, True], ids=["later", "in the same group"])
@pytest.mark.parametrize(
    ("sequence", "count"),
    [
        pytest.param(0, 3, id="as many at the same sequence"),
        pytest.param(0, 1, id="fewer at the same sequence"),
        pytest.param(0, 4, id="more at the same sequence"),
        pytest.param(1, 2, id="from the middle of a batch"),
        pytest.param(2, 5, id="from its last statement on"),
    ],
)
def test_other_bytes_are_refused_with_the_head(ledger: Ledger, sequence: int, count: int, together: bool) -> None:
    """Whatever else is sent for a sequence that is taken is refused, and told where the chain stands."""
    world = ledger.world
    head = world.state.sources["alpha"]
    world.state.sources["alpha"] = replace(head, next_sequence=sequence)
    other = world.submission("alpha", *[disclosure()] * count)
    world.state.sources["alpha"] = head
    with ledger.busy():
        world.disclose("alpha", disclosure(), disclosure(), disclosure())
        (logged,) = ledger.send_all()
        if together:
            future = ledger.submit(other)
    if not together:
        logged.result(TIMEOUT)
        future = ledger.submit(other)
    with pytest.raises(AlreadyLogged, match="sequence: other bytes stand there") as refused:
        future.result(TIMEOUT)
    assert refused.value.head == world.state.sources["alpha"].head
    ledger.check()


def test_a_group_of_repeats_writes_nothing(ledger: Ledger) -> None:
    """Answering what is logged already neither writes nor publishes."""
    ledger.world.disclose("alpha")
    ledger.follow()
    written, view = ledger.store.written, ledger.view
    assert indexes([ledger.send(ledger.world.placed[-1])]) == [ledger.world.size - 1]
    assert ledger.store.written == written
    assert ledger.view is view
