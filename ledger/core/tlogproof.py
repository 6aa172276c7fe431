"""A ``.tlog-proof`` file: an inclusion path and the checkpoint it leads to (C2SP tlog-proof).

c2sp.org/tlog-proof@v1 LF ["extra " base64 LF] "index " decimal LF (base64(hash) LF)* LF checkpoint note
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ledger.core.encoding import Hash, check_hash, decode_base64, decode_decimal, encode_base64
from ledger.core.errors import InvalidInput
from ledger.core.note import Note

HEADER: Final = "c2sp.org/tlog-proof@v1"
MAX_PATH: Final = 63
"""Hashes of the longest path in a tree of at most 2^63 - 1 leaves."""

_EXTRA: Final = "extra "
_INDEX: Final = "index "


@dataclass(frozen=True, slots=True)
class TlogProof:
    """An unverified proof: ``path`` leaf to root, ``checkpoint`` a note verbatim, ``extra`` authenticated by nobody.

    Absent and empty extra data are the same, and written as no line.
    """

    index: int
    path: tuple[Hash, ...]
    checkpoint: bytes
    extra: bytes = b""

    @classmethod
    def parse(cls, raw: bytes) -> "TlogProof":
        """Parse a proof file; raise InvalidInput if malformed."""
        head, blank, checkpoint = raw.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise InvalidInput("proof", "not ASCII before the checkpoint") from None
        if not blank or lines.pop(0) != HEADER:
            raise InvalidInput("proof", f"does not begin with {HEADER}, or has no checkpoint")
        Note.parse(checkpoint)
        extra = _take_extra(lines)
        index = _take_index(lines)
        if len(lines) > MAX_PATH:
            raise InvalidInput("proof", f"more than {MAX_PATH} hashes")
        path = [check_hash(decode_base64(line, "proof path"), "proof path") for line in lines]
        return cls(index, tuple(path), checkpoint, extra)

    def format(self) -> bytes:
        """Return the file's bytes; raise InvalidInput when they would not parse back to this proof."""
        raw = join_proof(self.index, self.path, self.checkpoint, self.extra)
        if TlogProof.parse(raw) != self:
            raise InvalidInput("proof", "cannot be written")
        return raw


def join_proof(index: int, path: Sequence[bytes], checkpoint: bytes, extra: bytes) -> bytes:
    """Return the bytes of a proof file whose parts are known to be well-formed."""
    first = [_EXTRA + encode_base64(extra)] if extra else []
    lines = [HEADER, *first, f"{_INDEX}{index}", *map(encode_base64, path), "", ""]
    return "\n".join(lines).encode() + checkpoint


def _take_extra(lines: list[str]) -> bytes:
    if not lines or not lines[0].startswith(_EXTRA):
        return b""
    extra = decode_base64(lines.pop(0).removeprefix(_EXTRA), "proof extra")
    if not extra:
        raise InvalidInput("proof extra", "an empty one is written as no line")
    return extra


def _take_index(lines: list[str]) -> int:
    if not lines or not lines[0].startswith(_INDEX):
        raise InvalidInput("proof", "without an index line")
    return decode_decimal(lines.pop(0).removeprefix(_INDEX), "proof index")
