"""What fsck says of a store in which rows are changed for a moment."""

from ledger.core.errors import StoreDamaged
from ledger.engine.fsck import check
from ledger.engine.store import Store

Rows = dict[bytes, bytes]


def all_rows(store: Store) -> Rows:
    """Return everything that the store holds."""
    return dict(store.range(b"", None))


def refusal(store: Store, puts: Rows, deletes: tuple[bytes, ...] = ()) -> str:
    """Return what fsck says of the store with ``puts`` and ``deletes``, and undo them; "" when it finds it whole."""
    before = {key: store.get(key) for key in (*puts, *deletes)}
    store.write(list(puts.items()), deletes)
    try:
        check(store)
    except StoreDamaged as error:
        return str(error)
    finally:
        gone = [key for key, value in before.items() if value is None]
        store.write([(key, value) for key, value in before.items() if value is not None], gone)
    return ""
