"""Where a batch stands that is sent again: the same bytes have the same index for good."""

from ledger.core.batch import MAX_BATCH, Batch, decode_batch
from ledger.core.errors import AlreadyLogged, InvalidInput, StoreDamaged, Uncheckable
from ledger.core.merkle import Node, hash_leaves
from ledger.core.parties import Source
from ledger.engine import rows, schema
from ledger.engine.store import Store
from ledger.engine.tiles import TileTree


def find_same(store: Store, tree: TileTree, batch: Batch, source: Source) -> int:
    """Return the index of the first statement of ``batch``, whose first sequence ``source`` has used.

    Raises:
        AlreadyLogged: other bytes stand there.
        StoreDamaged: what stands there is not what was logged; whoever sends is not to blame for it.
    """
    begin, first, leaves = _stored_batch(store, tree, batch)
    if begin == batch.first_sequence and leaves == [leaf.data for leaf in batch.leaves]:
        return first
    if hash_leaves(leaves) != tree.fetch([Node(0, first + position) for position in range(len(leaves))]):
        raise StoreDamaged("entry: not the one that was logged; run ledgerctl fsck")
    raise AlreadyLogged("sequence: other bytes stand there", source.head)


def _stored_batch(store: Store, tree: TileTree, batch: Batch) -> tuple[int, int, list[bytes]]:
    """Return first sequence, first index and leaves of the stored batch that has the first sequence of ``batch``."""
    key = schema.chain_key(batch.source_id, batch.first_sequence)
    found = store.last_before(schema.chain_key(batch.source_id, 0), key)
    if found is None:
        raise StoreDamaged("chain row: missing; run ledgerctl fsck")
    begin, first = schema.index_of(found[0]), schema.index_of(found[1])
    row = rows.read_batch_row(store.require(schema.batch_key(first)))
    if not 0 < row.count <= min(MAX_BATCH, tree.size - first):
        raise StoreDamaged("batch row: its count is not the batch's; run ledgerctl fsck")
    leaves = [store.require(schema.entry_key(first + position)) for position in range(row.count)]
    try:
        stored = decode_batch(leaves)
    except (InvalidInput, Uncheckable):
        raise StoreDamaged("batch row: leads to no whole batch; run ledgerctl fsck") from None
    if (stored.source_id, stored.first_sequence) != (batch.source_id, begin) or stored.end_sequence <= (
        batch.first_sequence
    ):
        raise StoreDamaged("chain row: leads to another batch; run ledgerctl fsck")
    return begin, first, leaves
