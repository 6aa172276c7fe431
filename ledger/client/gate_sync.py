"""The release gate for code without an event loop: a ``Release`` whose block runs in the caller's own thread."""

import asyncio
import threading
import warnings
from collections.abc import Callable, Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, BinaryIO, Final

from ledger.client.gate import Release
from ledger.client.range_receipt import Receipt
from ledger.core.errors import Unavailable, Unresolved

CLOSED: Final = "the recorder is closed"
LOOK: Final = 1.0
"""Seconds between two looks whether there is still a loop to wait for."""


class SyncRelease:
    """A context manager around a ``Release`` on another thread's loop; raises and warns as that does."""

    def __init__(self, release: Release, loop: asyncio.AbstractEventLoop) -> None:
        self._release, self._loop = release, loop

    def __enter__(self) -> "SyncRelease":
        """Let through with a receipt, or raise."""
        entering = _Step(self._release.__aenter__(), self._loop)
        try:
            entering.wait()
        except BaseException as error:
            if entering.interrupt():  # the gate opened, but this thread was interrupted before it learned so
                _Step(self._release.__aexit__(type(error), error, None), self._loop).wait()
            raise
        return self

    def __exit__(
        self, cls: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Log how it ended."""
        try:
            _Step(self._release.__aexit__(cls, error, traceback), self._loop).wait()
        except Unavailable as closed:
            words = f"the release's end is not in the log yet: {closed}; the recorder's next opening logs it"
            warnings.warn(Unresolved(words), stacklevel=2)

    def open(self) -> BinaryIO:
        """Return a reader of the artifact, see ``Release.open``."""
        return self._release.open()

    @property
    def receipt(self) -> Receipt:
        """The receipt of the DISCLOSURE; raise Refused where the gate never opened."""
        return self._release.receipt

    @property
    def delivery(self) -> Receipt | None:
        """The receipt of the DELIVERY, once the block has ended and that is logged."""
        return self._release.delivery

    @property
    def unresolved(self) -> str:
        """Why the end is not logged yet; empty where it is."""
        return self._release.unresolved


class _Step:
    """A coroutine on the loop that the calling thread waits for, and can cancel without losing what it came to."""

    def __init__(self, coroutine: Coroutine[Any, Any, object], loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self._coroutine, self._done = loop, coroutine, threading.Event()
        self._task: asyncio.Task[object] | None = None
        self._tell(self._start)

    def _tell(self, what: Callable[[], object]) -> None:
        """Have the loop call something, unless it has ended."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(what)

    def _start(self) -> None:
        self._task = self._loop.create_task(self._coroutine)
        self._task.add_done_callback(lambda _: self._done.set())

    def wait(self) -> None:
        """Wait until it has ended, and raise what it raised; Unavailable where the recorder ended before it."""
        task = self._ended()
        if task is None or task.cancelled():
            raise Unavailable(CLOSED)
        task.result()

    def interrupt(self) -> bool:
        """Cancel it, wait until it has ended, and return whether it was done without an error."""
        self._tell(self._cancel)
        task = self._ended()
        return task is not None and not task.cancelled() and task.exception() is None

    def _ended(self) -> "asyncio.Task[object] | None":
        """Return the task once it is done, None where the loop ended before it."""
        while not self._done.wait(LOOK):
            if self._loop.is_closed():
                self._coroutine.close()
                return None
        return self._task

    def _cancel(self) -> None:
        assert self._task is not None  # noqa: S101 -- it was started before
        self._task.cancel()
