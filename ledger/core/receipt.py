"""The receipt: stand-alone evidence that an entry is in the log, who signed it, and where in its chain (protocol §11).

A receipt is a C2SP tlog-proof whose ``extra`` carries the leaf, its batch's seal and path, the key statement and
LOG_OPENED, all under the one checkpoint. It needs the log's verifier key and, to be more than the operator's word,
the witness policy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.message import DecodeError

from ledger.core import bodies, mirror
from ledger.core.batch import OPENING, Binding, signed_bytes
from ledger.core.checkpoint import SignedCheckpoint, open_checkpoint
from ledger.core.encoding import ZERO_HASH, Hash, sha256
from ledger.core.errors import InvalidInput, Uncheckable, VerificationFailed
from ledger.core.merkle import leaf_hash
from ledger.core.note import VKey
from ledger.core.proof import root_from_inclusion, verify_inclusion
from ledger.core.rules import LEDGER
from ledger.core.signing import PublicKey, verify_each
from ledger.core.statement import Leaf, Seal, Statement, decode_leaf
from ledger.core.tlogproof import TlogProof, join_proof
from ledger.v1 import receipt_pb2

MAX_EXTRA: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class ReceiptExtra:
    """The ``extra`` line of a receipt, mirroring protos/ledger/v1/receipt.proto."""

    leaf: bytes
    seal: Seal
    batch_path: tuple[Hash, ...]
    first_sequence: int
    count: int
    previous: Hash
    key_statement: bytes
    key_statement_index: int
    key_statement_path: tuple[Hash, ...]
    log_opened: bytes
    log_opened_path: tuple[Hash, ...]

    def encode(self) -> bytes:
        """Return the canonical bytes."""
        return mirror.write(self, receipt_pb2.ReceiptExtra()).SerializeToString(deterministic=True)

    @classmethod
    def decode(cls, data: bytes) -> "ReceiptExtra":
        """Decode strictly; raise InvalidInput for anything that does not encode back to the same bytes."""
        if len(data) > MAX_EXTRA:
            raise InvalidInput("extra", f"must be at most {MAX_EXTRA} bytes")
        message = receipt_pb2.ReceiptExtra()
        try:
            message.ParseFromString(data)
        except DecodeError:
            raise InvalidInput("extra", "does not parse") from None
        message.DiscardUnknownFields()
        if message.SerializeToString(deterministic=True) != data:
            raise InvalidInput("extra", "is not in canonical form")
        return mirror.read(cls, message)


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """What a receipt proves: ``statement`` is entry ``index`` of log ``log_id`` under ``checkpoint``.

    ``forced``: the source's key was exchanged without the old key's signature. ``log_key_changed``: the checkpoint is
    signed by another key than the one the log opened with. ``batch_digest``: SHA-256 of what the batch's seal signs,
    which the source's next batch names as its previous one.
    """

    index: int
    leaf_hash: Hash
    statement: Statement
    log_id: Hash
    opened: bodies.LogOpened
    keys: tuple[PublicKey, ...]
    forced: bool
    log_key_changed: bool
    checkpoint: SignedCheckpoint
    batch_digest: Hash


class ReceiptWriter:
    """Writes the receipts of one batch under one checkpoint: all but leaf, place and paths is the same in each."""

    def __init__(self, checkpoint: bytes, common: ReceiptExtra) -> None:
        self._checkpoint, self._message = checkpoint, mirror.write(common, receipt_pb2.ReceiptExtra())
        TlogProof(0, (), checkpoint, self._message.SerializeToString(deterministic=True)).format()

    def write(self, index: int, path: Sequence[Hash], leaf: bytes, batch_path: Sequence[Hash]) -> bytes:
        """Return the receipt file of ``leaf`` at ``index``; ``path`` and ``batch_path`` are verified audit paths."""
        message: Any = self._message
        message.leaf = leaf
        del message.batch_path[:]
        message.batch_path.extend(batch_path)
        return join_proof(index, path, self._checkpoint, message.SerializeToString(deterministic=True))


def format_receipt(index: int, path: Sequence[Hash], checkpoint: bytes, extra: ReceiptExtra) -> bytes:
    """Return the bytes of a receipt file."""
    return TlogProof(index, tuple(path), checkpoint, extra.encode()).format()


def verify_receipt(data: bytes, log: VKey, origin: str | None = None) -> VerifiedReceipt:
    """Return what a receipt proves under the log's verifier key.

    Raises:
        InvalidInput: malformed.
        VerificationFailed: a signature, path or statement contradicts what the receipt claims.
        Uncheckable: a statement says something that this release does not know.
    """
    proof = TlogProof.parse(data)
    extra = ReceiptExtra.decode(proof.extra)
    signed = open_checkpoint(proof.checkpoint, log, origin)
    return verify_parts(proof, extra, signed, log)


def verify_parts(proof: TlogProof, extra: ReceiptExtra, signed: SignedCheckpoint, log: VKey) -> VerifiedReceipt:
    """Return what a parsed receipt proves under its already verified checkpoint."""
    checkpoint = signed.checkpoint
    opened_leaf = decode_leaf(extra.log_opened)
    log_id = leaf_hash(extra.log_opened)
    opened = opened_leaf.statement.body
    if not isinstance(opened, bodies.LogOpened):
        raise VerificationFailed("log_opened: is another statement")
    verify_inclusion(log_id, 0, checkpoint.size, extra.log_opened_path, checkpoint.root)
    if opened.origin != checkpoint.origin:
        raise VerificationFailed("log_opened: opens a log of another origin than the checkpoint's")
    leaf = decode_leaf(extra.leaf)
    hashed = leaf_hash(extra.leaf)
    verify_inclusion(hashed, proof.index, checkpoint.size, proof.path, checkpoint.root)
    keys, forced, binding = _key_statement(proof, extra, checkpoint.size, checkpoint.root, leaf, log_id, opened)
    digest = _verify_batch(extra, leaf, binding, keys)
    return VerifiedReceipt(
        proof.index,
        hashed,
        leaf.statement,
        log_id,
        opened,
        keys,
        forced,
        opened.checkpoint_vkey != log.format(),
        signed,
        digest,
    )


def _key_statement(
    proof: TlogProof,
    extra: ReceiptExtra,
    size: int,
    root: Hash,
    leaf: Leaf,
    log_id: Hash,
    opened: bodies.LogOpened,
) -> tuple[tuple[PublicKey, ...], bool, Binding]:
    """Return the keys that sealed the leaf's batch, whether they were forced, and what the seal binds."""
    if proof.index == 0:
        if extra.key_statement or extra.key_statement_index or extra.key_statement_path:
            raise VerificationFailed("key_statement: index 0 has none")
        if extra.previous != ZERO_HASH:
            raise VerificationFailed("previous: index 0 has none")
        return opened.ledger_keys, False, OPENING
    if extra.key_statement_index >= proof.index:
        raise VerificationFailed("key_statement: must lie below the receipt's index")
    hashed = leaf_hash(extra.key_statement)
    verify_inclusion(hashed, extra.key_statement_index, size, extra.key_statement_path, root)
    statement = decode_leaf(extra.key_statement).statement
    binding = Binding(log_id, hashed, extra.previous)
    body = statement.body
    if isinstance(body, bodies.KeyChanged):
        raise Uncheckable("key_statement: changed ledger keys are not known to this release")
    if hashed == log_id and leaf.statement.source_id == LEDGER:
        return opened.ledger_keys, False, binding
    if (
        not isinstance(body, bodies.SourceEnrolled | bodies.SourceKeyChanged)
        or body.source_id != leaf.statement.source_id
    ):
        raise VerificationFailed("key_statement: does not name the leaf's source")
    forced = isinstance(body, bodies.SourceKeyChanged) and not body.old_key_signatures
    return body.keys, forced, binding


def _verify_batch(extra: ReceiptExtra, leaf: Leaf, binding: Binding, keys: tuple[PublicKey, ...]) -> Hash:
    statement = leaf.statement
    position = statement.sequence - extra.first_sequence
    if not 0 <= position < extra.count:
        raise VerificationFailed("sequence: lies outside the batch")
    last = position == extra.count - 1
    if (statement.seal is not None) != last or (last and statement.seal != extra.seal):
        raise VerificationFailed("seal: stands on the last statement of the batch, and there only")
    root = root_from_inclusion(leaf_hash(leaf.unsealed), position, extra.count, extra.batch_path)
    message = signed_bytes(
        binding,
        statement.source_id,
        extra.first_sequence,
        extra.count,
        root,
        extra.seal.sealed_keys_digest,
    )
    verify_each(keys, message, extra.seal.signatures, "seal")
    return sha256(message)
