"""What a log showed once binds it: each checkpoint extends the one seen before, or the two are kept as evidence.

A checkpoint is noted as seen before what it covers is copied, so that a log cannot take back what it once showed to a
run that was interrupted.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ledger.core.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint
from ledger.core.encoding import Hash, sha256
from ledger.core.errors import InvalidInput, StoreDamaged, Unavailable, VerificationFailed
from ledger.core.note import MAX_NOTE, VKey
from ledger.core.proof import prove_consistency, verify_consistency
from ledger.tiles import files
from ledger.tiles.folder import Writer
from ledger.tiles.source import FolderSource, Source, fetch_checkpoint
from ledger.tiles.tree import VerifiedTree

SEEN: Final = "checkpoint.seen"
"""In the folder: the checkpoint whose entries are being copied."""
EVIDENCE: Final = ".evidence"
"""What ends the name of the directory, beside the folder, that keeps checkpoints which contradict each other."""


def latest(source: Source, log: VKey, origin: str | None) -> SignedCheckpoint:
    """Return the source's checkpoint."""
    try:
        note = fetch_checkpoint(source)
        if note is None:
            raise Unavailable("checkpoint: there is none; is this the address of a log?")
        return open_checkpoint(note, log, origin)
    except InvalidInput as error:
        raise VerificationFailed(f"checkpoint: {error}") from None


def seen_before(writer: Writer, log: VKey, origin: str | None) -> SignedCheckpoint | None:
    """Return the latest checkpoint that any run accepted."""
    try:
        note = FolderSource(writer.folder).fetch(SEEN, MAX_NOTE)
        seen = None if note is None else open_checkpoint(note, log, origin)
    except (InvalidInput, VerificationFailed) as error:
        raise StoreDamaged(f"{writer.folder / SEEN}: {error}") from None
    return writer.published if seen is None or seen.checkpoint.size < writer.size else seen


def accepted(source: Source, writer: Writer, new: Checkpoint, seen: SignedCheckpoint | None) -> VerifiedTree:
    """Return the tree of ``new``, which extends what was seen; raise VerificationFailed unless it does."""
    if seen is None:
        return VerifiedTree(source, new)
    old = seen.checkpoint
    if new.size < old.size:
        if writer.published is not None and new.size <= writer.size:
            copied = writer.published.checkpoint
            _check_extends(new, copied, _own_proof(writer.folder, new.size, copied))
        raise VerificationFailed(
            f"checkpoint: of {new.size} entries after one of {old.size}: the log went back, or a stale copy is served"
        )
    tree = VerifiedTree(source, new)
    _check_extends(old, new, prove_consistency(old.size, new.size, tree.fetch))
    return tree


def _own_proof(folder: Path, size: int, copied: Checkpoint) -> Sequence[Hash]:
    """Return the proof that what was copied begins with its first ``size`` entries."""
    try:
        return prove_consistency(size, copied.size, VerifiedTree(FolderSource(folder), copied).fetch)
    except (VerificationFailed, Unavailable) as error:
        raise StoreDamaged(f"{folder}: {error}") from None


def _check_extends(old: Checkpoint, new: Checkpoint, proof: Sequence[Hash]) -> None:
    """Raise VerificationFailed unless the tree of ``new`` begins with the one of ``old``."""
    try:
        verify_consistency(old.size, old.root, new.size, new.root, proof)
    except VerificationFailed:
        raise VerificationFailed(
            f"checkpoint: the tree of {new.size} entries does not extend that of {old.size}: the log has two histories"
        ) from None


@contextmanager
def keeping_evidence(folder: Path, served: SignedCheckpoint, seen: SignedCheckpoint | None) -> Iterator[None]:
    """Keep both signed checkpoints beside the folder where what is read does not hold, and say where."""
    try:
        yield
    except VerificationFailed as error:
        beside = folder.absolute().with_name(folder.absolute().name + EVIDENCE)
        beside.mkdir(exist_ok=True)
        kept = []
        for name, signed in (("seen", seen), ("served", served)):
            if signed is not None:
                note = signed.note.format()
                kept.append(f"{name}-{signed.checkpoint.size}-{sha256(note).hex()[:16]}.checkpoint")
                files.put(beside / kept[-1], note)
        files.sync(beside)
        raise VerificationFailed(f"{error}; kept in {beside}: {', '.join(kept)}") from None
