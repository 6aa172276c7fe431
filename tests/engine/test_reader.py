"""Readers get what is published: places, batches, proofs, receipts and payloads."""

from collections.abc import Iterator

import pytest

from ledger.core.encoding import sha256
from ledger.core.errors import BeyondTree, InvalidInput, StoreDamaged
from ledger.core.merkle import leaf_hash
from ledger.core.proof import verify_consistency, verify_inclusion, verify_range
from ledger.core.receipt import verify_receipt
from ledger.core.rules import LEDGER
from ledger.core.sealed_keys import open_box
from ledger.engine import schema
from ledger.engine.reader import SealedEntries, check_range
from tests.engine.ledger import TIMEOUT, Ledger, rich


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """The rich log, running; nobody adds to it."""
    ledger = rich(tmp_path_factory.mktemp("log"))
    yield ledger
    ledger.stop()


def test_leaves_are_those_that_were_logged(log: Ledger) -> None:
    """Any range of leaves, and each leaf alone, has the exact bytes."""
    leaves = log.world.leaves
    for begin in range(len(leaves) + 1):
        for end in range(begin, len(leaves) + 1):
            assert log.reader.leaves(begin, end) == leaves[begin:end]
    assert [log.reader.leaf(index) for index in range(len(leaves))] == leaves


def test_every_sequence_is_found_where_it_stands(log: Ledger) -> None:
    """A source and a sequence give the index; a sequence that is not taken yet, and a stranger, give none."""
    for placed in log.world.placed:
        for position in range(placed.batch.count):
            sequence = placed.batch.first_sequence + position
            assert log.reader.locate(placed.batch.source_id, sequence) == placed.first + position
    for source in log.world.state.sources.values():
        for sequence in (source.next_sequence, source.next_sequence + 1, 2**63, 2**64 - 1):
            assert log.reader.locate(source.source_id, sequence) is None
    for stranger in ("alph", "alphaa", "a", "zeta", "x" * 255):
        assert log.reader.locate(stranger, 0) is None


def test_every_index_belongs_to_its_batch(log: Ledger) -> None:
    """An index gives its batch's first index, source, sequence, count, key statement and predecessor."""
    for index in range(log.world.size):
        placed = log.world.batch_at(index)
        first, row = log.reader.batch_of(index)
        assert first == placed.first
        assert (row.source_id, row.first_sequence) == (placed.batch.source_id, placed.batch.first_sequence)
        assert (row.count, row.key_index, row.previous) == (
            placed.batch.count,
            placed.key_index,
            placed.binding.previous,
        )


@pytest.mark.parametrize("beyond", [0, 1, 2**40, 2**64 - 1 - 17])
def test_no_batch_holds_what_is_not_logged(log: Ledger, beyond: int) -> None:
    """From the size on, no index belongs to a batch."""
    with pytest.raises(BeyondTree, match="index: no batch holds it"):
        log.reader.batch_of(log.world.size + beyond)


def test_an_entry_without_its_batch_is_damage(ledger: Ledger) -> None:
    """An index that is logged belongs to a batch: where its row is gone, that is not told as past the log."""
    ledger.store.write([], deletes=[key for key, _ in ledger.store.range(schema.BATCHES, schema.after(schema.BATCHES))])
    with pytest.raises(StoreDamaged, match="batch row: missing; run ledgerctl fsck"):
        ledger.reader.batch_of(0)


