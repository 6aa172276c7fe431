"""What a log showed once binds it: each checkpoint extends the one seen before, or the two are kept as evidence.

A checkpoint is noted as seen before what it covers is copied, so that a log cannot take back what it once showed to a
run that was interrupted.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ledger.core.checkpoint import SignedCheckpoint, open_checkpoint
from ledger.core.encoding import sha256
from ledger.core.errors import InvalidInput, StoreDamaged, TwoHistories, Unavailable, VerificationFailed
from ledger.core.note import MAX_NOTE, VKey
from ledger.host import files
from ledger.tiles.contradiction import contradiction
from ledger.tiles.folder import Writer
from ledger.tiles.source import FolderSource, Source, fetch_checkpoint
from ledger.tiles.tree import VerifiedTree

SEEN: Final = "checkpoint.seen"
"""In the folder: the checkpoint whose entries are being copied."""
EVIDENCE: Final = ".evidence"
"""What ends the name of the directory, beside the folder, that keeps checkpoints which contradict each other."""
SPLIT: Final = ".split"
"""What ends the name of a file in it that convicts the log."""


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


def accepted(
    source: Source, writer: Writer, new: SignedCheckpoint, seen: SignedCheckpoint | None, log: VKey
) -> VerifiedTree:
    """Return the tree of ``new``, which extends what was seen.

    Raises:
        TwoHistories: it contradicts that.
        VerificationFailed: the log went back, or its files do not hold.
    """
    size = new.checkpoint.size
    if seen is None:
        return VerifiedTree(source, new.checkpoint)
    if size < seen.checkpoint.size:
        if writer.published is not None and size <= writer.size:
            _refuse(new, writer.published, _against_own(writer.folder, new, writer.published, log))
        raise VerificationFailed(
            f"checkpoint: of {size} entries after one of {seen.checkpoint.size}: "
            "the log went back, or a stale copy is served"
        )
    tree = VerifiedTree(source, new.checkpoint)
    _refuse(seen, new, contradiction(seen, new, tree, log))
    return tree


def _against_own(folder: Path, new: SignedCheckpoint, copied: SignedCheckpoint, log: VKey) -> bytes | None:
    """Return the evidence that what was copied does not begin with ``new``, or None."""
    try:
        return contradiction(new, copied, VerifiedTree(FolderSource(folder), copied.checkpoint), log)
    except (VerificationFailed, Unavailable) as error:
        raise StoreDamaged(f"{folder}: {error}") from None


def _refuse(old: SignedCheckpoint, new: SignedCheckpoint, evidence: bytes | None) -> None:
    if evidence is not None:
        raise TwoHistories(
            f"checkpoint: the tree of {new.checkpoint.size} entries does not extend that of {old.checkpoint.size}: "
            "the log has two histories",
            evidence,
        )


@contextmanager
def keeping_evidence(folder: Path, served: SignedCheckpoint, seen: SignedCheckpoint | None) -> Iterator[None]:
    """Keep both signed checkpoints, and what convicts the log, beside the folder where what is read does not hold."""
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
        if isinstance(error, TwoHistories):
            kept.append(f"{sha256(error.evidence).hex()[:16]}{SPLIT}")
            files.put(beside / kept[-1], error.evidence)
        files.sync(beside)
        raise VerificationFailed(f"{error}; kept in {beside}: {', '.join(kept)}") from None
