"""What an honest ledger answers, made from a ``World``."""

from collections.abc import Callable, Sequence

from ledger.client.reads import Pins
from ledger.core.encoding import Hash
from ledger.core.merkle import Node, leaf_hash, tree_root
from ledger.core.proof import RangeProof, prove_consistency, prove_range
from ledger.v1 import disclosure_pb2
from tests.core.world import World


def pins(world: World) -> Pins:
    """Return what a reader holds ``world`` to."""
    return Pins(world.log.name, world.vkey, world.log_id)


def fetcher(leaves: Sequence[bytes]) -> Callable[[Sequence[Node]], list[Hash]]:
    """Return what fetches perfect subtrees over ``leaves``."""
    hashes = [leaf_hash(data) for data in leaves]

    def fetch(nodes: Sequence[Node]) -> list[Hash]:
        return [tree_root(hashes[node.index << node.level : (node.index + 1) << node.level]) for node in nodes]

    return fetch


def range_proof(world: World, begin: int, end: int, size: int) -> RangeProof:
    """Return the nodes left and right of entries [begin, end)."""
    return prove_range(begin, end, size, fetcher(world.leaves))


def range_receipt(world: World, first: int, known: int = 0) -> disclosure_pb2.SubmitBatchResponse:
    """Return the honest answer to the batch that begins at ``first``."""
    placed = world.batch_at(first)
    proof = range_proof(world, first, first + placed.batch.count, world.size)
    consistency = prove_consistency(known, world.size, fetcher(world.leaves)) if known else ()
    return disclosure_pb2.SubmitBatchResponse(
        first_index=first,
        checkpoint=world.checkpoint(),
        left=proof.left,
        right=proof.right,
        consistency=consistency,
        evidence=disclosure_pb2.KeyEvidence(
            key_statement=world.leaves[placed.key_index],
            key_statement_index=placed.key_index,
            key_statement_path=world.inclusion(placed.key_index),
            log_opened=world.leaves[0],
            log_opened_path=world.inclusion(0),
        ),
    )