def test_proofs_verify_at_every_published_size(log: Ledger) -> None:
    """Inclusion of every index in every size, and consistency of every two sizes, verify against the naive roots."""
    world = log.world
    roots = [world.root(size) for size in range(world.size + 1)]
    hashes = [leaf_hash(data) for data in world.leaves]
    for size in range(1, world.size + 1):
        assert log.tree.root_at(size) == roots[size]
        for index in range(size):
            verify_inclusion(hashes[index], index, size, log.reader.inclusion(index, size), roots[size])
        for first in range(1, size + 1):
            verify_consistency(first, roots[first], size, roots[size], log.reader.consistency(first, size))
        for begin in range(size):
            proof = log.reader.range_proof(begin, size - (size - begin) // 2, size)
            verify_range(begin, hashes[begin : size - (size - begin) // 2], size, proof, roots[size])


@pytest.mark.parametrize("index", range(17))
def test_every_receipt_verifies(log: Ledger, index: int) -> None:
    """The receipt of each entry verifies with the log's key alone, and is the one that the model gives."""
    receipt = log.reader.receipt(index, log.view)
    verified = verify_receipt(receipt, log.world.vkey)
    assert (verified.index, verified.log_id) == (index, log.world.log_id)
    assert verified.checkpoint.checkpoint.root == log.world.root()
    assert receipt == log.world.receipt(index)


def test_a_receipt_stands_under_the_view_that_is_given(ledger: Ledger) -> None:
    """Under an older view an entry has the receipt of then, and a later entry has none."""
    view = ledger.view
    ledger.world.disclose("alpha")
    ledger.follow()
    assert ledger.reader.receipt(1, view) == ledger.world.receipt(1, view.size)
    with pytest.raises(BeyondTree, match=f"index: the published tree has {view.size} entries"):
        ledger.reader.receipt(view.size, view)
    assert ledger.reader.receipt(view.size, ledger.view) == ledger.world.receipt(view.size)


def test_receipts_across_a_key_change(ledger: Ledger) -> None:
    """An entry's evidence is the key statement of its own time, whatever keys came later."""
    before = ledger.world.disclose("alpha")
    ledger.world.change_key("alpha", forced=True)
    after = ledger.world.disclose("alpha")
    ledger.follow()
    receipts = [
        verify_receipt(ledger.reader.receipt(index, ledger.view), ledger.world.vkey) for index in (before, after)
    ]
    assert [item.forced for item in receipts] == [False, True]
    assert receipts[0].keys != receipts[1].keys


def sealed(log: Ledger, begin: int, end: int) -> list[tuple[int, int, bytes, bytes]]:
    """Return (index, sequence, payload, shred) of what the world holds in [begin, end)."""
    found = []
    for placed in log.world.placed:
        for item in placed.submission.attachments if placed.submission else ():
            index = placed.first + item.position
            if begin <= index < end:
                found.append((index, placed.batch.first_sequence + item.position, item.payload, item.shred))
    return found


def flat(batches: list[SealedEntries]) -> list[tuple[int, int, bytes, bytes]]:
    """Return the entries of ``batches`` in the same form."""
    return [(item.index, item.sequence, item.payload, item.shred) for batch in batches for item in batch.entries]


@pytest.mark.parametrize("begin", range(17))
def test_payloads_of_any_range(log: Ledger, begin: int) -> None:
    """A range that begins or ends inside a batch gives the payloads inside it, with the batch's boxes and source."""
    for end in range(begin + 1, log.world.size + 1):
        batches = list(log.reader.sealed(begin, end))
        assert flat(batches) == sealed(log, begin, end)
        for batch in batches:
            placed = log.world.batch_at(batch.entries[0].index)
            assert placed.submission is not None
            assert batch.source_id == placed.batch.source_id
            assert batch.sealed_keys == placed.submission.sealed_keys
    assert list(log.reader.sealed(begin, begin)) == []


def test_boxes_open_for_the_auditor(log: Ledger) -> None:
    """The batch key that an auditor opens is the one boxed to it when the batch was logged."""
    (batch,) = log.reader.sealed(4, 7)
    auditor = log.world.auditors["one"]
    key_id = leaf_hash(log.world.leaves[2])
    (box,) = [item.box for item in batch.sealed_keys if item.key_id == key_id]
    assert len(open_box(box, auditor.x25519_secret)) == 32
    assert [sha256(item.payload) for item in batch.entries] == [
        leaf.statement.body.payload_digest  # type: ignore[union-attr]  # entries 4…6 are disclosures
        for leaf in log.world.batch_at(4).batch.leaves
    ]


def test_payloads_past_the_log_end(log: Ledger) -> None:
    """A range that goes past the log ends with BeyondTree, after what there is."""
    reading = log.reader.sealed(15, 40)
    assert next(reading).entries[0].index == 15
    with pytest.raises(BeyondTree, match="index: no batch holds it"):
        next(reading)


def test_a_missing_part_is_damage(ledger: Ledger) -> None:
    """A payload without its shred, and a batch without its boxes, are told as damage."""
    index = ledger.world.disclose("alpha")
    ledger.follow()
    boxes = ledger.store.require(schema.sealed_keys_key(index))
    ledger.store.write([], deletes=[schema.sealed_keys_key(index)])
    with pytest.raises(StoreDamaged, match="sealed keys: missing"):
        list(ledger.reader.sealed(index, index + 1))
    ledger.store.write([(schema.sealed_keys_key(index), boxes)], deletes=[schema.shred_key(index)])
    with pytest.raises(StoreDamaged, match="shred: missing"):
        list(ledger.reader.sealed(index, index + 1))


@pytest.mark.parametrize(
    ("begin", "end", "error", "message"),
    [
        (5, 5, InvalidInput, "begin: must lie below end"),
        (6, 5, InvalidInput, "begin: must lie below end"),
        (0, 11, BeyondTree, "end: must be at most 10"),
        (10, 11, BeyondTree, "end: must be at most 10"),
    ],
)
def test_ranges_are_checked(begin: int, end: int, error: type[Exception], message: str) -> None:
    """A range is not empty and lies inside the published tree."""
    with pytest.raises(error, match=message):
        check_range(begin, end, 10)
    check_range(9, 10, 10)


def test_the_ledger_is_a_source_like_any_other(log: Ledger) -> None:
    """The ledger's own statements are located by its chain."""
    own = [placed.first for placed in log.world.placed if placed.batch.source_id == LEDGER]
    assert [log.reader.locate(LEDGER, sequence) for sequence in range(len(own))] == own
    assert log.sequencer.govern(log.world.enrolment("late")).exception(TIMEOUT) is not None
