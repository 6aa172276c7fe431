"""The same bytes have the same index whenever they come; other bytes are refused with the head."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ledger.core.errors import AlreadyLogged, Unavailable
from ledger.engine import rows, schema
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


def row_of(ledger: Ledger, first: int, count: int) -> bytes:
    """Return the row of a batch, with another count."""
    row = rows.read_batch_row(ledger.store.require(schema.batch_key(first)))
    return rows.write_batch_row(replace(row, count=count))


DAMAGED: dict[str, tuple[Callable[[Ledger, int], tuple[bytes, bytes | None]], str]] = {
    "a batch said to be shorter": (
        lambda log, first: (schema.batch_key(first), row_of(log, first, 2)),
        "batch row",
    ),
    "a batch said to be longer": (
        lambda log, first: (schema.batch_key(first), row_of(log, first, 4)),
        "batch row",
    ),
    "a batch said to be empty": (
        lambda log, first: (schema.batch_key(first), row_of(log, first, 0)),
        "batch row",
    ),
    "a batch said to go on past the tree": (
        lambda log, first: (schema.batch_key(first), row_of(log, first, 1000)),
        "batch row",
    ),
    "no row that leads to it": (lambda log, _: (schema.chain_key("alpha", 0), None), "chain row: missing"),
    "a row that leads to another": (
        lambda log, first: (schema.chain_key("alpha", 0), (first + 3).to_bytes(8, "big")),
        "chain row: leads to another batch",
    ),
    "an entry with another bit": (
        lambda log, first: (schema.entry_key(first + 1), _flipped(log.store.require(schema.entry_key(first + 1)), 40)),
        "entry: not the one that was logged",
    ),
    "an entry that is none": (
        lambda _, first: (schema.entry_key(first + 1), b""),
        "batch row: leads to no whole batch",
    ),
}


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize(("damage", "message"), DAMAGED.values(), ids=DAMAGED)
def test_damage_is_not_the_senders_fault(
    ledger: Ledger, damage: Callable[[Ledger, int], tuple[bytes, bytes | None]], message: str
) -> None:
    """Where the stored batch is not what was logged, whoever sends it again is not told of other bytes: it halts."""
    ledger.world.disclose("alpha", disclosure(), disclosure(), disclosure())
    sent = ledger.world.placed[-1]
    ledger.world.disclose("beta", disclosure(), disclosure())
    ledger.follow()
    key, value = damage(ledger, sent.first)
    ledger.store.write([] if value is None else [(key, value)], [key] if value is None else [])
    with pytest.raises(Unavailable, match="halted"):
        ledger.send(sent).result(TIMEOUT)
    assert ledger.sequencer.halted is not None
    assert ledger.sequencer.halted.startswith(message)


def test_a_hole_in_the_rows_is_damage(ledger: Ledger) -> None:
    """A sequence that was used and that no stored batch covers is not taken for other bytes."""
    ledger.world.disclose("alpha")
    ledger.world.disclose("alpha")
    sent = ledger.world.placed[-1]
    ledger.follow()
    ledger.store.write([], [schema.chain_key("alpha", 1)])
    with pytest.raises(Unavailable, match="chain row: leads to another batch"):
        ledger.send(sent).result(TIMEOUT)
