"""Where batches end in a row of leaves: only the last leaf of a batch has a seal (protocol §3)."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from ledger.core.batch import MAX_BATCH
from ledger.core.errors import LedgerError
from ledger.core.statement import decode_leaf

SEAL_TAG: Final = b"\xfa\xff\xff\xff\x0f"
"""The tag of the seal, whose field number is the largest there is: leaves without these bytes have no seal."""


class Framer:
    """Takes leaves in index order and gives them back a batch at a time; judges none."""

    def __init__(self) -> None:
        self.rest: list[bytes] = []
        """The leaves after the last seal."""

    def take(self, leaves: Sequence[bytes]) -> list[list[bytes]]:
        """Return the batches that ``leaves`` complete; what can be no batch comes back for its decoder to refuse."""
        found = []
        begin = 0
        for position in _tagged(leaves):
            if _ends(leaves[position]):
                found += self._cut([*self.rest, *leaves[begin : position + 1]])
                begin = position + 1
        self.rest += leaves[begin:]
        while len(self.rest) > MAX_BATCH:
            found += self._cut(self.rest)
        return found

    def _cut(self, row: Sequence[bytes]) -> list[list[bytes]]:
        """Return what a seal, or the number of leaves, ends: one batch, or one leaf more than a batch may have."""
        size = min(len(row), MAX_BATCH + 1)
        self.rest = list(row[size:])
        return [list(row[:size])]


def _tagged(leaves: Sequence[bytes]) -> Iterator[int]:
    """Yield the positions of the leaves that have the tag, looked for in all of them at once: few have."""
    whole, ends = b"".join(leaves), list(accumulate(map(len, leaves)))
    at = whole.find(SEAL_TAG)
    while at >= 0:
        position = bisect_right(ends, at)
        if at + len(SEAL_TAG) <= ends[position]:  # else its bytes are those of two leaves
            yield position
        at = whole.find(SEAL_TAG, ends[position])


def _ends(data: bytes) -> bool:
    """Return whether a leaf has a seal, or is none at all."""
    try:
        return decode_leaf(data).statement.seal is not None
    except LedgerError:
        return True
