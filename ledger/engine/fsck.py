"""Recomputes everything from the stored bytes and names the first thing that is wrong.

Leaves give hashes, tiles, root, seals, chains and state; payloads, shreds and boxes are held against the leaves; rows
that nothing accounts for are wrong too. A row of the lookup queue is the mapper's to open and to take away: here it
only has to belong to a disclosure.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from ledger.core import bodies
from ledger.core.batch import Batch, decode_batch
from ledger.core.chain import LogState
from ledger.core.checkpoint import open_checkpoint
from ledger.core.encoding import ZERO_HASH, Hash, sha256
from ledger.core.errors import LedgerError, StoreDamaged
from ledger.core.merkle import CompactRange, tree_root
from ledger.core.note import VKey
from ledger.core.sealed import check_payload_size, check_shred
from ledger.core.sealed_keys import sealed_keys_digest
from ledger.core.statement import decode_leaf
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
    for batch in _batches(store):
        walk.take(batch)
        progress(walk.size)
    return walk.finish()


def _batches(store: Store) -> Iterator[list[bytes]]:
    """Yield the stored leaves batch by batch, indexes without gaps."""
    expected = 0
    leaves: list[bytes] = []
    for key, leaf in store.range(schema.ENTRIES, schema.after(schema.ENTRIES)):
        if key != schema.entry_key(expected):
            raise StoreDamaged(f"entry {expected}: missing")
        expected += 1
        leaves.append(leaf)
        with _Naming(f"entry {expected - 1}"):
            sealed = decode_leaf(leaf).statement.seal is not None
        if sealed:
            yield leaves
            leaves = []
    if leaves:
        raise StoreDamaged(f"entry {expected - 1}: its batch has no end")


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

    @property
    def size(self) -> int:
        """Entries walked."""
        return self._range.size

    def take(self, leaves: list[bytes]) -> None:
        """Check the next batch and everything stored beside it."""
        first = self.size
        with _Naming(f"batch at {first}"):
            batch = decode_batch(leaves)
            previous, key_index = ZERO_HASH, 0
            if self._state is None:
                self._state = LogState.open(batch)
            else:
                source = self._state.source(batch.source_id)
                previous, key_index = source.previous, source.key_index
                self._state.replay(batch)
        row = rows.BatchRow(batch.source_id, batch.first_sequence, batch.count, key_index, previous)
        self._same(schema.batch_key(first), rows.write_batch_row(row), f"batch row at {first}")
        chain = schema.chain_key(batch.source_id, batch.first_sequence)
        self._same(chain, first.to_bytes(8, "big"), f"chain row of the batch at {first}")
        self._batch_rows += 1
        self._check_payloads(first, batch)
        self._range.extend(batch.leaf_hashes)
        self._check_tiles(batch)

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
        for position, leaf in enumerate(batch.leaves):
            body = leaf.statement.body
            if not isinstance(body, bodies.Disclosure):
                continue
            index = first + position
            payload = self._stored(schema.payload_key(index), f"payload of entry {index}")
            shred = self._stored(schema.shred_key(index), f"shred of entry {index}")
            if sha256(payload) != body.payload_digest:
                raise StoreDamaged(f"payload of entry {index}: its digest is not the leaf's")
            with _Naming(f"payload of entry {index}"):
                check_shred(check_payload_size(payload), shred)
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
            raise StoreDamaged("entry 0: missing")
        note = self._stored(schema.meta_key("checkpoint"), "checkpoint")
        with _Naming("checkpoint"):
            vkey = VKey.parse(state.governing.checkpoint_vkey)
            checkpoint = open_checkpoint(note, vkey, state.governing.origin).checkpoint
        if (checkpoint.size, checkpoint.root) != (self.size, self._range.root()):
            raise StoreDamaged("checkpoint: signs another size or root than the entries give")
        self._check_state(state)
        self._check_queue()
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

    def _check_queue(self) -> None:
        for key, value in self._store.range(schema.QUEUE, schema.after(schema.QUEUE)):
            index = schema.index_of(key)
            if key != schema.queue_key(index) or self._store.get(schema.payload_key(index)) is None:
                raise StoreDamaged(f"lookup queue row {key[1:].hex()}: belongs to no disclosure")
            if len(value) <= rows.QUEUE_OVERHEAD:
                raise StoreDamaged(f"lookup queue row of entry {index}: too short to open")

    def _check_counts(self, state: LogState) -> None:
        """Look for rows beside those that were compared one by one."""
        expected = {
            schema.META: len(SETTINGS),
            schema.SOURCES: len(state.sources),
            schema.AUDITORS: len(state.auditors),
            schema.BATCHES: self._batch_rows,
            schema.CHAINS: self._batch_rows,
            schema.PAYLOADS: self._payloads,
            schema.SHREDS: self._payloads,
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
