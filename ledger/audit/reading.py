"""A whole log read for judgment from its files: leaves in index order, under a signed checkpoint.

Nothing is given out that its checkpoint does not cover, whoever keeps the files.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Final

from ledger.core.checkpoint import SignedCheckpoint, open_checkpoint
from ledger.core.encoding import Hash
from ledger.core.errors import InvalidInput, Unavailable, VerificationFailed
from ledger.core.merkle import fold, range_nodes
from ledger.core.note import VKey
from ledger.core.policy import Policy, verify_quorum
from ledger.core.tlogtiles import WIDTH
from ledger.tiles.fetching import HttpSource
from ledger.tiles.mirror import in_order
from ledger.tiles.source import Source, fetch_checkpoint
from ledger.tiles.tree import VerifiedTree

THREADS: Final = 8
"""Bundles fetched at a time from a web server; a disk of our own gives one after another as fast."""


class FilesLog:
    """A log's files, in a folder or on the web, under the checkpoint that stands there."""

    def __init__(self, source: Source, log: VKey, policy: Policy | None = None) -> None:
        """Read the checkpoint; ``cosigned`` says whether it has the quorum of ``policy``: exported files need none.

        Raises:
            Unavailable: there is none, or the source is out of reach.
            VerificationFailed: ``log`` did not sign it.
        """
        self._source = source
        try:
            note = fetch_checkpoint(source)
            if note is None:
                raise Unavailable("checkpoint: there is none; is this where a log is?")
            self.signed: SignedCheckpoint = open_checkpoint(note, log)
        except InvalidInput as error:
            raise VerificationFailed(f"checkpoint: {error}") from None
        self.cosigned = policy is not None and _cosigned(self.signed, policy)

    @cached_property
    def _tree(self) -> VerifiedTree:
        return VerifiedTree(self._source, self.signed.checkpoint)

    def root(self, size: int) -> Hash:
        """Return the root of its first ``size`` entries, at least one; raise as ``VerifiedTree`` does."""
        return fold(self._tree.fetch(range_nodes(0, size)))

    def read(self) -> Iterator[Sequence[bytes]]:
        """Yield its leaves in order; raise as ``VerifiedTree`` does where files are missing or not the tree's."""
        tree = self._tree
        bundles = range(-(-tree.size // WIDTH))
        if not isinstance(self._source, HttpSource):
            for number in bundles:
                yield tree.leaves(number).entries
            return
        with ThreadPoolExecutor(THREADS, thread_name_prefix="fetch") as pool:
            for leaves in in_order(pool, tree.leaves, bundles, THREADS):
                yield leaves.entries


def _cosigned(signed: SignedCheckpoint, policy: Policy) -> bool:
    try:
        verify_quorum(signed, policy)
    except VerificationFailed:
        return False
    return True
