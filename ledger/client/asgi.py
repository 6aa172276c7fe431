"""The release gate in front of an ASGI application: a response's body goes out only with the receipt in hand.

    app = ReleaseGate(app, lambda: state.recorder, describe, routes=["/exports"])

A gated response is held back until the application has returned, up to ``limit`` bytes, beyond 1 MiB in a temporary
file without a name. Then it is recorded, released and sent. Whatever is not released does not leave: of an empty or
unsuccessful response, and of one to HEAD, only the status does, and WebSockets are refused.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ledger.client.gate import look
from ledger.client.recorder import Recorder
from ledger.core.encoding import Hash
from ledger.core.errors import GateShut, InvalidInput, LedgerError, Refused
from ledger.core.record import Artifact
from ledger.core.record_input import Disclosure

SPOOLED: Final = 1024 * 1024
"""Bytes of a body that are held in memory; more are held in a temporary file."""
LIMIT: Final = 256 * 1024 * 1024
"""Bytes of a body that are held at most."""
PIECE: Final = 64 * 1024
TIMEOUT: Final = 30.0
"""Seconds that a receipt is waited for."""
RETRY_AFTER: Final = 30
"""Seconds after which a client may ask again while the gate is shut."""
SHUT: Final = b"the release gate is shut: there is no receipt, so nothing was handed over; try again later"

log = logging.getLogger("ledger.gate")

Describe = Callable[[Scope, Hash, int], Disclosure]
"""Returns the disclosure of a response to this request, whose body has this SHA-256 and size; its record's artifact
must say so."""


class Disconnected(LedgerError):
    """The recipient hung up before all of the response was sent."""


class ReleaseGate:
    """The middleware; ``recorder`` returns the open recorder, ``routes`` are paths that are gated with all below them.

    Without ``routes`` everything is gated, which is the safest: put it around the part of an application that hands
    data out, so that no other spelling of a path leads past it.
    """

    def __init__(
        self,
        app: ASGIApp,
        recorder: Callable[[], Recorder],
        describe: Describe,
        routes: Sequence[str] | None = None,
        timeout: float = TIMEOUT,
        limit: int = LIMIT,
    ) -> None:
        self._app, self._recorder, self._describe = app, recorder, describe
        self._routes = None if routes is None else [route.rstrip("/") for route in routes]
        self._timeout, self._limit = timeout, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] not in ("http", "websocket") or not self._gates(scope["path"]):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            with SpooledTemporaryFile(SPOOLED) as file:
                held = _Held(file, self._limit)
                await self._app({**scope, "extensions": {}}, receive, held.take)
                await self._release(scope, receive, send, held)

    def _gates(self, path: str) -> bool:
        return self._routes is None or any(path == route or path.startswith(f"{route}/") for route in self._routes)

    async def _release(self, scope: Scope, receive: Receive, send: Send, held: "_Held") -> None:
        if not held.complete:
            raise Refused("response: incomplete when the application returned; nothing of it was handed over")
        if scope["method"] == "HEAD" or not held.size or not 200 <= held.status < 300:
            await _answer(send, held.status)
            return
        digest = Hash(held.digest.digest())
        disclosure = self._describe(scope, digest, held.size)
        artifact = Artifact(digest.hex(), held.size, "application/octet-stream")
        try:
            async with self._recorder().release(disclosure, artifact, self._timeout):
                await _send(held, receive, send)
        except GateShut as shut:
            log.warning("%s", shut)
            await _answer(send, 503, SHUT, [(b"retry-after", str(RETRY_AFTER).encode())])
        except Disconnected:
            log.info("the recipient hung up before all was sent; the release ended as ABORTED")


@dataclass(slots=True)
class _Held:
    """A response that was not sent yet."""

    file: "SpooledTemporaryFile[bytes]"
    limit: int
    status: int = 0
    headers: Iterable[tuple[bytes, bytes]] = ()
    size: int = 0
    complete: bool = False
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    async def take(self, message: Message) -> None:
        """Hold a message of the application back; raise for one that would lead past the gate or is too much."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", ()))
            return
        if message["type"] != "http.response.body":
            raise Refused("response: of a kind that the gate does not let through")
        body = message.get("body", b"")
        self.size += len(body)
        if self.size > self.limit:
            raise InvalidInput("response", f"more than the {self.limit} bytes that the gate holds")
        self.digest.update(body)
        if self.size > SPOOLED:
            await asyncio.to_thread(self.file.write, body)
        else:
            self.file.write(body)
        self.complete = self.status > 0 and not message.get("more_body", False)


async def _send(held: _Held, receive: Receive, send: Send) -> None:
    """Send the response; raise Disconnected once the recipient is known to have hung up before the end."""
    gone = asyncio.ensure_future(_hung_up(receive))
    try:
        await send({"type": "http.response.start", "status": held.status, "headers": held.headers})
        held.file.seek(0)
        left = held.size
        while left:
            piece = await asyncio.to_thread(held.file.read, PIECE)
            left -= len(piece)
            if gone.done():
                gone.result()
            await send({"type": "http.response.body", "body": piece, "more_body": left > 0})
    except OSError:
        raise Disconnected("response: the recipient hung up") from None
    finally:
        gone.add_done_callback(look)
        gone.cancel()


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    raise Disconnected("response: the recipient hung up")


async def _answer(send: Send, status: int, error: bytes = b"", headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
    """Send a response of the gate's own."""
    body = json.dumps({"error": error.decode()}).encode() if error else b""
    own = [(b"content-type", b"application/json")] if error else []
    if status not in (204, 304):
        own.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": [*own, *headers]})
    await send({"type": "http.response.body", "body": body})
