"""What becomes of entries is stored, found again, and the same after a restart."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.core.errors import Refused, StoreDamaged
from ledger.core.life import Life
from ledger.core.statement import decode_leaf
from ledger.engine import schema
from ledger.engine.lives import find_life, life_at, locate
from ledger.engine.rows import open_lookup_keys
from tests.core.embargoed import KEYS, MONTH, correction, delivery, gagged, lift, live
from tests.core.world import World, disclosure
from tests.engine.ledger import QUEUE_KEY, TIMEOUT, Ledger, indexes


def begun() -> World:
    """Return a log with a source and an auditor."""
    world = World.open()
    world.enrol("alpha")
    world.add_auditor("one")
    return world


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Ledger]:
    """A log with a source and an auditor."""
    ledger = Ledger.create(tmp_path, begun())
    ledger.follow()
    yield ledger
    ledger.stop()


def known(ledger: Ledger, index: int) -> Life:
    """Return what the log in memory says of an entry."""
    statement = decode_leaf(ledger.world.leaves[index]).statement
    life = ledger.world.lives.find(statement.source_id, statement.sequence)
    assert life is not None
    return life


def test_the_store_knows_what_the_log_says(log: Ledger) -> None:
    """Each life that a log in memory comes to is found in the store, before and after a restart."""
    live(log.world, "alpha", "one")
    log.follow()
    for _ in range(2):
        for index in range(3, log.world.size):
            assert life_at(log.store, index) == known(log, index)
        log.reopen()


def test_only_entries_that_something_refers_to_have_a_row(log: Ledger) -> None:
    """A disclosure, embargoed or not, adds no row until somebody refers to it."""
    log.world.say("alpha", gagged(log.world))
    log.world.disclose("alpha")
    log.follow()
    assert list(log.store.range(schema.LIVES, schema.after(schema.LIVES))) == []
    log.world.say("alpha", delivery(log.world, 3))
    log.follow()
    assert [key for key, _ in log.store.range(schema.LIVES, schema.after(schema.LIVES))] == [schema.life_key(3)]


def test_keys_wait_for_the_mapper_from_the_lift_on(log: Ledger) -> None:
    """Nothing is queued for an embargoed entry; its keys stand under the index of the statement they came with."""
    names = live(log.world, "alpha", "one")
    log.follow()
    queued = [schema.index_of(key) for key, _ in log.store.range(schema.QUEUE, schema.after(schema.QUEUE))]
    assert queued == [names["lifted later"]]  # the other two were erased
    row = log.store.require(schema.queue_key(names["lifted later"]))
    hashes = log.world.batch_at(names["lifted later"]).batch.leaf_hashes
    assert [key for key, _ in open_lookup_keys(row, hashes[1], QUEUE_KEY)] == list(KEYS)


def test_references_within_one_commit(log: Ledger) -> None:
    """A disclosure, its delivery and a correction are committed together, and a second delivery is refused."""
    with log.busy():
        index = log.world.disclose("alpha")
        log.world.say("alpha", delivery(log.world, index), correction(log.world, index))
        log.world.say("alpha", gagged(log.world))
        log.world.say("alpha", lift(log.world, log.world.size - 1))
        done = log.send_all()
        again = log.submit(log.world.built("alpha", delivery(log.world, index)))
    assert next(iter(indexes(done))) == index
    with pytest.raises(Refused, match="target: has a DELIVERY, entry"):
        again.result(TIMEOUT)
    log.check()
    assert life_at(log.store, index) == known(log, index)


def test_a_refusal_changes_no_life(log: Ledger) -> None:
    """A batch whose second statement is refused leaves the target of its first as it was."""
    index = log.world.disclose("alpha")
    log.follow()
    batch = log.world.built("alpha", delivery(log.world, index), delivery(log.world, index))
    with pytest.raises(Refused, match="target: has a DELIVERY"):
        log.submit(batch).result(TIMEOUT)
    log.world.say("alpha", delivery(log.world, index))
    log.follow()
    log.check()


def test_what_is_not_stored_is_not_found(log: Ledger) -> None:
    """A sequence that was not used, and a source that never spoke, have no place and no life."""
    log.world.disclose("alpha", disclosure(), disclosure())
    log.follow()
    assert [locate(log.store, "alpha", sequence) for sequence in range(3)] == [3, 4, None]
    assert locate(log.store, "beta", 0) is None
    assert find_life(log.store, "alpha", 2) is None
    assert find_life(log.store, "alpha", 1) == known(log, 4)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (schema.chain_key("alpha", 0), bytes(8), "chain row: leads to another batch"),
        (schema.life_key(3), b"short", "life row: of the wrong length"),
        (schema.entry_key(3), b"\x08\x01", "entry: malformed"),
    ],
)
def test_rows_that_do_not_fit_together_are_told(log: Ledger, key: bytes, value: bytes, message: str) -> None:
    """Damage on the way to a life is the store's, not the sender's."""
    log.world.disclose("alpha")
    log.follow()
    log.store.write([(key, value)])
    with pytest.raises(StoreDamaged, match=message):
        find_life(log.store, "alpha", 0)


def test_an_embargo_shows_its_end(log: Ledger) -> None:
    """The month of an embargo stands in its life as its leaf has it."""
    index = log.world.say("alpha", gagged(log.world, MONTH + 7))
    log.follow()
    assert life_at(log.store, index).until == MONTH + 7
