"""What is kept of each entry finds it again: its index, its day, its kind, and what else is undelivered that day."""

from dataclasses import replace

from ledger.core import bodies
from ledger.core.batch import decode_batch, sign_batch
from ledger.core.encoding import ZERO_HASH, sha256
from ledger.core.kept import DISCLOSURE, OTHER, PART, Entries, kind_of
from ledger.core.periods import DAY
from ledger.core.statement import Statement, decode_leaf
from tests.core.judging import judged
from tests.core.world import START, World, mixed

PLAIN = bodies.Disclosure(ZERO_HASH, ZERO_HASH, ZERO_HASH, 4, ZERO_HASH)


def test_every_entry_is_found_where_it_stands() -> None:
    """However the chains of several sources lie between each other, each sequence leads to its index and leaf hash."""
    world = mixed()
    entries = judged(world).entries
    for placed in world.placed:
        for at, leaf_hash in enumerate(placed.batch.leaf_hashes):
            life = entries.find(placed.batch.source_id, placed.batch.first_sequence + at, [leaf_hash])
            assert life is not None
            assert (life.index, life.leaf_hash) == (placed.first + at, leaf_hash)


def test_what_was_not_said_is_not_found() -> None:
    """A sequence past the head, and a source without a chain, have no life."""
    entries = judged(mixed()).entries
    assert entries.find("alpha", 99, ()) is None
    assert entries.find("nobody", 0, ()) is None


def test_other_bytes_at_a_place_are_not_taken_for_its_own() -> None:
    """Of the hashes that are named only one that begins as the entry's own is believed."""
    world = mixed()
    entries = judged(world).entries
    own = world.placed[3].batch.leaf_hashes[0]
    strange = sha256(b"other")
    for named in ((), (strange,)):
        life = entries.find("alpha", 0, named)
        assert life is not None
        assert life.leaf_hash not in (own, strange)
    life = entries.find("alpha", 0, (strange, own))
    assert life is not None
    assert life.leaf_hash == own


def test_a_batch_over_midnight_is_kept_by_its_days() -> None:
    """Each disclosure is undelivered on the day that it was recorded on, and found by it."""
    world = World.open()
    midnight = START - START % DAY + DAY
    minutes = (midnight - 1, midnight - 1, midnight, midnight + DAY)
    said = [Statement("alpha", at, minute, PLAIN) for at, minute in enumerate(minutes)]
    batch = decode_batch(sign_batch(said, world.binding("ledger"), ZERO_HASH, [world.chain.sign]))
    entries = Entries()
    entries.take(batch, 7, {})
    chain, day = entries.chains["alpha"], midnight // DAY
    assert dict(chain.undelivered) == {day - 1: 2, day: 1, day + 1: 1}
    assert [chain.day(sequence) for sequence in range(4)] == [day - 1, day - 1, day, day + 1]
    assert [list(chain.unresolved(day + ahead)) for ahead in (-1, 0, 1)] == [[0, 1], [2], [3]]
    chain.deliver(1, 20)
    assert list(chain.unresolved(day - 1)) == [0]
    assert chain.undelivered[day - 1] == 1


def test_kinds_are_told_apart() -> None:
    """Of a handover's parts only the first is a disclosure that a delivery resolves; a closing is nobody's target."""
    assert kind_of(PLAIN) == DISCLOSURE
    later = replace(PLAIN, part=bodies.Part(1, 2))
    assert kind_of(later) == PART
    assert kind_of(decode_leaf(mixed().leaves[0]).statement.body) == OTHER
