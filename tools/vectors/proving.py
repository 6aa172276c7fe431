"""Hashes of perfect subtrees, computed from a list of leaf hashes each time."""

from collections.abc import Sequence

from ledger.core.encoding import Hash
from ledger.core.merkle import Node, tree_root
from ledger.core.proof import Fetch


def fetch_from(hashes: Sequence[Hash]) -> Fetch:
    """Return a source of nodes for a prover."""

    def fetch(nodes: Sequence[Node]) -> list[Hash]:
        return [tree_root(hashes[node.index << node.level : (node.index + 1) << node.level]) for node in nodes]

    return fetch
