"""A writer that is held up, so that what waits can be looked at."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager

import pytest

from ledger.engine.intake import Intake
from tests.served import Served


class Stall:
    """Holds the writer in front of its next write until ``release``; ``queued`` waits for submissions to wait."""

    def __init__(self) -> None:
        self._go = threading.Event()
        self._submitted: asyncio.Queue[None] = asyncio.Queue()

    def release(self) -> None:
        """Let the writer write."""
        self._go.set()

    async def queued(self, count: int) -> None:
        """Return once ``count`` more batches wait for the writer."""
        for _ in range(count):
            await self._submitted.get()

    def install(self, served: Served, patch: pytest.MonkeyPatch) -> None:
        """Stand between the service and its writer, and between the writer and its store."""
        store, sequencer = served.server._store, served.server.sequencer
        write, submit = store.write, sequencer.submit

        def held(puts: Sequence[tuple[bytes, bytes]], deletes: Sequence[bytes] = ()) -> None:
            self._go.wait()
            write(puts, deletes)

        def noted(intake: Intake) -> "Future[int]":
            future = submit(intake)
            self._submitted.put_nowait(None)
            return future

        patch.setattr(store, "write", held)
        patch.setattr(sequencer, "submit", noted)


@contextmanager
def stalled(served: Served) -> Iterator[Stall]:
    """Hold the writer of ``served`` up, at the longest until the block ends."""
    stall = Stall()
    with pytest.MonkeyPatch.context() as patch:
        stall.install(served, patch)
        try:
            yield stall
        finally:
            stall.release()
