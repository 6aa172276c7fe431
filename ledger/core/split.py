"""Evidence that a log signed two histories: one file that convinces with nothing but itself.

    disclosure-ledger/v1/split LF kind LF vkey LF (base64(part) LF)+

    roots     note, note: two roots for one size
    leaves    leaf hash, tlog-proof, leaf hash, tlog-proof: two leaves at one index
    prefixes  note, note, root, hash…: the larger tree begins with another root than the smaller one's

A tlog-proof is C2SP's without extra data, the hashes are a consistency proof (RFC 9162 §2.1.4) from ``root`` to the
second note. Both notes bear the signature of ``vkey`` and name one origin. Evidence does not say which view is the true
one, and speaks of whoever holds the key: whose key it is, its reader must know.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ledger.core.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint
from ledger.core.encoding import Hash, check_hash, decode_base64, encode_base64
from ledger.core.errors import InvalidInput, Uncheckable, VerificationFailed
from ledger.core.note import MAX_NOTE, Note, VKey
from ledger.core.proof import verify_consistency, verify_inclusion
from ledger.core.tlogproof import MAX_PATH, TlogProof

HEADER: Final = "disclosure-ledger/v1/split"
ROOTS: Final = "roots"
LEAVES: Final = "leaves"
PREFIXES: Final = "prefixes"
MAX_SPLIT: Final = 4 * MAX_NOTE
"""Bytes of a file: enough for two of the longest notes in base64."""

_PARTS: Final = {ROOTS: range(2, 3), LEAVES: range(4, 5), PREFIXES: range(3, 5 + MAX_PATH)}
"""How many parts each kind may have; a consistency proof has at most one hash more than a path."""


@dataclass(frozen=True, slots=True)
class Split:
    """Evidence as it is written; nothing in it is verified."""

    kind: str
    log: VKey
    parts: tuple[bytes, ...]

    @classmethod
    def parse(cls, raw: bytes) -> "Split":
        """Parse a file.

        Raises:
            InvalidInput: malformed.
            Uncheckable: a kind, or a type of key, that this release does not know.
        """
        if len(raw) > MAX_SPLIT:
            raise InvalidInput("split", f"longer than {MAX_SPLIT} bytes")
        try:
            head, *lines = raw.decode("utf-8").split("\n")
        except UnicodeDecodeError:
            raise InvalidInput("split", "not UTF-8") from None
        if head != HEADER or len(lines) < 3 or lines.pop():
            raise InvalidInput("split", f"not {HEADER}, a kind, a vkey and parts, each a line")
        kind, vkey, *parts = lines
        if kind not in _PARTS:
            raise Uncheckable("split kind: not known to this release")
        split = cls(kind, VKey.parse(vkey), tuple([decode_base64(part, "split part") for part in parts]))
        bounds = _PARTS[kind]
        if len(parts) not in bounds:
            raise InvalidInput("split", f"must have {bounds[0]} to {bounds[-1]} parts")
        return split

    def format(self) -> bytes:
        """Return the file's bytes; raise InvalidInput or Uncheckable when they would not parse back to this split."""
        lines = [HEADER, self.kind, self.log.format(), *map(encode_base64, self.parts), ""]
        raw = "\n".join(lines).encode()
        if Split.parse(raw) != self:
            raise InvalidInput("split", "cannot be written")
        return raw


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf hash and the proof that it is in a signed tree; verified by ``verify_split``."""

    hash: Hash
    proof: TlogProof


@dataclass(frozen=True, slots=True)
class ProvenSplit:
    """What evidence proves: ``log`` signed both ``checkpoints``, and ``hashes`` differ that one history has equal.

    ``kind`` says what they are: the roots themselves; the leaf hashes at ``index`` in each tree; or the root of the
    first checkpoint and the root over as many leaves of the second. ``index`` is None but for leaves.
    """

    kind: str
    log: VKey
    checkpoints: tuple[Checkpoint, Checkpoint]
    hashes: tuple[Hash, Hash]
    index: int | None = None

    @property
    def origin(self) -> str:
        """The origin that both checkpoints name."""
        return self.checkpoints[0].origin


def open_view(raw: bytes, log: VKey) -> SignedCheckpoint:
    """Return the checkpoint that ``log`` signed, whatever origin it names; raises as ``open_checkpoint`` does."""
    return open_checkpoint(raw, log, Checkpoint.parse(Note.parse(raw).text).origin)


def split_by_roots(log: VKey, first: bytes, second: bytes) -> bytes:
    """Return the evidence in two notes of one size."""
    return Split(ROOTS, log, (first, second)).format()


def split_by_leaves(log: VKey, first: Leaf, second: Leaf) -> bytes:
    """Return the evidence in two leaves at one index."""
    return Split(LEAVES, log, (first.hash, first.proof.format(), second.hash, second.proof.format())).format()


def split_by_prefixes(log: VKey, smaller: bytes, larger: bytes, root: Hash, proof: Sequence[Hash]) -> bytes:
    """Return the evidence in a note and ``root``, which by ``proof`` is what the ``larger`` tree has at its size."""
    return Split(PREFIXES, log, (smaller, larger, root, *proof)).format()


def verify_split(data: bytes) -> ProvenSplit:
    """Return what evidence proves.

    Raises:
        InvalidInput: malformed.
        VerificationFailed: a signature or proof does not hold, or the two views do not contradict each other.
        Uncheckable: a kind, or a type of key, that this release does not know.
    """
    split = Split.parse(data)
    proven = {ROOTS: _roots, LEAVES: _leaves, PREFIXES: _prefixes}[split.kind](split.log, split.parts)
    first, second = proven.checkpoints
    if first.origin != second.origin:
        raise VerificationFailed("split: the two checkpoints are of different origins")
    if proven.hashes[0] == proven.hashes[1]:
        raise VerificationFailed("split: the two views agree")
    return proven


def _roots(log: VKey, parts: tuple[bytes, ...]) -> ProvenSplit:
    first, second = (open_view(part, log).checkpoint for part in parts)
    if first.size != second.size:
        raise VerificationFailed("split: the two checkpoints are of different sizes, which is no contradiction")
    return ProvenSplit(ROOTS, log, (first, second), (first.root, second.root))


def _leaves(log: VKey, parts: tuple[bytes, ...]) -> ProvenSplit:
    proofs = [TlogProof.parse(part) for part in parts[1::2]]
    hashes = [check_hash(part, "split leaf hash") for part in parts[::2]]
    if any(proof.extra for proof in proofs):
        raise InvalidInput("split proof", "must have no extra data")
    first, second = [_leaf(log, hashed, proof) for hashed, proof in zip(hashes, proofs, strict=True)]
    if proofs[0].index != proofs[1].index:
        raise VerificationFailed("split: the two leaves are at different indexes, which is no contradiction")
    return ProvenSplit(LEAVES, log, (first, second), (hashes[0], hashes[1]), proofs[0].index)


def _leaf(log: VKey, hashed: Hash, proof: TlogProof) -> Checkpoint:
    checkpoint = open_view(proof.checkpoint, log).checkpoint
    verify_inclusion(hashed, proof.index, checkpoint.size, proof.path, checkpoint.root)
    return checkpoint


def _prefixes(log: VKey, parts: tuple[bytes, ...]) -> ProvenSplit:
    smaller, larger = (open_view(part, log).checkpoint for part in parts[:2])
    root, *proof = [check_hash(part, "split proof") for part in parts[2:]]
    verify_consistency(smaller.size, root, larger.size, larger.root, proof)
    return ProvenSplit(PREFIXES, log, (smaller, larger), (smaller.root, root))
