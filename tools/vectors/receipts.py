"""Receipts of the small log."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, cast

from ledger.core.checkpoint import Checkpoint, cosign, sign_checkpoint
from ledger.core.encoding import Hash
from ledger.core.merkle import leaf_hash, tree_root
from ledger.core.note import Note, SigningKey
from ledger.core.policy import Policy, verify_quorum
from ledger.core.proof import prove_inclusion
from ledger.core.receipt import ReceiptExtra, format_receipt, verify_receipt
from vectors import seeds
from vectors.history import Logged, history
from vectors.log import checkpoint
from vectors.plain import Json, case
from vectors.proving import fetch_from

VKEY: Final = seeds.LOG_KEY.vkey()
OTHER: Final = SigningKey(seeds.ORIGIN, seeds.secret_key("later checkpoint key"))
_INDEXES: Final = {
    "index 0": 0,
    "the ledger's own, an AUDITOR_ADDED": 2,
    "the source's, alone in its batch": 3,
    "the source's, first of two": 4,
    "the source's after its key changed, third of five": 9,
    "the source's, last of five": 11,
    "the source's under a forced key": 13,
}


def receipts() -> Json:
    """Return receipts and what they prove."""
    return {
        "description": [
            (
                "receipt: a C2SP tlog-proof whose extra is a serialised ledger.v1.ReceiptExtra "
                "(protos/ledger/v1/receipt.proto); extra shows its fields by name, hashes and bytes in hex."
            ),
            (
                "Verify the checkpoint under vkey; log_opened at index 0 (its hash is the log id, its origin the "
                "checkpoint's); leaf at the receipt's index; key_statement at its own index, which is lower, and that "
                "it names the leaf's source, or is LOG_OPENED for the ledger."
            ),
            (
                "Then take the root from the leaf without its seal by batch_path at position sequence - "
                "first_sequence, which is below count, and verify the seal over signed_bytes of batches.json. The "
                "leaf has that seal exactly if it is the last of its batch."
            ),
            (
                "At index 0 the key statement's fields are empty, previous is zeros, log_opened is the leaf, the keys "
                "are LOG_OPENED's, and zeros stand for log id and key statement."
            ),
            (
                "proves: what a verifier reports. forced: the key statement is a SOURCE_KEY_CHANGED without "
                "old_key_signatures. log_key_changed: LOG_OPENED names another checkpoint key than vkey. "
                "batch_digest: SHA-256(signed_bytes). timestamps: cosignatures by the policy's witness names."
            ),
            (
                "refused: files that must not verify under the vkey at the top; where policy is true, what fails is "
                "the quorum of the policy."
            ),
        ],
        "vkey": VKEY.format(),
        "policy": seeds.WITNESS_POLICY.decode(),
        "cases": [
            *(_receipt(name, index) for name, index in _INDEXES.items()),
            _receipt("of a smaller tree", 3, 4),
            _cosigned(),
            _receipt("under a checkpoint key that LOG_OPENED does not name", 3, key=OTHER),
        ],
    }


def _logged(index: int) -> Logged:
    return next(item for item in reversed(history().logged) if item.first <= index)


def path_to(hashes: Sequence[Hash], index: int) -> tuple[Hash, ...]:
    """Return the audit path of a leaf of the tree of all ``hashes``."""
    return prove_inclusion(index, len(hashes), fetch_from(hashes))


def extra_of(index: int, size: int) -> ReceiptExtra:
    """Return what the receipt of an entry carries in the tree of ``size`` leaves."""
    entries, logged = history(), _logged(index)
    batch, hashes = logged.batch, entries.leaf_hashes[:size]
    at = logged.key_index
    unsealed = [leaf_hash(leaf.unsealed) for leaf in batch.leaves]
    return ReceiptExtra(
        entries.leaves[index],
        batch.seal,
        path_to(unsealed, index - logged.first),
        batch.first_sequence,
        batch.count,
        logged.binding.previous,
        entries.leaves[at] if index else b"",
        at,
        path_to(hashes, at) if index else (),
        entries.leaves[0],
        path_to(hashes, 0),
    )


def file(index: int, size: int = 0, note: bytes = b"", key: SigningKey = seeds.LOG_KEY, **changes: object) -> bytes:
    """Return the receipt of an entry, by default of the whole log, with ``changes`` in its extra."""
    hashes = history().leaf_hashes[: size or None]
    extra = replace(extra_of(index, len(hashes)), **cast(Any, changes))
    signed = sign_checkpoint(Checkpoint(seeds.ORIGIN, len(hashes), tree_root(hashes)), key)
    return format_receipt(index, path_to(hashes, index), note or signed.note.format(), extra)


def _receipt(name: str, index: int, size: int = 0, key: SigningKey = seeds.LOG_KEY) -> Json:
    return _verified(name, file(index, size, key=key), key)


def _verified(name: str, receipt: bytes, key: SigningKey, **more: object) -> Json:
    proven = verify_receipt(receipt, key.vkey())
    statement = proven.statement
    return case(
        name,
        vkey=key.vkey().format(),
        receipt=receipt.decode(),
        extra=extra_of(proven.index, proven.checkpoint.checkpoint.size),
        proves={
            "index": proven.index,
            "leaf_hash": proven.leaf_hash,
            "log_id": proven.log_id,
            "size": proven.checkpoint.checkpoint.size,
            "root": proven.checkpoint.checkpoint.root,
            "source_id": statement.source_id,
            "sequence": statement.sequence,
            "recorded_at": statement.recorded_at,
            "keys": proven.keys,
            "forced": proven.forced,
            "log_key_changed": proven.log_key_changed,
            "batch_digest": proven.batch_digest,
        },
        **more,
    )


def witnessed(count: int) -> bytes:
    """The log's last checkpoint with cosignatures."""
    note = Note.parse(checkpoint(history().leaf_hashes))
    for number, witness in enumerate(seeds.WITNESSES[:count]):
        note = note.with_signature(cosign(Checkpoint.parse(note.text), seeds.WITNESS_TIME + number, witness))
    return note.format()


def _cosigned() -> Json:
    receipt = file(5, note=witnessed(2))
    cosigned = verify_quorum(verify_receipt(receipt, VKEY).checkpoint, Policy.parse(seeds.WITNESS_POLICY))
    return _verified("cosigned by two witnesses of three", receipt, seeds.LOG_KEY, timestamps=cosigned.timestamps)
