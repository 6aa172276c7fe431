"""A log's leaves, judged: fed to ``ledger.core.completeness`` batch by batch, and its ANCHORs held against its tree."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from typing import cast

from ledger.audit.reading import FilesLog
from ledger.client.reads import Chunk, LogClient
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


def judge_files(files: FilesLog, log: VKey, policy: bytes | None = None) -> Completeness:
    """Return the judgment of a log's files; raise as ``FilesLog.read``."""
    judgment = judge(files.read(), log, policy)
    for claim in judgment.claims():
        if files.root(claim.size) != claim.root:
            judgment.contradict(claim)
    return judgment


async def judge_server(reader: LogClient, policy: bytes | None = None) -> Completeness:
    """Return the judgment of a server's log under its latest checkpoint; raise as ``LogClient.chunks``."""
    judging = Judge(reader.pins.vkey, policy)
    async with aclosing(cast(AsyncGenerator[Chunk, None], reader.chunks(0))) as chunks:
        async for chunk in chunks:
            if not judging.take(chunk.leaves):
                break
    judgment = judging.finish()
    for claim in judgment.claims():
        if not await reader.extends(claim.size, claim.root):
            judgment.contradict(claim)
    return judgment
