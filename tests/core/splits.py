"""Evidence of each kind against a log whose history has a fork, and views that do not contradict each other."""

from typing import Final

from ledger.core.note import SigningKey
from ledger.core.split import Leaf, split_by_leaves, split_by_prefixes, split_by_roots
from ledger.core.tlogproof import TlogProof
from tests.core import rfc6962
from tests.core.witnessed import LOG, leaves, proof, root, signed

VKEY: Final = LOG.vkey()
ONE: Final = leaves(7)
OTHER: Final = leaves(12, 4)


def note(data: list[bytes], log: SigningKey = LOG, origin: str = LOG.name, *extensions: str) -> bytes:
    """Return the log's note over ``data``."""
    return signed(data, log, origin, *extensions).note.format()


def leaf(index: int, data: list[bytes], log: SigningKey = LOG, origin: str = LOG.name, extra: bytes = b"") -> Leaf:
    """Return the leaf at ``index`` of the tree over ``data``, with its proof."""
    path = tuple(rfc6962.path(index, data))
    return Leaf(rfc6962.mth([data[index]]), TlogProof(index, path, note(data, log, origin), extra))


def by_prefixes(small: list[bytes], large: list[bytes], log: SigningKey = LOG, origin: str = LOG.name) -> bytes:
    """Return the evidence that ``large`` does not begin with ``small``, or what looks like it."""
    size = len(small)
    begin = root(large[:size])
    return split_by_prefixes(VKEY, note(small), note(large, log, origin), begin, proof(size, large))


ROOTS: Final = split_by_roots(VKEY, note(ONE), note(OTHER[:7]))
LEAVES: Final = split_by_leaves(VKEY, leaf(5, ONE), leaf(5, OTHER))
PREFIXES: Final = by_prefixes(ONE, OTHER)
EVIDENCE: Final = {"roots": ROOTS, "leaves": LEAVES, "prefixes": PREFIXES}
