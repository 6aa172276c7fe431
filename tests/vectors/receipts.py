"""Receipts, end to end (protocol §11)."""

from dataclasses import dataclass

from tests.vectors import leaves, wire
from tests.vectors.basics import check_each, check_path, leaf_hash, require, root_from, sha256
from tests.vectors.batches import ZEROS, signed_bytes
from tests.vectors.notes import Checkpoint, Note, VKey, open_checkpoint, read_base64, read_decimal
from tests.vectors.wire import Message


@dataclass(frozen=True, slots=True)
class Verified:
    """What a receipt proves."""

    index: int
    leaf: bytes
    statement: Message
    keys: list[Message]
    log_id: bytes
    checkpoint: Checkpoint
    note: Note
    forced: bool
    log_key_changed: bool
    batch_digest: bytes


@dataclass(frozen=True, slots=True)
class File:
    """What a file holds, not yet verified."""

    index: int
    path: list[bytes]
    extra: Message
    note: Note


@dataclass(frozen=True, slots=True)
class Sealed:
    """Whose keys seal the leaf's batch, and what the seal binds."""

    keys: list[Message]
    log_id: bytes
    key_statement: bytes
    forced: bool = False


def verify(data: bytes, log: VKey) -> Verified:
    """Return what a receipt proves under a log's key."""
    file = read(data)
    index, extra = file.index, file.extra
    checkpoint = open_checkpoint(file.note, log)
    size, root = checkpoint.size, checkpoint.root
    log_id = leaf_hash(extra["log_opened"])
    opened = leaves.read(extra["log_opened"])["log_opened"]
    require(opened is not None and opened["origin"] == checkpoint.origin, "log_opened")
    check_path(log_id, 0, size, extra["log_opened_path"], root)
    statement = leaves.read(extra["leaf"])
    check_path(leaf_hash(extra["leaf"]), index, size, file.path, root)
    sealed = _sealed(index, extra, checkpoint, statement, log_id, opened)
    digest = _check_batch(extra, statement, sealed)
    changed = opened["checkpoint_vkey"] != log.format()
    return Verified(
        index,
        extra["leaf"],
        statement,
        sealed.keys,
        log_id,
        checkpoint,
        file.note,
        sealed.forced,
        changed,
        digest,
    )


def read(data: bytes) -> File:
    """Return what a receipt's file holds; raise Disproven where it is malformed."""
    head, blank, note = data.partition(b"\n\n")
    require(blank != b"" and head.isascii(), "empty line")
    lines = head.decode().split("\n")
    require(lines[0] == "c2sp.org/tlog-proof@v1" and len(lines) >= 3, "first line")
    require(lines[1].startswith("extra ") and lines[2].startswith("index "), "extra and index")
    extra, path = read_base64(lines[1][6:]), [read_base64(line) for line in lines[3:]]
    require(len(extra) <= 262_144 and len(path) <= 63, "size")
    message = wire.decode("ReceiptExtra", extra)
    leaves.check_fields("ReceiptExtra", message)
    return File(read_decimal(lines[2][6:]), path, message, Note.parse(note))


def _sealed(
    index: int, extra: Message, checkpoint: Checkpoint, statement: Message, log_id: bytes, opened: Message
) -> Sealed:
    if index == 0:
        require(not (extra["key_statement"] or extra["key_statement_index"] or extra["key_statement_path"]), "index 0")
        require(extra["previous"] == ZEROS and extra["leaf"] == extra["log_opened"], "index 0")
        return Sealed(opened["ledger_keys"], ZEROS, ZEROS)
    require(extra["key_statement_index"] < index, "key_statement_index")
    hashed = leaf_hash(extra["key_statement"])
    path = extra["key_statement_path"]
    check_path(hashed, extra["key_statement_index"], checkpoint.size, path, checkpoint.root)
    name, body = leaves.said(leaves.read(extra["key_statement"]))
    if statement["source_id"] == "ledger":
        require(hashed == log_id, "key statement")
        return Sealed(opened["ledger_keys"], log_id, hashed)
    require(name in ("SOURCE_ENROLLED", "SOURCE_KEY_CHANGED"), "key statement")
    require(body["source_id"] == statement["source_id"], "key statement")
    forced = name == "SOURCE_KEY_CHANGED" and not body["old_key_signatures"]
    return Sealed(body["keys"], log_id, hashed, forced)


def _check_batch(extra: Message, statement: Message, sealed: Sealed) -> bytes:
    seal, first, count = extra["seal"], extra["first_sequence"], extra["count"]
    position = statement["sequence"] - first
    require(0 <= position < count, "position")
    require(statement["seal"] == (seal if position == count - 1 else None), "seal")
    root = root_from(leaf_hash(leaves.unsealed(extra["leaf"])), position, count, extra["batch_path"])
    source_id, digest = statement["source_id"], seal["sealed_keys_digest"]
    message = signed_bytes(
        sealed.log_id, source_id, sealed.key_statement, first, count, root, extra["previous"], digest
    )
    check_each(sealed.keys, message, seal["signatures"])
    return sha256(message)
