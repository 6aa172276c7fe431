"""The witness over HTTP: what it answers, and what no client can take from the others (C2SP tlog-witness).

A request and its answer have ten seconds, a body its size, and connections and waiting requests their number: past a
bound the connection is closed, or the answer says to come back later.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final, cast

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ledger.core.witnessing import MALFORMED, MAX_REQUEST
from ledger.witness.telling import Metrics
from ledger.witness.witness import UNAVAILABLE, Reply, Witness

REQUEST_SECONDS: Final = 10.0
"""From a connection's begin, or its last answer, to its next answer."""
IDLE_SECONDS: Final = 5
"""How long a connection without a request is kept after an answer."""
STOP_SECONDS: Final = 5
"""How long a stop waits for requests under way."""
MAX_CONNECTIONS: Final = 1024
MAX_WAITING: Final = 256
"""Requests that wait for the thread that decides."""
MAX_HEAD: Final = 16 * 1024
"""Bytes a connection may send for a request beside its body."""

TOO_LARGE: Final = 413


class Face:
    """The routes of a witness; ``close`` ends the one thread that calls it."""

    def __init__(self, witness: Witness, metrics: Metrics) -> None:
        self._witness, self._metrics = witness, metrics
        self._thread = ThreadPoolExecutor(1, "witness")
        self._waiting = 0
        self.app = Starlette(
            routes=[
                Route("/add-checkpoint", self._add_checkpoint, methods=["POST"]),
                Route("/{name}/checkpoint", self._checkpoint, methods=["GET"]),
            ],
            exception_handlers={ClientDisconnect: _gone},
        )

    def close(self) -> None:
        """Finish what is decided on, and end."""
        self._thread.shutdown()

    async def _add_checkpoint(self, request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_REQUEST:
                reply = Reply(TOO_LARGE, f"request: longer than {MAX_REQUEST} bytes\n".encode())
                return self._answer("add-checkpoint", reply, {"connection": "close"})
        began = time.monotonic()
        reply = await self._ask(self._witness.add_checkpoint, body)
        self._metrics.took(time.monotonic() - began)
        return self._answer("add-checkpoint", reply)

    async def _checkpoint(self, request: Request) -> Response:
        reply = await self._ask(self._witness.checkpoint, request.path_params["name"])
        return self._answer("checkpoint", reply)

    async def _ask(self, call: Callable[[Any], Reply], argument: Any) -> Reply:
        if self._waiting >= MAX_WAITING:
            return Reply(UNAVAILABLE, b"too many requests wait; try again later\n")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, call, argument)
        finally:
            self._waiting -= 1

    def _answer(self, request: str, reply: Reply, more: Mapping[str, str] | None = None) -> Response:
        self._metrics.answered(request, reply.code)
        headers = {"content-type": reply.content_type, "cache-control": "no-cache", **(more or {})}
        if reply.code == UNAVAILABLE:
            headers["retry-after"] = "1"
        return Response(reply.body, reply.code, headers)


async def _gone(_: Request, __: Exception) -> Response:
    """Answer a client that did not wait for it."""
    return Response(status_code=MALFORMED)


class _Bounded(HttpToolsProtocol):
    """A connection with a deadline for each answer, and a bound on what it may send for one."""

    _deadline: asyncio.TimerHandle
    _left: int

    def _begin(self) -> None:
        self._left = MAX_HEAD + MAX_REQUEST
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        self._begin()
        if len(self.connections) > MAX_CONNECTIONS:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left < 0:
            self.transport.abort()
        else:
            super().data_received(data)

    def on_response_complete(self) -> None:
        self._deadline.cancel()
        self._begin()
        super().on_response_complete()


class Server(uvicorn.Server):
    """Serves an application until ``should_exit``; signals are for whoever runs it to handle."""

    def __init__(self, face: Face) -> None:
        super().__init__(
            uvicorn.Config(
                face.app,
                http=_Bounded,
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=IDLE_SECONDS,
                timeout_graceful_shutdown=STOP_SECONDS,
            )
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield
