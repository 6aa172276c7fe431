"""Who reads sealed payloads while one of them is being destroyed gets it whole or not at all, and is told why."""

import pytest

from ledger.core.errors import StoreDamaged
from ledger.engine import schema
from ledger.engine.reader import ErasedEntry, SealedEntries
from tests.core.embargoed import KEYS
from tests.core.world import disclosure
from tests.engine.ledger import Ledger
from tests.engine.test_lives import log

__all__ = ["log"]


def sealed(ledger: Ledger, index: int, count: int = 3) -> SealedEntries:
    """Return what is read of a batch of ``count`` entries."""
    (found,) = ledger.reader.sealed(index, index + count)
    return found


def test_what_rows_are_overwritten_with_is_never_read(log: Ledger) -> None:
    """Between overwriting and deleting, rows hold a filler: it is not handed out as a payload."""
    index = log.world.disclose("alpha", disclosure(*KEYS), disclosure(*KEYS), disclosure(*KEYS))
    log.world.govern(log.world.erasure(index + 1))
    log.follow()
    before = sealed(log, index)
    filler = [(schema.payload_key(index + 1), bytes(64)), (schema.shred_key(index + 1), bytes(64))]
    log.store.write(filler)
    assert sealed(log, index) == before
    assert [item.index for item in before.entries] == [index, index + 2]
    log.store.write([], [key for key, _ in filler])


def test_an_erasure_amid_a_read_is_no_damage(log: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a payload was read before its erasure and the shred is read after it, the entry is told as erased."""
    index = log.world.disclose("alpha", disclosure(*KEYS), disclosure(*KEYS), disclosure(*KEYS))
    log.follow()
    erasure = log.world.size
    get = log.store.get

    def erasing(key: bytes) -> bytes | None:
        if key == schema.shred_key(index + 1) and log.world.size == erasure:
            log.world.govern(log.world.erasure(index + 1))
            log.follow()
        return get(key)

    with monkeypatch.context() as patched:
        patched.setattr(log.store, "get", erasing)
        found = sealed(log, index)
    assert [item.index for item in found.entries] == [index, index + 2]
    assert found.erased == (ErasedEntry(index + 1, found.entries[0].sequence + 1, erasure),)


def test_a_shred_that_no_erasure_explains_is_damage(log: Ledger) -> None:
    """A shred that is gone by itself is told as before."""
    index = log.world.disclose("alpha", disclosure(*KEYS), disclosure(*KEYS), disclosure(*KEYS))
    log.follow()
    shred = log.store.require(schema.shred_key(index + 1))
    log.store.write([], [schema.shred_key(index + 1)])
    with pytest.raises(StoreDamaged, match="shred: missing"):
        sealed(log, index)
    log.store.write([(schema.shred_key(index + 1), shred)])
