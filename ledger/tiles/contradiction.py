"""What two signed checkpoints of one log say of each other: one history, or evidence of two (``ledger.core.split``)."""

from ledger.core.checkpoint import SignedCheckpoint
from ledger.core.merkle import fold, range_nodes
from ledger.core.note import VKey
from ledger.core.proof import prove_consistency
from ledger.core.split import split_by_prefixes, split_by_roots
from ledger.tiles.tree import VerifiedTree


def contradiction(
    small: SignedCheckpoint, large: SignedCheckpoint, tree: VerifiedTree | None, log: VKey
) -> bytes | None:
    """Return evidence that ``log`` signed two histories, or None where the larger tree begins with the smaller one.

    ``tree`` is the larger one; it is not needed for two of one size, which agree or contradict each other by their
    roots. Raises as ``VerifiedTree`` does.
    """
    one, other = small.checkpoint, large.checkpoint
    if tree is None or one.size in (0, other.size):
        if one.size < other.size or one.root == other.root:
            return None
        return split_by_roots(log, small.note.format(), large.note.format())
    begin = fold(tree.fetch(range_nodes(0, one.size)))
    if begin == one.root:
        return None
    proof = prove_consistency(one.size, other.size, tree.fetch)
    return split_by_prefixes(log, small.note.format(), large.note.format(), begin, proof)
