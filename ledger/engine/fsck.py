"""Recomputes everything from the stored bytes and names the first thing that is wrong.

Leaves give hashes, tiles, root, seals, chains and state; payloads, shreds and boxes are held against the leaves; rows
that nothing accounts for are wrong too. A row of the lookup queue is the mapper's to open and to take away: here it
only has to belong to a disclosure.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from ledger.core.batch import Batch, decode_batch
from ledger.core.chain import LogState
from ledger.core.checkpoint import open_checkpoint
from ledger.core.encoding import ZERO_HASH, Hash, sha256
from ledger.core.errors import LedgerError, StoreDamaged
from ledger.core.merkle import CompactRange, tree_root
from ledger.core.note import VKey
from ledger.core.sealed import check_payload_size, check_shred
from ledger.core.sealed_keys import sealed_keys_digest
from ledger.engine import rows, schema
from ledger.engine.store import Store

TILE: Final = 256
SETTINGS: Final = ("format", "governing", "checkpoint", "witness_policy", "sealing_policy")


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found whole: entries, payloads, and the root that the checkpoint signs."""

    size: int
    payloads: int
    root: Hash


def check(store: Store, progress: Callable[[int], None] = lambda _: None) -> Checked:
    """Return what the store holds; raise StoreDamaged naming the first thing that does not fit."""
    walk = _Walk(store)
    while walk.take():
        progress(walk.size)
    return walk.finish()


class _Rows:
    """The rows under one prefix, in step with the indexes that the walk comes by."""

    def __init__(self, store: Store, prefix: bytes) -> None:
        self._what, self._prefix = schema.KINDS[prefix], prefix
        self._rows = store.range(prefix, schema.after(prefix))
        self._row = next(self._rows, None)

    def __call__(self, index: int) -> bytes:
        """Return the row of ``index``; raise StoreDamaged if it is missing, or one before it that nobody asked for."""
        value = self.perhaps(index)
        if value is None:
            raise StoreDamaged(f"{self._what} of entry {index}: missing")
        return value

    def perhaps(self, index: int) -> bytes | None:
        """Return the row of ``index`` if there is one; raise StoreDamaged for one before it that nobody asked for."""
        row, key = self._row, self._prefix + index.to_bytes(8, "big")
        if row is None or row[0] > key:
            return None
        if row[0] != key:
            raise self._stray(row[0])
        self._row = next(self._rows, None)
        return row[1]

    @property
    def left(self) -> bool:
        """Whether rows are left."""
        return self._row is not None

    def finish(self) -> None:
        """Raise StoreDamaged if a row is left."""
        if self._row is not None:
            raise self._stray(self._row[0])

    def _stray(self, key: bytes) -> StoreDamaged:
        return StoreDamaged(f"{self._what} under {key[1:].hex()}: belongs to no entry")


