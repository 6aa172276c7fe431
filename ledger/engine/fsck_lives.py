"""Holds life rows against the leaves: what a row says of an entry, later leaves have to say, and no leaf more.

A row names the statements that say so. As the walk comes by one, the row of its target must name it, and in the end
rows must name no more statements than came by, so that nothing but embargoes that were extended is kept in memory.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace

from ledger.core import bodies
from ledger.core.batch import Batch
from ledger.core.errors import StoreDamaged
from ledger.core.life import Find, Life, Place
from ledger.engine import rows, schema
from ledger.engine.erasing import rows_of
from ledger.engine.lives import life_at, locate
from ledger.engine.store import Store


class LivesWalk:
    """What is known of life rows while the leaves are walked in index order; rows in ``gone`` count as deleted."""

    def __init__(self, store: Store, gone: Container[bytes]) -> None:
        self._store, self._gone = store, gone
        self._extended: dict[int, tuple[int, int]] = {}
        self._rows_extended: dict[int, tuple[int, int]] = {}
        self._said = self._named = 0
        self._inherited: set[int] = set()

    def find(self, size: int) -> Find:
        """Return what finds a life as the first ``size`` leaves have it."""

        def find(source_id: str, sequence: int) -> Life | None:
            index = locate(self._store, source_id, sequence)
            if index is None or index >= size:
                return None
            life = life_at(self._store, index)
            first = Life.begin(index, life.leaf_hash, life.body).until
            until, extensions = self._extended.get(index, (life.until if first == 0 else first, 0))
            lifted, delivery, erased = (_upto(pointer, size) for pointer in life.told[2:])
            return replace(life, until=until, extensions=extensions, lifted=lifted, delivery=delivery, erased=erased)

        return find

    def check(self, first: int, changed: Mapping[Place, Life]) -> None:
        """Hold the lives that the batch at ``first`` changes against their rows; raise StoreDamaged naming one."""
        for life in changed.values():
            row = life_at(self._store, life.index)
            for name in ("lifted", "delivery", "erased"):
                index = getattr(life, name)
                if index >= first and getattr(row, name) != index:
                    raise StoreDamaged(f"life row of entry {life.index}: does not name entry {index}")
                self._said += index >= first
            if life.extensions:
                self._extended[life.index] = (life.until, life.extensions)
            if life.index >= first and isinstance(life.body, bodies.Correction):
                self._inherited.add(life.index)
                if row.until != life.until:
                    raise StoreDamaged(f"life row of entry {life.index}: not the embargo that it inherited")
            if life.erased >= first:
                self._check_erased(life)

    def take(self, found: Sequence[tuple[bytes, bytes]], batch: Batch, first: int) -> Container[bytes]:
        """Read the life rows of the batch at ``first``; return the places of entries that were erased later."""
        erased = set()
        for key, data in found:
            index = schema.index_of(key)
            body = batch.leaves[index - first].statement.body
            own = Life.begin(index, batch.leaf_hashes[index - first], body)
            row = rows.read_life(data, own)
            if row == own:
                raise StoreDamaged(f"life row of entry {index}: says nothing")
            self._named += sum(pointer > 0 for pointer in (row.lifted, row.delivery, row.erased))
            if row.extensions:
                self._rows_extended[index] = (row.until, row.extensions)
            elif row.until != own.until and index not in self._inherited:
                raise StoreDamaged(f"life row of entry {index}: of an embargo that no leaf has")
            if row.erased:
                erased.add(key[1:])
        self._inherited.clear()
        return erased

    def finish(self) -> None:
        """Raise StoreDamaged if rows name what no leaf says."""
        if self._named != self._said or self._rows_extended != self._extended:
            raise StoreDamaged("life rows: say more or less than the leaves do")

    def _check_erased(self, life: Life) -> None:
        for key in rows_of(life):
            if key not in self._gone and self._store.get(key) is not None:
                raise StoreDamaged(f"{schema.KINDS[key[:1]]} of entry {life.index}: still there, though it was erased")


def has_keys(body: bodies.Body) -> bool:
    """Return whether lookup keys can have come with a statement."""
    match body:
        case bodies.Disclosure():
            return body.embargo is None
        case bodies.Correction():
            return bool(body.keys_root)
        case _:
            return isinstance(body, bodies.EmbargoLifted)


def _upto(pointer: int, size: int) -> int:
    return pointer if pointer < size else 0
