"""Where entries stand and what has become of them, as the store has it."""

from ledger.core.errors import InvalidInput, StoreDamaged, Uncheckable
from ledger.core.life import Life
from ledger.core.merkle import leaf_hash
from ledger.core.statement import decode_leaf
from ledger.engine import rows, schema
from ledger.engine.store import Store


def locate(store: Store, source_id: str, sequence: int) -> int | None:
    """Return the index of a source's sequence, None for one that is not stored."""
    found = store.last_before(schema.chain_key(source_id, 0), schema.chain_key(source_id, sequence))
    if found is None:
        return None
    row = rows.read_batch_row(store.require(schema.BATCHES + found[1]))
    if (row.source_id, row.first_sequence) != (source_id, schema.index_of(found[0])):
        raise StoreDamaged("chain row: leads to another batch; run ledgerctl fsck")
    offset = sequence - row.first_sequence
    return schema.index_of(found[1]) + offset if offset < row.count else None


def find_life(store: Store, source_id: str, sequence: int) -> Life | None:
    """Return what the stored log says of a source's sequence, None for one that is not stored.

    Raises:
        StoreDamaged: the rows on the way do not fit together.
    """
    index = locate(store, source_id, sequence)
    return None if index is None else life_at(store, index)


def life_at(store: Store, index: int) -> Life:
    """Return what the stored log says of the entry at ``index``; raise StoreDamaged unless it is whole."""
    data = store.require(schema.entry_key(index))
    try:
        body = decode_leaf(data).statement.body
    except (InvalidInput, Uncheckable):
        raise StoreDamaged("entry: malformed; run ledgerctl fsck") from None
    life = Life.begin(index, leaf_hash(data), body)
    row = store.get(schema.life_key(index))
    return life if row is None else rows.read_life(row, life)
