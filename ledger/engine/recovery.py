"""From a directory to a running log: the first start creates, every later one recovers, by the same code.

What was published is what the stored checkpoint says. Everything else is loaded, compared with it, and refused if it
does not fit.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ledger.core import bodies
from ledger.core.batch import OPENING, decode_batch, sign_batch
from ledger.core.chain import LogState
from ledger.core.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint, sign_checkpoint
from ledger.core.encoding import ZERO_HASH, Hash, sha256
from ledger.core.errors import InvalidInput, LedgerError, StoreDamaged
from ledger.core.merkle import leaf_hash
from ledger.core.policy import Policy
from ledger.core.rules import LEDGER
from ledger.core.sealing_policy import SealingPolicy
from ledger.core.statement import Statement
from ledger.engine import erasing, rows, schema
from ledger.engine.cosigned import CosignedTree, open_cosigned
from ledger.engine.guard import HighWater
from ledger.engine.sequencer import Keys, Sequencer
from ledger.engine.store import Store
from ledger.engine.tiles import TileTree


@dataclass(frozen=True, slots=True)
class Recovered:
    """A store whose parts agree: its tree, its state, and the checkpoint that was last published."""

    store: Store
    tree: TileTree
    state: LogState
    note: bytes
    sealing: SealingPolicy
    policy: Policy
    cosigned: CosignedTree | None


def create(
    path: Path,
    opened: bodies.LogOpened,
    keys: Keys,
    minute: int,
    witness_policy: bytes,
    sealing_policy: bytes,
) -> Recovered:
    """Create the store at ``path`` with LOG_OPENED as index 0, signed.

    Raises:
        InvalidInput: a policy or the checkpoint key is not the one that ``opened`` names.
        NotAuthenticated: the chain key is not.
        StoreDamaged: something is at ``path`` already.
    """
    if sha256(witness_policy) != opened.witness_policy_digest:
        raise InvalidInput("witness_policy_digest", "does not match the file")
    if sha256(sealing_policy) != opened.sealing_policy_digest:
        raise InvalidInput("sealing_policy_digest", "does not match the file")
    if keys.checkpoint.vkey().format() != opened.checkpoint_vkey:
        raise InvalidInput("checkpoint_vkey", "is not the checkpoint key's")
    Policy.parse(witness_policy)
    SealingPolicy.parse(sealing_policy)
    leaves = sign_batch([Statement(LEDGER, 0, minute, opened)], OPENING, ZERO_HASH, [keys.chain.sign])
    batch = decode_batch(leaves)
    state = LogState.open(batch)
    store = Store.open(path, create=True)
    tree = TileTree.load(store, 0)
    staged = tree.stage(batch.leaf_hashes)
    checkpoint = Checkpoint(opened.origin, staged.size, staged.root)
    note = sign_checkpoint(checkpoint, keys.checkpoint).note.format()
    row = rows.BatchRow(LEDGER, 0, 1, 0, ZERO_HASH)
    store.write(
        [
            (schema.entry_key(0), leaves[0]),
            (schema.batch_key(0), rows.write_batch_row(row)),
            (schema.chain_key(LEDGER, 0), (0).to_bytes(8, "big")),
            (schema.source_key(LEDGER), rows.write_source(state.sources[LEDGER])),
            (schema.meta_key("governing"), rows.write_governing(state.governing)),
            (schema.meta_key("witness_policy"), witness_policy),
            (schema.meta_key("sealing_policy"), sealing_policy),
            (schema.meta_key("checkpoint"), note),
            *staged.puts,
        ]
    )
    store.close()
    return recover(path, keys)


def recover(path: Path, keys: Keys) -> Recovered:
    """Open the store at ``path`` and return its parts; raise StoreDamaged, naming the part, unless they agree."""
    store = Store.open(path)
    try:
        return _load(store, keys)
    except LedgerError:
        store.close()
        raise


def _load(store: Store, keys: Keys) -> Recovered:
    governing = rows.read_governing(store.require(schema.meta_key("governing")))
    note = store.require(schema.meta_key("checkpoint"))
    signed = _own_checkpoint(note, keys, governing.origin)
    size = signed.checkpoint.size
    tree = TileTree.load(store, size)
    if tree.root != signed.checkpoint.root:
        raise StoreDamaged("checkpoint: the stored entries give another root; run ledgerctl fsck")
    if next(store.range(schema.entry_key(size), schema.after(schema.ENTRIES)), None) is not None:
        raise StoreDamaged("checkpoint: entries stand past it; run ledgerctl fsck")
    state = LogState(governing, size)
    for _, data in store.range(schema.SOURCES, schema.after(schema.SOURCES)):
        source = rows.read_source(data)
        state.sources[source.source_id] = source
    for _, data in store.range(schema.AUDITORS, schema.after(schema.AUDITORS)):
        auditor = rows.read_auditor(data)
        state.auditors[auditor.key_id] = auditor
    if LEDGER not in state.sources:
        raise StoreDamaged("source row: the ledger's own is missing")
    if state.sources[LEDGER].keys != (keys.chain.public,):
        raise StoreDamaged("source row: the ledger's keys are not the key given")
    erasing.finish(store)  # before a row that waits is opened: it may be overwritten
    _check_queue_key(store, keys.queue)
    policy = Policy.parse(_policy(store, "witness_policy", governing.witness_policy_digest))
    sealing = _policy(store, "sealing_policy", governing.sealing_policy_digest)
    cosigned = _cosigned(store, keys, governing.origin, policy, tree)
    return Recovered(store, tree, state, note, SealingPolicy.parse(sealing), policy, cosigned)


def _check_queue_key(store: Store, queue_key: bytes) -> None:
    """Raise StoreDamaged unless the key opens the first or the last row that waits: one row may be damaged itself."""
    last = store.last_before(schema.QUEUE, schema.after(schema.QUEUE))
    if last is None:
        return
    for key, row in (next(store.range(schema.QUEUE, None)), last):
        with suppress(StoreDamaged):
            entry = store.require(schema.entry_key(schema.index_of(key)))
            rows.open_lookup_keys(row, leaf_hash(entry), queue_key)
            return
    raise StoreDamaged("lookup queue: the queue key does not open it; put the right keys back")


def _policy(store: Store, name: str, digest: Hash) -> bytes:
    policy = store.require(schema.meta_key(name))
    if sha256(policy) != digest:
        raise StoreDamaged(f"{name}: does not match its digest in the log")
    return policy


def _cosigned(store: Store, keys: Keys, origin: str, policy: Policy, tree: TileTree) -> CosignedTree | None:
    note = store.get(schema.meta_key("cosigned"))
    if not note:
        return None
    try:
        return open_cosigned(note, keys.checkpoint.vkey(), origin, policy, tree.root_at)
    except LedgerError as error:
        raise StoreDamaged(f"cosigned checkpoint: not one of this log ({error}); run ledgerctl fsck") from None


def _own_checkpoint(note: bytes, keys: Keys, origin: str) -> SignedCheckpoint:
    try:
        return open_checkpoint(note, keys.checkpoint.vkey(), origin)
    except LedgerError as error:
        raise StoreDamaged(f"checkpoint: not signed by this log's key ({error})") from None


def start(
    recovered: Recovered,
    keys: Keys,
    guard: HighWater,
    clock: Callable[[], int],
    queue_bytes: int,
) -> Sequencer:
    """Start the writer; raise StoreBehind if the store is older than what this log has signed."""
    guard.check(recovered.tree.size, recovered.tree.root_at)
    return Sequencer(
        recovered.store,
        recovered.tree,
        recovered.state,
        recovered.sealing,
        recovered.policy,
        recovered.cosigned,
        keys,
        guard,
        recovered.note,
        clock,
        queue_bytes,
    )
