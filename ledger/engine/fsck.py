"""Recomputes everything from the stored bytes and names the first thing that is wrong.

Leaves give hashes, tiles, root, seals, chains and state; payloads, shreds and boxes are held against the leaves; rows
that nothing accounts for are wrong too. A row of the lookup queue is the mapper's to open and to take away: here it
only has to belong to an entry that keys can have come with. A payload is missing rightly where an ERASURE says so.
"""

from bisect import bisect_right
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from operator import itemgetter
from typing import Final

from ledger.core import bodies
from ledger.core.batch import MAX_BATCH, Batch, decode_batch
from ledger.core.chain import LogState
from ledger.core.checkpoint import Checkpoint, open_checkpoint
from ledger.core.encoding import HASH_SIZE, ZERO_HASH, Hash, sha256, sha256_each
from ledger.core.errors import LedgerError, StoreDamaged
from ledger.core.merkle import CompactRange
from ledger.core.note import Note, VKey
from ledger.core.policy import Policy
from ledger.core.rules import LEDGER
from ledger.core.sealed import check_payload_size, check_shred, check_shreds
from ledger.core.sealed_keys import sealed_keys_digest
from ledger.engine import rows, schema
from ledger.engine.cosigned import open_cosigned
from ledger.engine.erasing import overwritten
from ledger.engine.fsck_lives import LivesWalk, has_keys
from ledger.engine.store import Store
from ledger.engine.tiles import TileTree

