"""What a witness is asked and how it decides (C2SP tlog-witness); persisting and answering are its server's.

    old <size> LF (base64(hash) LF){0,63} LF checkpoint note

It cosigns a tree that extends the largest one it has seen, and nothing else. Refusals carry the HTTP status of the
specification.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ledger.core.checkpoint import (
    Checkpoint,
    SignedCheckpoint,
    cosign,
    open_checkpoint,
    verify_cosignatures,
)
from ledger.core.encoding import Hash, check_hash, decode_base64, decode_decimal, encode_base64
from ledger.core.errors import InvalidInput, VerificationFailed
from ledger.core.merkle import EMPTY_ROOT
from ledger.core.note import COSIGNATURE, ED25519, Note, SignatureLine, SigningKey, VKey, check_text, verify_note
from ledger.core.proof import verify_consistency

MAX_PROOF: Final = 63
"""Hashes of a consistency proof; no tree needs more."""
MAX_REQUEST: Final = 64 * 1024
"""Bytes of a request: enough for 63 hashes and a note with 16 signatures of the longest kind."""

MALFORMED: Final = 400
UNSIGNED: Final = 403
UNKNOWN: Final = 404
STALE: Final = 409
INCONSISTENT: Final = 422


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """The request to cosign the checkpoint in ``note``, to which ``proof`` leads from ``old`` leaves.

    No signature is verified yet.
    """

    old: int
    proof: tuple[Hash, ...]
    note: Note

    @property
    def checkpoint(self) -> Checkpoint:
        """The note's checkpoint, an empty tree under any root included; raise InvalidInput if there is none."""
        return _parse_checkpoint(self.note.text)

    @classmethod
    def of(cls, old: int, proof: Sequence[Hash], signed: SignedCheckpoint) -> "AddCheckpoint":
        """Return the request that asks for a cosignature of ``signed``."""
        return cls(old, tuple(proof), signed.note)

    @classmethod
    def parse(cls, raw: bytes) -> "AddCheckpoint":
        """Parse a request body; raise InvalidInput if malformed."""
        if len(raw) > MAX_REQUEST:
            raise InvalidInput("request", f"longer than {MAX_REQUEST} bytes")
        head, blank, rest = raw.partition(b"\n\n")
        if not blank:
            raise InvalidInput("request", "without a blank line")
        try:
            first, *proof = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise InvalidInput("request", "not ASCII before the note") from None
        keyword, space, size = first.partition(" ")
        if (keyword, space) != ("old", " "):
            raise InvalidInput("request", "does not begin with the old size")
        if len(proof) > MAX_PROOF:
            raise InvalidInput("proof", f"more than {MAX_PROOF} hashes")
        old = decode_decimal(size, "old size")
        hashes = tuple([check_hash(decode_base64(line, "proof"), "proof") for line in proof])
        note = Note.parse(rest)
        _parse_checkpoint(note.text)
        return cls(old, hashes, note)

    def format(self) -> bytes:
        """Return the request body; raise InvalidInput when it would not parse."""
        lines = [f"old {self.old}", *map(encode_base64, self.proof)]
        raw = "\n".join(lines).encode() + b"\n\n" + self.note.format()
        AddCheckpoint.parse(raw)
        return raw


def _parse_checkpoint(text: str) -> Checkpoint:
    """Parse a checkpoint; one of size 0 passes under any root: that is inconsistent, and not malformed."""
    origin, separator, rest = text.partition("\n0\n")
    if separator and "\n" not in origin:
        return replace(Checkpoint.parse(f"{origin}\n1\n{rest}"), size=0)
    return Checkpoint.parse(text)


@dataclass(frozen=True, slots=True)
class Latest:
    """The largest tree of a log that the witness cosigned: the note bears both signatures, ``timestamp`` its own."""

    signed: SignedCheckpoint
    timestamp: int

    @classmethod
    def open(cls, raw: bytes, log: VKey, origin: str, witness: VKey) -> "Latest":
        """Return what was persisted.

        Raises:
            InvalidInput: malformed.
            VerificationFailed: of another origin, or without the signature of ``log`` or ``witness``.
        """
        signed = open_checkpoint(raw, log, origin)
        times = verify_cosignatures(signed, [witness])
        if witness not in times:
            raise VerificationFailed("checkpoint: not cosigned by this witness")
        return cls(signed, times[witness])


@dataclass(frozen=True, slots=True)
class KnownLog:
    """A log whose key the witness was told; ``latest`` is None until it cosigns the first tree."""

    vkey: VKey
    origin: str
    latest: Latest | None = None

    def __post_init__(self) -> None:
        if self.vkey.algorithm != ED25519:
            raise InvalidInput("vkey", f"a log's must be of key type {ED25519:02x}")
        if not self.origin or "\n" in check_text(self.origin, "origin"):
            raise InvalidInput("origin", "must be one line that is not empty")

    @property
    def size(self) -> int:
        """The size of the largest tree cosigned, 0 before the first."""
        return self.latest.signed.checkpoint.size if self.latest else 0

    @property
    def root(self) -> Hash:
        """The root of that tree."""
        return self.latest.signed.checkpoint.root if self.latest else EMPTY_ROOT

    @property
    def timestamp(self) -> int:
        """The time of the last cosignature in POSIX seconds, 0 before the first."""
        return self.latest.timestamp if self.latest else 0


@dataclass(frozen=True, slots=True)
class Accepted:
    """What to persist, and then the line to answer with; the line must not leave before ``known`` is durable."""

    known: KnownLog
    line: SignatureLine


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing is signed: ``code`` is the HTTP status, and a STALE request is told the ``size`` that is known.

    ``split`` holds two notes that the log signed for one size and different roots, where the request shows that.
    """

    code: int
    reason: str
    size: int | None = None
    split: tuple[Note, Note] | None = None


def decide(known: KnownLog | None, request: AddCheckpoint, time: int, key: SigningKey) -> Accepted | Refusal:
    """Return the cosignature of ``key`` or why there is none, in the order of C2SP tlog-witness.

    ``known`` is what is known of the request's origin, ``time`` is POSIX seconds. A clock behind the last cosignature
    of this log is not believed: no timestamp is ever smaller than one before it, and none is 0.
    """
    asked = request.checkpoint
    if known is None or known.origin != asked.origin:
        return Refusal(UNKNOWN, "origin: not of a log that this witness knows")
    try:
        verified = verify_note(request.note, [known.vkey])
    except VerificationFailed as error:
        return Refusal(UNSIGNED, str(error))
    if request.old > asked.size:
        return Refusal(MALFORMED, "old size: larger than the checkpoint's")
    split = _split(known, asked, verified)
    if request.old != known.size:
        return Refusal(STALE, "old size: not the one that was cosigned last", known.size, split)
    try:
        verify_consistency(known.size, known.root, asked.size, asked.root, request.proof)
    except VerificationFailed as error:
        return Refusal(INCONSISTENT, str(error), split=split)
    timestamp = max(time, known.timestamp, 1)
    line = cosign(asked, timestamp, key)
    latest = Latest(SignedCheckpoint(asked, verified.with_signature(line)), timestamp)
    return Accepted(replace(known, latest=latest), line)


def _split(known: KnownLog, asked: Checkpoint, verified: Note) -> tuple[Note, Note] | None:
    """Return the two notes that show two roots for one size, whatever old size the request names."""
    if known.latest is None or not 0 < known.size == asked.size or known.root == asked.root:
        return None
    return known.latest.signed.note, verified


def witness_vkey(key: SigningKey) -> VKey:
    """Return the verifier key of a witness's cosignatures."""
    return key.vkey(COSIGNATURE)
