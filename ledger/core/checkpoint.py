"""Checkpoints and their Ed25519 cosignatures (C2SP tlog-checkpoint, tlog-cosignature).

    origin LF size LF base64(root) LF (extension LF)*

A cosignature says that, at its time, this was the largest consistent tree that the witness had seen.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ledger.core.encoding import MAX_SIZE, Hash, check_hash, decode_base64, decode_decimal, encode_base64, u64
from ledger.core.errors import InvalidInput, VerificationFailed
from ledger.core.merkle import EMPTY_ROOT
from ledger.core.note import (
    COSIGNATURE,
    Note,
    SignatureLine,
    SigningKey,
    VKey,
    check_text,
    keyed_lines,
    verify_bytes,
    verify_note,
)

COSIGNATURE_HEADER: Final = "cosignature/v1"
_TIME_SIZE: Final = 8
_COSIGNATURE_SIZE: Final = _TIME_SIZE + 64


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree of ``size`` leaves under ``root``; ``extensions`` are lines without their LF."""

    origin: str
    size: int
    root: Hash
    extensions: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Parse a checkpoint's text with its final LF; raise InvalidInput if malformed."""
        *lines, last = check_text(text, "checkpoint").split("\n")
        if last or len(lines) < 3 or not all(lines):
            raise InvalidInput("checkpoint", "not three or more lines, none of them empty")
        origin, size, root, *extensions = lines
        checkpoint = cls(
            origin,
            decode_decimal(size, "checkpoint size"),
            check_hash(decode_base64(root, "checkpoint root"), "checkpoint root"),
            tuple(extensions),
        )
        if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
            raise InvalidInput("checkpoint root", "not the empty tree's, whose size is given")
        return checkpoint

    def format(self) -> str:
        """Return the text; raise InvalidInput when it would not parse back to this checkpoint."""
        lines = (self.origin, str(self.size), encode_base64(self.root), *self.extensions)
        text = "".join([f"{line}\n" for line in lines])
        if Checkpoint.parse(text) != self:
            raise InvalidInput("checkpoint", "cannot be written")
        return text


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint that its log signed, and the whole note; the note's other lines are not verified."""

    checkpoint: Checkpoint
    note: Note


@dataclass(frozen=True, slots=True)
class Cosignature:
    """What a type 04 signature line holds: u64 POSIX seconds ‖ 64 bytes of Ed25519."""

    timestamp: int
    signature: bytes

    @classmethod
    def parse(cls, blob: bytes) -> "Cosignature":
        """Split a line's blob; raise VerificationFailed unless 72 bytes with a time in 1 … 2^63 - 1."""
        timestamp = int.from_bytes(blob[:_TIME_SIZE], "big")
        if len(blob) != _COSIGNATURE_SIZE or not 0 < timestamp <= MAX_SIZE:
            raise VerificationFailed("cosignature: of the wrong length, or without a time")
        return cls(timestamp, blob[_TIME_SIZE:])

    def format(self) -> bytes:
        """Return u64 timestamp ‖ signature."""
        return u64(self.timestamp) + self.signature


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> SignedCheckpoint:
    """Return ``checkpoint`` under the log's signature (C2SP tlog-checkpoint)."""
    text = checkpoint.format()
    return SignedCheckpoint(checkpoint, Note(text, (key.sign(text),)))


def open_checkpoint(raw: bytes, log: VKey, origin: str | None = None) -> SignedCheckpoint:
    """Return the checkpoint of ``origin``, by default the key's name, that ``log`` signed.

    Raises:
        InvalidInput: malformed.
        VerificationFailed: the log's signature is missing or does not verify, or the origin is another.
    """
    note = Note.parse(raw)
    checkpoint = Checkpoint.parse(verify_note(note, [log]).text)
    if checkpoint.origin != (log.name if origin is None else origin):
        raise VerificationFailed("checkpoint: of another origin than the one expected")
    return SignedCheckpoint(checkpoint, note)


def cosigned_bytes(timestamp: int, text: str) -> bytes:
    """Return ``cosignature/v1`` LF ``time`` SP timestamp LF ‖ checkpoint text (C2SP tlog-cosignature)."""
    return f"{COSIGNATURE_HEADER}\ntime {timestamp}\n{text}".encode()


def cosign(checkpoint: Checkpoint, timestamp: int, key: SigningKey) -> SignatureLine:
    """Return the type 04 line of ``key`` at ``timestamp``; raise InvalidInput unless it is in 1 … 2^63 - 1."""
    if not 0 < timestamp <= MAX_SIZE:
        raise InvalidInput("timestamp", f"not between 1 and {MAX_SIZE}")
    signature = key.secret.sign(cosigned_bytes(timestamp, checkpoint.format())).signature
    return SignatureLine(key.name, key.vkey(COSIGNATURE).key_id, Cosignature(timestamp, signature).format())


def verify_cosignatures(signed: SignedCheckpoint, witnesses: Iterable[VKey]) -> dict[VKey, int]:
    """Return when each witness that cosigned did so, the latest time if it did twice.

    Raises:
        InvalidInput: a witness key is not of type 04.
        VerificationFailed: a line under a witness's name and key id does not verify.
    """
    times: dict[VKey, int] = {}
    for vkey, line in keyed_lines(signed.note, witnesses, COSIGNATURE):
        cosignature = Cosignature.parse(line.blob)
        verify_bytes(vkey, cosigned_bytes(cosignature.timestamp, signed.note.text), cosignature.signature)
        times[vkey] = max(cosignature.timestamp, times.get(vkey, 0))
    return times