HEIGHT: Final = 8
TILE: Final = 1 << HEIGHT
SETTINGS: Final = ("format", "governing", "checkpoint", "witness_policy", "sealing_policy")
PERHAPS: Final = ("cosigned", "erasing")


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
    """The rows under one prefix, in step with the places that the walk comes by: indexes of 8 bytes, ascending.

    Rows in ``gone`` count as deleted.
    """

    def __init__(self, store: Store, prefix: bytes, gone: Container[bytes]) -> None:
        self._what, self._prefix = schema.KINDS[prefix], prefix
        self._rows = (row for row in store.range(prefix, schema.after(prefix)) if row[0] not in gone)
        self._ahead: list[tuple[bytes, bytes]] = []

    def require(self, places: Sequence[bytes]) -> list[bytes]:
        """Return the values at ``places``; raise StoreDamaged for the first missing, or one that nobody asked for."""
        keys, found = self._upto(places)
        if [key for key, _ in found] != keys:
            wrong = min({key for key, _ in found}.symmetric_difference(keys))
            if wrong in keys:
                raise StoreDamaged(f"{self._what} of entry {schema.index_of(wrong)}: missing")
            raise self._stray(wrong)
        return [value for _, value in found]

    def perhaps(self, places: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
        """Return those rows at ``places`` that there are; raise StoreDamaged for one that nobody asked for."""
        keys, found = self._upto(places)
        strays = {key for key, _ in found}.difference(keys)
        if strays:
            raise self._stray(min(strays))
        return found

    def _upto(self, places: Sequence[bytes]) -> tuple[list[bytes], list[tuple[bytes, bytes]]]:
        """Return the keys of ``places``, and as many rows at least as show whether others stand up to the last one."""
        if not places:
            return [], []
        keys = [self._prefix + place for place in places]
        read = [*self._ahead, *islice(self._rows, max(0, len(keys) - len(self._ahead)))]
        end = bisect_right(read, keys[-1], key=itemgetter(0))
        self._ahead = read[end:]
        return keys, read[:end]

    @property
    def left(self) -> bool:
        """Whether rows are left."""
        self._ahead += islice(self._rows, 1)
        return bool(self._ahead)

    def finish(self) -> None:
        """Raise StoreDamaged if a row is left."""
        if self.left:
            raise self._stray(self._ahead[0][0])

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


def _check_shreds(places: Sequence[bytes], payloads: Sequence[bytes], shreds: Sequence[bytes]) -> None:
    """Check sizes and shreds as columns; if they are refused, name the first entry that is."""
    try:
        for payload in {len(payload): payload for payload in payloads}.values():
            check_payload_size(payload)
        check_shreds(payloads, shreds)
    except LedgerError:
        refused = [*_refused(places, payloads, shreds)]
        raise refused[0] from None


def _refused(places: Sequence[bytes], payloads: Sequence[bytes], shreds: Sequence[bytes]) -> Iterator[StoreDamaged]:
    for place, payload, shred in zip(places, payloads, shreds, strict=True):
        try:
            check_shred(check_payload_size(payload), shred)
        except LedgerError as error:
            yield StoreDamaged(f"payload of entry {schema.index_of(place)}: {error}")


class _Walk:
    """One pass over the batches in index order."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._state: LogState | None = None
        self._range = CompactRange()
        self._levels: list[list[Hash]] = [[]]
        self._numbers: list[int] = [0]
        self._tiles = self._batch_rows = self._payloads = self._boxes = 0
        self._anchors: list[tuple[int, Checkpoint]] = []
        gone = overwritten(store)
        kinds = (schema.ENTRIES, schema.PAYLOADS, schema.SHREDS, schema.QUEUE)
        self._entry, self._payload, self._shred, self._queued = (_Rows(store, prefix, gone) for prefix in kinds)
        self._lives = LivesWalk(store, gone)
        self._life = _Rows(store, schema.LIVES, gone)

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
        if not 0 < stored.count <= MAX_BATCH:
            raise StoreDamaged(f"batch row at {first}: count: must be 1 to {MAX_BATCH}")
        places = [index.to_bytes(8, "big") for index in range(first, first + stored.count)]
        leaves = self._entry.require(places)
        with _Naming(f"batch at {first}"):
            batch = decode_batch(leaves)
            previous, key_index = ZERO_HASH, 0
            if self._state is None:
                self._state = LogState.open(batch)
            else:
                source = self._state.source(batch.source_id)
                previous, key_index = source.previous, source.key_index
                self._lives.check(first, self._state.replay(batch, self._lives.find(first)))
        if stored != rows.BatchRow(batch.source_id, batch.first_sequence, batch.count, key_index, previous):
            raise StoreDamaged(f"batch row at {first}: not what the leaves say")
        chain = schema.chain_key(batch.source_id, batch.first_sequence)
        self._same(chain, first.to_bytes(8, "big"), f"chain row of the batch at {first}")
        self._batch_rows += 1
        for index, leaf in enumerate(batch.leaves if batch.source_id == LEDGER else (), first):
            if isinstance(leaf.statement.body, bodies.Anchor):
                self._anchors.append((index, Checkpoint.parse(Note.parse(leaf.statement.body.checkpoint).text)))
        self._check_payloads(places, batch)
        self._check_tiles(self._range.extend(batch.leaf_hashes))
        return True

    def _stored(self, key: bytes, what: str) -> bytes:
        value = self._store.get(key)
        if value is None:
            raise StoreDamaged(f"{what}: missing")
        return value

    def _same(self, key: bytes, expected: bytes, what: str) -> None:
        if self._store.get(key) != expected:
            raise StoreDamaged(f"{what}: missing or not what the leaves say")

    def _check_payloads(self, places: Sequence[bytes], batch: Batch) -> None:
        leaves = list(zip(places, batch.leaves, strict=True))
        erased = self._lives.take(self._life.perhaps(places), batch, self.size)
        sealed = [(place, roots.payload_digest) for place, leaf in leaves if (roots := leaf.roots) is not None]
        what, digest = f"sealed keys of the batch at {self.size}", ZERO_HASH
        if sealed:
            boxes = self._stored(schema.sealed_keys_key(self.size), what)
            with _Naming(what):
                digest = sealed_keys_digest(rows.read_sealed_keys(boxes))
            self._boxes += 1
        if digest != batch.seal.sealed_keys_digest:
            raise StoreDamaged(f"{what}: their digest is not the seal's")
        kept = [(place, digest) for place, digest in sealed if place not in erased] if erased else sealed
        if kept:
            self._check_attached(*zip(*kept, strict=True))
        self._payloads += len(kept)
        queued = [place for place, leaf in leaves if leaf.is_plain or has_keys(leaf.statement.body)]
        for key, row in self._queued.perhaps(queued):
            if len(row) <= rows.QUEUE_OVERHEAD:
                raise StoreDamaged(f"lookup queue row of entry {schema.index_of(key)}: too short to open")

    def _check_attached(self, places: Sequence[bytes], digests: Sequence[bytes]) -> None:
        payloads, shreds = self._payload.require(places), self._shred.require(places)
        for place, found, expected in zip(places, sha256_each(payloads), digests, strict=True):
            if found != expected:
                raise StoreDamaged(f"payload of entry {schema.index_of(place)}: its digest is not the leaf's")
        _check_shreds(places, payloads, shreds)

    def _check_tiles(self, completed: Sequence[Sequence[Hash]]) -> None:
        """Compare the tiles that are full now; ``completed`` are the perfect subtrees new with the batch, by level."""
        for level, subtrees in enumerate(completed[::HEIGHT]):
            if level == len(self._levels):
                self._levels.append([])
                self._numbers.append(0)
            held = self._levels[level]
            held.extend(subtrees)
            while len(held) >= TILE:
                number = self._numbers[level]
                self._numbers[level] += 1
                self._same(schema.tile_key(level, number), b"".join(held[:TILE]), f"tile {number} of level {level}")
                self._tiles += 1
                del held[:TILE]

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
        for kept in (self._entry, self._payload, self._shred, self._queued, self._life):
            kept.finish()
        self._lives.finish()
        self._check_state(state)
        self._check_deposits(state)
        self._check_cosigned(state, vkey)
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

    def _check_deposits(self, state: LogState) -> None:
        for key, box in self._store.range(schema.DEPOSITS, schema.after(schema.DEPOSITS)):
            deposited = rows.read_deposit(key, box)
            batch = key[1:-HASH_SIZE]
            if deposited.key_id not in state.auditors or self._store.get(schema.SEALED_KEYS + batch) is None:
                raise StoreDamaged(f"deposited box under {batch.hex()}: of no batch with payloads, or no auditor")

    def _check_cosigned(self, state: LogState, vkey: VKey) -> None:
        """Hold what witnesses cosigned against the tree, whose tiles are those of the leaves by now."""
        tree = TileTree.load(self._store, self.size)
        for index, checkpoint in self._anchors:
            if tree.root_at(checkpoint.size) != checkpoint.root:
                raise StoreDamaged(f"ANCHOR at {index}: signs another root than the entries give")
        note = self._store.get(schema.meta_key("cosigned"))
        if note:
            policy = Policy.parse(self._stored(schema.meta_key("witness_policy"), "witness_policy"))
            with _Naming("cosigned checkpoint"):
                open_cosigned(note, vkey, state.governing.origin, policy, tree.root_at)

    def _check_counts(self, state: LogState) -> None:
        """Look for rows beside those that were compared one by one."""
        expected = {
            schema.META: len(SETTINGS) + sum(self._store.get(schema.meta_key(name)) is not None for name in PERHAPS),
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
