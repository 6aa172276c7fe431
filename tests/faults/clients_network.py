"""Calls that go wrong, between a real client's stubs and the real servicers, without a socket.

    wire = Wire(network, life)      # what ``Profile.role_channel`` returns: a channel to the stubs
    network.faults.append(Fault.ANSWER_LOST)

Requests and answers travel as bytes. A fault is spent on the call that comes next, whichever that is.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, NoReturn, Protocol

import grpc

from ledger.service.context import UNPARSED
from tests.faults.clients_life import Life


class Fault(Enum):
    """What becomes of a call; but for ``TWICE`` its caller sees a failure."""

    REQUEST_LOST = "it never arrives"
    ANSWER_LOST = "it is answered, and the answer is lost"
    TWICE = "it arrives twice, and the second answer is heard"
    LATE = "its caller gives up, and it arrives after the next call"
    CUT = "the connection breaks while it is served"
    BUSY = "the ledger has no room for it"
    KILLED_BEFORE = "the ledger is killed before the next write"
    KILLED_AFTER = "the ledger is killed after the next write, before it answers"


CODES: Final = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.ABORTED,
)
"""What gRPC says of a connection that broke, by when it did."""


class Ended(Exception):
    """A servicer ended the call with ``status``."""

    def __init__(self, status: grpc.Status) -> None:
        super().__init__(status.code)
        self.status = status


class Context:
    """What a servicer sees of a call."""

    async def abort_with_status(self, status: grpc.Status) -> NoReturn:
        """End the call."""
        raise Ended(status)

    def time_remaining(self) -> None:
        """Return None: the caller sets no deadline."""


class Handlers:
    """A server to the generated code: keeps the handler of each method by path."""

    def __init__(self) -> None:
        self.of: dict[str, Any] = {}

    def add_generic_rpc_handlers(self, _: object) -> None:
        """Leave them: the registered ones are the same."""

    def add_registered_method_handlers(self, service: str, handlers: dict[str, Any]) -> None:
        """Keep the handlers of one service."""
        self.of |= {f"/{service}/{name}": handler for name, handler in handlers.items()}

    async def serve(self, path: str, data: bytes) -> list[bytes]:
        """Return what the method at ``path`` answers, one message unless it streams; raise Ended."""
        handler = self.of[path]
        request = data if path in UNPARSED else handler.request_deserializer(data)
        if handler.response_streaming:
            return [handler.response_serializer(item) async for item in handler.unary_stream(request, Context())]
        return [handler.response_serializer(await handler.unary_unary(request, Context()))]


class Far(Protocol):
    """The ledger at the other end."""

    async def serve(self, path: str, data: bytes) -> list[bytes]:
        """Serve one call; raise Ended for a status."""

    async def drain(self) -> None:
        """Return once nothing is under way there."""

    def kill(self, after: bool) -> None:
        """Have its next write be its end."""


@dataclass(slots=True)
class Network:
    """Everything between clients and the ledger."""

    far: Far
    faults: deque[Fault] = field(default_factory=deque)
    late: list[tuple[str, bytes]] = field(default_factory=list)
    failed: int = 0

    async def call(self, path: str, data: bytes) -> list[bytes]:
        """Return the answers to a call, or raise as a client's stub does."""
        arrived, self.late = self.late, []
        try:
            return await self._call(path, data)
        finally:
            await self.arrive(arrived)

    async def arrive(self, calls: list[tuple[str, bytes]]) -> None:
        """Deliver calls whose callers have given up on them."""
        for path, data in calls:
            with suppress(Ended):
                await self.far.serve(path, data)

    async def _call(self, path: str, data: bytes) -> list[bytes]:
        fault = self.faults.popleft() if self.faults else None
        match fault:
            case Fault.REQUEST_LOST:
                self._fail()
            case Fault.LATE:
                self.late.append((path, data))
                self._fail()
            case Fault.BUSY:
                raise failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "queue: full")
            case Fault.TWICE:
                await self.arrive([(path, data)])
            case Fault.CUT:
                await self._cut(path, data)
            case Fault.KILLED_BEFORE | Fault.KILLED_AFTER:
                self.far.kill(fault is Fault.KILLED_AFTER)
        try:
            answers: list[bytes] = await self.far.serve(path, data)
        except Ended as ended:
            status = ended.status
            raise failure(status.code, status.details, status.trailing_metadata) from None
        if fault is Fault.ANSWER_LOST:
            self._fail()
        return answers

    async def _cut(self, path: str, data: bytes) -> None:
        """Serve until the next pause, then cancel, as gRPC does once a client is gone."""
        serving = asyncio.ensure_future(self.far.serve(path, data))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        serving.cancel()
        with suppress(asyncio.CancelledError, Ended):
            await serving
        await self.far.drain()
        self._fail()

    def _fail(self) -> NoReturn:
        self.failed += 1
        raise failure(CODES[self.failed % len(CODES)], "the connection broke")


def failure(code: grpc.StatusCode, details: str, trailing: Any = ()) -> grpc.aio.AioRpcError:
    """Return what a stub raises."""
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(*trailing), details)


class Wire:
    """A channel to the stubs of one process; its ``life`` may end before and after each call."""

    def __init__(self, network: Network, life: Life) -> None:
        self._network, self._life = network, life

    async def __aenter__(self) -> "Wire":
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def _call(self, path: str, data: bytes) -> list[bytes]:
        self._life.step()
        try:
            return await self._network.call(path, data)
        finally:
            self._life.step()

    def unary_unary(self, path: str, request_serializer: Any, response_deserializer: Any, **_: object) -> Any:
        """Return what makes calls of a method."""

        async def call(request: Any, **_: object) -> Any:
            (answer,) = await self._call(path, request_serializer(request))
            return response_deserializer(answer)

        return call

    def unary_stream(self, path: str, request_serializer: Any, response_deserializer: Any, **_: object) -> Any:
        """Return what makes calls of a method that streams its answers."""

        async def call(request: Any) -> AsyncIterator[Any]:
            for answer in await self._call(path, request_serializer(request)):
                yield response_deserializer(answer)

        return call
