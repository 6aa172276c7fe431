"""Waiting for what the writer publishes next, and for the quorum of witnesses to cover it."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from ledger.core.errors import Unavailable
from ledger.engine.cosigned import CosignedTree
from ledger.engine.sequencer import Sequencer, View

MARGIN: Final = 0.25
"""Seconds before a call's deadline at which it is answered: past it nobody would hear what is missing."""


class Watchers:
    """Wakes everyone who waits for the next checkpoint or cosigned note; lives on the event loop."""

    def __init__(self, sequencer: Sequencer) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()
        self.closed = False
        sequencer.listen(self._published)

    def _published(self, _: View) -> None:
        self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        event, self._event = self._event, asyncio.Event()
        event.set()

    def close(self) -> None:
        """End every wait for good."""
        self.closed = True
        self._wake()

    async def next(self) -> None:
        """Return after the next publication, or when closed."""
        if not self.closed:
            await self._event.wait()


class Quorum:
    """Waits at most ``seconds`` for cosigned trees; ``missing`` names the witnesses that have not cosigned a size."""

    def __init__(
        self, sequencer: Sequencer, watchers: Watchers, missing: Callable[[int], Sequence[str]], seconds: float
    ) -> None:
        self._sequencer, self._watchers = sequencer, watchers
        self._missing, self._seconds = missing, seconds

    def check(self) -> None:
        """Raise Unavailable under a witness policy that asks for nobody: no wait would end."""
        if self._sequencer.view.policy.quorum is None:
            raise Unavailable("cosigned: the witness policy of this log asks for nobody")

    async def tree(self, size: int, at_least: int, left: float | None) -> CosignedTree:
        """Return the latest cosigned tree once it covers ``size`` entries, and ``at_least`` as far as published.

        ``left`` is how many seconds the caller has, None for as many as it takes.

        Raises:
            Unavailable: that does not come in time, or the ledger stops first.
        """
        wanted = max(size, min(at_least, self._sequencer.view.size))
        seconds = self._seconds if left is None else max(min(self._seconds, left - MARGIN), 0)
        try:
            async with asyncio.timeout(seconds):
                while True:
                    self.check()
                    found = self._sequencer.view.cosigned
                    if found is not None and found.size >= wanted:
                        return found
                    if self._watchers.closed:
                        raise Unavailable("cosigned: the ledger is stopping")
                    await self._watchers.next()
        except TimeoutError:
            names = ", ".join(self._missing(wanted)) or "none"
            raise Unavailable(
                f"cosigned: no quorum for {wanted} entries within {seconds:.3g} s; witnesses missing: {names}"
            ) from None
