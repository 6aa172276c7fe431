"""Reads of what is published: entries, proofs, receipts, sealed payloads; nothing past the view that is given."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ledger.core.encoding import Hash
from ledger.core.errors import BeyondTree, InvalidInput, StoreDamaged, Uncheckable
from ledger.core.merkle import leaf_hash, tree_root
from ledger.core.proof import RangeProof, prove_consistency, prove_inclusion, prove_range
from ledger.core.receipt import ReceiptExtra, format_receipt
from ledger.core.sealed_keys import SealedKey, sealed_keys_digest
from ledger.core.statement import Leaf, decode_leaf
from ledger.engine import rows, schema
from ledger.engine.cosigned import CosignedTree
from ledger.engine.lives import locate
from ledger.engine.sequencer import View
from ledger.engine.store import Store
from ledger.engine.tiles import TileTree


@dataclass(frozen=True, slots=True)
class KeyEvidence:
    """What makes a receipt stand alone: key statement and LOG_OPENED with their paths under one checkpoint."""

    key_statement: bytes
    key_statement_index: int
    key_statement_path: tuple[Hash, ...]
    log_opened: bytes
    log_opened_path: tuple[Hash, ...]


@dataclass(frozen=True, slots=True)
class SealedEntry:
    """One stored payload with its shred."""

    index: int
    sequence: int
    payload: bytes
    shred: bytes


@dataclass(frozen=True, slots=True)
class ErasedEntry:
    """An entry whose payload the ERASURE at ``erasure`` destroyed."""

    index: int
    sequence: int
    erasure: int


@dataclass(frozen=True, slots=True)
class SealedEntries:
    """The payloads of one batch, and its boxes: those under its seal, and those deposited later."""

    source_id: str
    entries: tuple[SealedEntry, ...]
    sealed_keys: tuple[SealedKey, ...]
    erased: tuple[ErasedEntry, ...] = ()
    deposited: tuple[SealedKey, ...] = ()
    first_sequence: int = 0


class Reader:
    """Answers from the store and the tree; callers keep indexes below the published size, see ``check_range``."""

    def __init__(self, store: Store, tree: TileTree) -> None:
        self._store, self._tree = store, tree

    def leaf(self, index: int) -> bytes:
        """Return the leaf at ``index``."""
        return self._store.require(schema.entry_key(index))

    def leaves(self, begin: int, end: int) -> list[bytes]:
        """Return the leaves of [begin, end)."""
        found = [data for _, data in self._store.range(schema.entry_key(begin), schema.entry_key(end))]
        if len(found) < min(end, self._tree.size) - begin:
            raise StoreDamaged("entry: missing; run ledgerctl fsck")
        return found

    def inclusion(self, index: int, size: int) -> tuple[Hash, ...]:
        """Return the audit path of ``index`` in the tree of ``size``."""
        return prove_inclusion(index, size, self._tree.fetch)

    def consistency(self, first: int, second: int) -> tuple[Hash, ...]:
        """Return the proof that the tree of ``second`` extends that of ``first``."""
        return prove_consistency(first, second, self._tree.fetch)

    def range_proof(self, begin: int, end: int, size: int) -> RangeProof:
        """Return the nodes left and right of [begin, end) in the tree of ``size``."""
        return prove_range(begin, end, size, self._tree.fetch)

    def locate(self, source_id: str, sequence: int) -> int | None:
        """Return the index of a source's sequence, or None."""
        return locate(self._store, source_id, sequence)

    def batch_of(self, index: int) -> tuple[int, rows.BatchRow]:
        """Return the first index and the row of the batch that holds ``index``."""
        found = self._store.last_before(schema.batch_key(0), schema.batch_key(index))
        if found is not None:
            first_index, row = schema.index_of(found[0]), rows.read_batch_row(found[1])
            if index < first_index + row.count:
                return first_index, row
        if index < self._tree.size:
            raise StoreDamaged("batch row: missing; run ledgerctl fsck")
        raise BeyondTree("index: no batch holds it")

    def batch_at(self, first_index: int) -> rows.BatchRow:
        """Return the row of the batch that begins at ``first_index``."""
        return rows.read_batch_row(self._store.require(schema.batch_key(first_index)))

    def evidence(self, key_index: int, size: int) -> KeyEvidence:
        """Return key statement and LOG_OPENED with their paths in the tree of ``size``."""
        return KeyEvidence(
            self.leaf(key_index),
            key_index,
            self.inclusion(key_index, size),
            self.leaf(0),
            self.inclusion(0, size),
        )

    def receipt(self, index: int, view: View | CosignedTree) -> bytes:
        """Return the stand-alone receipt of ``index`` under the checkpoint of ``view``."""
        if index >= view.size:
            raise BeyondTree(f"index: the published tree has {view.size} entries")
        first_index, row = self.batch_of(index)
        data = self.leaves(first_index, first_index + row.count)
        last = _stored_leaf(data[-1])
        seal = last.statement.seal
        if seal is None:
            raise StoreDamaged("batch row: does not end where its batch does; run ledgerctl fsck")
        hashes = [leaf_hash(item) for item in data[:-1]] + [leaf_hash(last.unsealed)]
        position = index - first_index
        evidence = self.evidence(row.key_index, view.size)
        opening = index == 0
        extra = ReceiptExtra(
            data[position],
            seal,
            _path(hashes, position),
            row.first_sequence,
            row.count,
            row.previous,
            b"" if opening else evidence.key_statement,
            evidence.key_statement_index,
            () if opening else evidence.key_statement_path,
            evidence.log_opened,
            evidence.log_opened_path,
        )
        return format_receipt(index, self.inclusion(index, view.size), view.note, extra)

    def sealed(self, begin: int, end: int) -> Iterator[SealedEntries]:
        """Yield the stored payloads of [begin, end), batch by batch; entries without one are left out."""
        index = begin
        while index < end:
            first, row = self.batch_of(index)
            stop = min(end, first + row.count)
            entries, erased = self._sealed_entries(index, stop, first, row)
            if entries or erased:
                boxes = self._boxes(first, first + row.count - 1)
                deposited = self._deposited(first)
                yield SealedEntries(row.source_id, entries, boxes, erased, deposited, row.first_sequence)
            index = first + row.count

    def boxes(self, first: int) -> tuple[SealedKey, ...]:
        """Return the boxes under the seal of the batch that begins at ``first``, none where it has no payloads."""
        if self._store.get(schema.sealed_keys_key(first)) is None:
            return ()
        return self._boxes(first, first + self.batch_at(first).count - 1)

    def _boxes(self, first: int, last: int) -> tuple[SealedKey, ...]:
        """Return the boxes of the batch from ``first`` to ``last``, which are what its seal says.

        Whoever finds no box that opens takes the batch for one that was not sealed to him: damage must not look so.
        """
        boxes = rows.read_sealed_keys(self._store.require(schema.sealed_keys_key(first)))
        seal = _stored_leaf(self.leaf(last)).statement.seal
        if seal is None or seal.sealed_keys_digest != sealed_keys_digest(boxes):
            raise StoreDamaged("sealed keys: not those of the batch's seal; run ledgerctl fsck")
        return boxes

    def _deposited(self, first: int) -> tuple[SealedKey, ...]:
        begin, end = schema.deposit_key(first, b""), schema.deposit_key(first + 1, b"")
        return tuple([rows.read_deposit(key, box) for key, box in self._store.range(begin, end)])

    def _erased(self, begin: int, end: int, first: int, row: rows.BatchRow) -> Iterator[ErasedEntry]:
        for key, data in self._store.range(schema.life_key(begin), schema.life_key(end)):
            index, erasure = schema.index_of(key), rows.read_erased(data)
            if erasure:
                yield ErasedEntry(index, row.first_sequence + index - first, erasure)

    def _sealed_entries(
        self, begin: int, end: int, first: int, row: rows.BatchRow
    ) -> tuple[tuple[SealedEntry, ...], tuple[ErasedEntry, ...]]:
        """Return what is stored of [begin, end), and what was erased, which is read last: it may happen meanwhile.

        What an erasure overwrites rows with, and rows that it has begun to take away, are not to be handed out.
        """
        payloads = [
            (schema.index_of(key), payload)
            for key, payload in self._store.range(schema.payload_key(begin), schema.payload_key(end))
        ]
        shreds = {index: self._store.get(schema.shred_key(index)) for index, _ in payloads}
        erased = tuple(self._erased(begin, end, first, row))
        gone = {item.index for item in erased}
        entries = []
        for index, payload in payloads:
            shred = shreds[index]
            if index in gone:
                continue
            if shred is None:
                raise StoreDamaged("shred: missing; run ledgerctl fsck")
            entries.append(SealedEntry(index, row.first_sequence + index - first, payload, shred))
        return tuple(entries), erased


def check_range(begin: int, end: int, size: int) -> None:
    """Raise InvalidInput unless begin < end, BeyondTree if ``end`` lies past ``size``."""
    if begin >= end:
        raise InvalidInput("begin", "must lie below end")
    if end > size:
        raise BeyondTree(f"end: must be at most {size}")


def _stored_leaf(data: bytes) -> Leaf:
    try:
        return decode_leaf(data)
    except (InvalidInput, Uncheckable):
        raise StoreDamaged("entry: malformed; run ledgerctl fsck") from None


def _path(hashes: Sequence[Hash], position: int) -> tuple[Hash, ...]:
    """Return the RFC 6962 audit path of ``position`` among few hashes held in memory."""
    path: list[Hash] = []
    low, high = 0, len(hashes)
    while high - low > 1:
        middle = low + (1 << ((high - low - 1).bit_length() - 1))
        if position >= middle:
            path.append(tree_root(hashes[low:middle]))
            low = middle
        else:
            path.append(tree_root(hashes[middle:high]))
            high = middle
    return tuple(reversed(path))
