"""A log's leaves, judged: what ``ledger.audit.reading`` gives, fed to ``ledger.core.completeness`` batch by batch."""

from collections.abc import Iterable, Sequence

from ledger.core.completeness import Completeness
from ledger.core.framing import Framer
from ledger.core.note import VKey


class Judge:
    """Takes leaves as they come and judges them batch by batch."""

    def __init__(self, log: VKey, policy: bytes | None = None) -> None:
        self.judgment = Completeness(log, policy)
        self._framer = Framer()

    def take(self, leaves: Sequence[bytes]) -> bool:
        """Take the next leaves; return whether there is any use in going on."""
        for batch in self._framer.take(leaves):
            self.judgment.take(batch)
        return self.judgment.noted.stop is None

    def finish(self) -> Completeness:
        """Return the judgment once all leaves under the checkpoint came; an unfinished batch contradicts the log."""
        if self._framer.rest:
            self.judgment.take(self._framer.rest)
        return self.judgment


def judge(chunks: Iterable[Sequence[bytes]], log: VKey, policy: bytes | None = None) -> Completeness:
    """Return the judgment of all leaves of a log, in index order; stop reading where the judgment ends."""
    judging = Judge(log, policy)
    for leaves in chunks:
        if not judging.take(leaves):
            break
    return judging.finish()
