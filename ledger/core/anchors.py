"""ANCHOR: a cosigned checkpoint of this log, logged in it, so that what follows cannot be dated back (protocol §9).

Whether its cosignatures made a quorum is for those to judge who hold the witness policy of that time: leaves hold only
its digest.
"""

from dataclasses import dataclass

from ledger.core import bodies
from ledger.core.checkpoint import Checkpoint, open_checkpoint
from ledger.core.errors import Refused
from ledger.core.note import VKey


@dataclass(frozen=True, slots=True)
class Anchored:
    """The log's latest ANCHOR, before the first one LOG_OPENED: its index and minute, and the size that it anchors."""

    index: int
    recorded_at: int
    size: int


def check_anchor(body: bodies.Anchor, log: VKey, origin: str, index: int, before: Anchored) -> Checkpoint:
    """Return the checkpoint that ``body`` anchors at ``index``.

    Raises:
        InvalidInput: its note is malformed.
        VerificationFailed: of another origin, or not signed by ``log``.
        Refused: it covers the ANCHOR's own place, or no more than what was anchored ``before``.
    """
    checkpoint = open_checkpoint(body.checkpoint, log, origin).checkpoint
    if checkpoint.size > index:
        raise Refused(f"checkpoint: covers the ANCHOR's own place; its size must be at most {index}")
    if checkpoint.size <= before.size:
        raise Refused(f"checkpoint: anchored already; its size must be more than {before.size}")
    return checkpoint
