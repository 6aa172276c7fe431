"""The recorder for code without an event loop: the same one, on a loop of its own in a thread."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from types import TracebackType
from typing import Any, Final, TypeVar

from ledger.client.approvals import Draft
from ledger.client.artifact import Given
from ledger.client.closing import Closed
from ledger.client.gate_sync import SyncRelease
from ledger.client.range_receipt import Receipt
from ledger.client.recorder import Recorder
from ledger.client.releases import Settled
from ledger.core.building import Prepared
from ledger.core.encoding import ZERO_HASH, Hash
from ledger.core.errors import Unavailable
from ledger.core.record_input import Disclosure

T = TypeVar("T")

AHEAD: Final = 4096
"""Disclosures that ``record_all`` keeps on their way."""


class SyncRecorder:
    """A context manager around what ``open_recorder`` yields; safe to call from many threads."""

    def __init__(self, opening: Callable[[], AbstractAsyncContextManager[Recorder]]) -> None:
        self._opening = opening
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="recorder-loop", daemon=True)
        self._giving = threading.Lock()
        self._open_for_work = False
        self._context = AsyncExitStack()
        self._recorder: Recorder | None = None

    def __enter__(self) -> "SyncRecorder":
        """Open; raise as ``open_recorder`` does."""
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()
        except BaseException:
            self._end()
            raise
        self._open_for_work = True
        return self

    async def _open(self) -> None:
        self._recorder = await self._context.enter_async_context(self._opening())

    def __exit__(
        self, cls: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Finish what was given, then close."""
        with self._giving:
            self._open_for_work = False
        try:
            asyncio.run_coroutine_threadsafe(self._context.aclose(), self._loop).result()
        finally:
            self._end()

    def _end(self) -> None:
        """End the loop, and first every call that came too late to be taken, so that no one waits for ever."""
        asyncio.run_coroutine_threadsafe(self._drain(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _drain(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def next_sequence(self) -> int:
        """The sequence that the next entry will have."""
        return 0 if self._recorder is None else self._recorder.next_sequence

    @property
    def recovered(self) -> list[Receipt]:
        """Receipts of the batch that an earlier run left unanswered."""
        return [] if self._recorder is None else self._recorder.recovered

    @property
    def settled(self) -> list[Settled]:
        """Releases that an earlier run left open, and how they ended now."""
        return [] if self._recorder is None else self._recorder.settled

    @property
    def flushed(self) -> list[tuple[int, Receipt]]:
        """Receipts of what waited, with its numbers."""
        return [] if self._recorder is None else self._recorder.flushed

    @property
    def closed(self) -> list[Closed]:
        """The periods that were closed, oldest first."""
        return [] if self._recorder is None else self._recorder.closed

    def put_off(self, *disclosures: Disclosure) -> list[int]:
        """Store disclosures durably, as ``Recorder.put_off`` does, and return their numbers."""
        return self._give(lambda recorder: recorder.put_off(*disclosures)).result()

    def flush(self) -> None:
        """Deliver what waits; return once that is done, or raise as ``Recorder.flush`` does."""
        self._give(lambda recorder: recorder.flush()).result()

    def draft_closing(self, through: int | None = None, egress: Hash = ZERO_HASH) -> Draft:
        """Return what officers are to approve next, as ``Recorder.draft_closing`` does."""
        return self._give(lambda recorder: recorder.draft_closing(through, egress)).result()

    def close_periods(self, *how: Any, **named: Any) -> list[Closed]:
        """Close what is over, as ``Recorder.close_periods`` does."""
        return self._give(lambda recorder: recorder.close_periods(*how, **named)).result()

    def submit(self, disclosure: Disclosure) -> "Future[Receipt]":
        """Return at once; the future yields the receipt, or raises as ``Recorder.record`` does."""
        return self._give(lambda recorder: recorder.record(disclosure))

    def _give(self, call: Callable[[Recorder], Coroutine[Any, Any, T]]) -> "Future[T]":
        with self._giving:
            if self._recorder is None or not self._open_for_work:
                raise Unavailable("the recorder is not open")
            return asyncio.run_coroutine_threadsafe(call(self._recorder), self._loop)

    def say(self, prepared: Prepared) -> "Future[Receipt]":
        """Return at once; the future yields the receipt of an entry that ``ledger.core.building`` prepared."""
        return self._give(lambda recorder: recorder.submit(prepared))

    def release(self, disclosure: Disclosure, artifact: Given, timeout: float | None = None) -> SyncRelease:
        """Return the gate that lets ``artifact`` out: ``Release`` as a context manager without ``async``."""
        with self._giving:
            if self._recorder is None or not self._open_for_work:
                raise Unavailable("the recorder is not open")
            return SyncRelease(self._recorder.release(disclosure, artifact, timeout), self._loop)

    def record(self, disclosure: Disclosure, timeout: float | None = None) -> Receipt:
        """Return the receipt once the disclosure is logged and proven.

        Raises TimeoutError after ``timeout`` seconds. It stays on its way then: do not record it again, wait with
        ``submit``.
        """
        return self.submit(disclosure).result(timeout)

    def record_all(self, disclosures: Iterable[Disclosure], ahead: int = AHEAD) -> Iterator[Receipt]:
        """Yield a receipt for each disclosure, in order, with at most ``ahead`` on their way."""
        waiting: deque[Future[Receipt]] = deque()
        for disclosure in disclosures:
            waiting.append(self.submit(disclosure))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
