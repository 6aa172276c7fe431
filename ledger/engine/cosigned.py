"""The latest checkpoint that satisfies the log's witness policy: what the writer keeps, and recovery finds again."""

from collections.abc import Callable
from dataclasses import dataclass

from ledger.core.checkpoint import open_checkpoint
from ledger.core.encoding import Hash
from ledger.core.errors import Refused, VerificationFailed
from ledger.core.note import VKey
from ledger.core.policy import Policy, quorum_time, verify_quorum


@dataclass(frozen=True, slots=True)
class CosignedTree:
    """A tree of this log under ``note``, whose cosignatures make the quorum; ``time`` is theirs, in POSIX seconds."""

    size: int
    note: bytes
    time: int


def open_cosigned(note: bytes, log: VKey, origin: str, policy: Policy, root_at: Callable[[int], Hash]) -> CosignedTree:
    """Return the tree of ``note`` once it is shown to be this log's and to satisfy ``policy``.

    Raises:
        InvalidInput: malformed.
        VerificationFailed: the log's signature, a cosignature, the root or the quorum does not hold.
        BeyondTree: it is larger than what is published.
        Refused: the policy asks for nobody.
    """
    signed = open_checkpoint(note, log, origin)
    cosigned = verify_quorum(signed, policy)
    time = quorum_time(cosigned.timestamps, policy)
    if time is None:
        raise Refused("witness_policy: asks for nobody, so that nothing is cosigned")
    if len(cosigned.timestamps) != len(signed.note.signatures) - 1:
        raise VerificationFailed("checkpoint: has a line that neither the log nor a witness of the policy made")
    if root_at(signed.checkpoint.size) != signed.checkpoint.root:
        raise VerificationFailed("checkpoint: its root is not the one that this log has at its size")
    return CosignedTree(signed.checkpoint.size, note, time)
