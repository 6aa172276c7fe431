"""Examines submissions as they arrive: small ones here and now, large ones in processes of their own.

Examining needs no state, and takes longer than everything else that happens to an entry.
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Final, NamedTuple

from google.protobuf.message import DecodeError

from ledger.core.errors import InvalidInput
from ledger.engine.intake import Intake, take_in
from ledger.engine.side import Side
from ledger.service import convert
from ledger.v1 import disclosure_pb2

SMALL: Final = 16 * 1024
"""Bytes of a request up to which it is examined here: another process would take longer to reach."""


class Request(NamedTuple):
    """A batch ready for the writer, the tree size that its sender knows, and whether he waits for the quorum."""

    intake: Intake
    known_size: int
    cosigned: bool


def examiner(queue_key: bytes) -> Callable[[bytes], Request]:
    """Return the function that examines a serialised SubmitBatchRequest and raises InvalidInput for a misfit."""

    def examine(data: bytes) -> Request:
        try:
            request = disclosure_pb2.SubmitBatchRequest.FromString(data)
        except DecodeError:
            raise InvalidInput("request", "does not parse") from None
        intake = take_in(convert.submission(request), queue_key, os.urandom)
        return Request(intake, request.known_size, request.cosigned)

    return examine


class Examiners:
    """``count`` processes that examine; each starts with the first batch that it gets."""

    def __init__(self, count: int, queue_key: bytes) -> None:
        self._here = examiner(queue_key)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="examine")
        self._idle: SimpleQueue[Side] = SimpleQueue()
        self._sides = [Side(f"{__name__}:{examiner.__name__}", queue_key) for _ in range(count)]
        for side in self._sides:
            self._idle.put(side)

    async def examine(self, data: bytes) -> Request:
        """Return the request examined; raise InvalidInput for what does not fit, Unavailable where a process ended."""
        if len(data) <= SMALL:
            return self._here(data)
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._elsewhere, data)

    def _elsewhere(self, data: bytes) -> Request:
        side = self._idle.get()
        try:
            request: Request = side.call(data)
        finally:
            self._idle.put(side)
        return request

    def close(self) -> None:
        """Finish what is under way and end the processes."""
        self._threads.shutdown()
        for side in self._sides:
            side.close()