class _Naming:
    """Turns any refusal inside into StoreDamaged that names ``what``."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, cls: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, LedgerError):
            raise StoreDamaged(f"{self._what}: {error}") from None


class _Walk:
    """One pass over the batches in index order."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._state: LogState | None = None
        self._range = CompactRange()
        self._levels: list[list[Hash]] = [[]]
        self._numbers: list[int] = [0]
        self._tiles = self._batch_rows = self._payloads = self._boxes = 0
        kinds = (schema.ENTRIES, schema.PAYLOADS, schema.SHREDS, schema.QUEUE)
        self._entry, self._payload, self._shred, self._queued = (_Rows(store, prefix) for prefix in kinds)

    @property
    def size(self) -> int:
        """Entries walked."""
        return self._range.size

    def take(self) -> bool:
        """Check the next batch and everything stored beside it; return False after the last."""
        first = self.size
        found = self._store.get(schema.batch_key(first))
        if found is None:
            if self._entry.left:
                raise StoreDamaged(f"batch row at {first}: missing")
            return False
        with _Naming(f"batch row at {first}"):
            stored = rows.read_batch_row(found)
        leaves = [self._entry(index) for index in range(first, first + stored.count)]
        with _Naming(f"batch at {first}"):
            batch = decode_batch(leaves)
            previous, key_index = ZERO_HASH, 0
            if self._state is None:
                self._state = LogState.open(batch)
            else:
                source = self._state.source(batch.source_id)
                previous, key_index = source.previous, source.key_index
                self._state.replay(batch)
        if stored != rows.BatchRow(batch.source_id, batch.first_sequence, batch.count, key_index, previous):
            raise StoreDamaged(f"batch row at {first}: not what the leaves say")
        chain = schema.chain_key(batch.source_id, batch.first_sequence)
        self._same(chain, first.to_bytes(8, "big"), f"chain row of the batch at {first}")
        self._batch_rows += 1
        self._check_payloads(first, batch)
        self._range.extend(batch.leaf_hashes)
        self._check_tiles(batch)
        return True

    def _stored(self, key: bytes, what: str) -> bytes:
        value = self._store.get(key)
        if value is None:
            raise StoreDamaged(f"{what}: missing")
        return value

    def _same(self, key: bytes, expected: bytes, what: str) -> None:
        if self._store.get(key) != expected:
            raise StoreDamaged(f"{what}: missing or not what the leaves say")

    def _check_payloads(self, first: int, batch: Batch) -> None:
        digest, found = ZERO_HASH, 0
        for index, leaf in enumerate(batch.leaves, first):
            if leaf.disclosed is None:
                continue
            payload, shred, queued = self._payload(index), self._shred(index), self._queued.perhaps(index)
            if sha256(payload) != leaf.disclosed.payload_digest:
                raise StoreDamaged(f"payload of entry {index}: its digest is not the leaf's")
            with _Naming(f"payload of entry {index}"):
                check_shred(check_payload_size(payload), shred)
            if queued is not None and len(queued) <= rows.QUEUE_OVERHEAD:
                raise StoreDamaged(f"lookup queue row of entry {index}: too short to open")
            found += 1
        what = f"sealed keys of the batch at {first}"
        if found:
            boxes = self._stored(schema.sealed_keys_key(first), what)
            with _Naming(what):
                digest = sealed_keys_digest(rows.read_sealed_keys(boxes))
            self._boxes += 1
        if digest != batch.seal.sealed_keys_digest:
            raise StoreDamaged(f"{what}: their digest is not the seal's")
        self._payloads += found

    def _check_tiles(self, batch: Batch) -> None:
        level = 0
        carried = list(batch.leaf_hashes)
        while carried:
            if level == len(self._levels):
                self._levels.append([])
                self._numbers.append(0)
            held = self._levels[level]
            below, carried = carried, []
            for item in below:
                held.append(item)
                if len(held) == TILE:
                    carried.append(self._full_tile(level, held))
                    held.clear()
            level += 1

    def _full_tile(self, level: int, held: list[Hash]) -> Hash:
        number = self._numbers[level]
        self._numbers[level] += 1
        self._same(schema.tile_key(level, number), b"".join(held), f"tile {number} of level {level}")
        self._tiles += 1
        return tree_root(held)

    def finish(self) -> Checked:
        """Compare what the whole walk adds up to with checkpoint and state, and look for rows nobody wrote."""
        state = self._state
        if state is None:
            raise StoreDamaged("batch row at 0: missing")
        note = self._stored(schema.meta_key("checkpoint"), "checkpoint")
        with _Naming("checkpoint"):
            vkey = VKey.parse(state.governing.checkpoint_vkey)
            checkpoint = open_checkpoint(note, vkey, state.governing.origin).checkpoint
        if (checkpoint.size, checkpoint.root) != (self.size, self._range.root()):
            raise StoreDamaged("checkpoint: signs another size or root than the entries give")
        for kept in (self._entry, self._payload, self._shred, self._queued):
            kept.finish()
        self._check_state(state)
        self._check_counts(state)
        return Checked(self.size, self._payloads, checkpoint.root)

    def _check_state(self, state: LogState) -> None:
        self._same(schema.meta_key("format"), schema.FORMAT, "format")
        self._same(schema.meta_key("governing"), rows.write_governing(state.governing), "governing row")
        for name, digest in (
            ("witness_policy", state.governing.witness_policy_digest),
            ("sealing_policy", state.governing.sealing_policy_digest),
        ):
            if sha256(self._stored(schema.meta_key(name), name)) != digest:
                raise StoreDamaged(f"{name}: not the file whose digest is in the log")
        for source in state.sources.values():
            self._same(schema.source_key(source.source_id), rows.write_source(source), f"row of {source.source_id}")
        for auditor in state.auditors.values():
            self._same(schema.auditor_key(auditor.index), rows.write_auditor(auditor), f"auditor {auditor.index}")
        for level in range(1, len(self._levels)):
            if self._levels[level]:
                number = self._numbers[level]
                partial = b"".join(self._levels[level])
                self._same(schema.tile_key(level, number), partial, f"tile {number} of level {level}")
                self._tiles += 1

    def _check_counts(self, state: LogState) -> None:
        """Look for rows beside those that were compared one by one."""
        expected = {
            schema.META: len(SETTINGS),
            schema.SOURCES: len(state.sources),
            schema.AUDITORS: len(state.auditors),
            schema.BATCHES: self._batch_rows,
            schema.CHAINS: self._batch_rows,
            schema.SEALED_KEYS: self._boxes,
            schema.TILES: self._tiles,
        }
        for prefix, count in expected.items():
            if sum(1 for _ in self._store.range(prefix, schema.after(prefix))) != count:
                raise StoreDamaged(f"rows under {prefix.decode()}: more than the leaves account for")
        prefixes = sorted(schema.KINDS)
        between = [(b"", prefixes[0]), *((schema.after(a), b) for a, b in pairwise(prefixes))]
        for begin, end in (*between, (schema.after(prefixes[-1]), None)):
            if next(self._store.range(begin, end), None) is not None:
                raise StoreDamaged("rows under no known prefix: more than the leaves account for")
