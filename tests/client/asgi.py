"""Requests to an ASGI application by hand: what it is asked, what it sends, and when the other side hangs up."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message


@dataclass(slots=True)
class Client:
    """One request; ``gone`` is set to hang up, ``on_body`` is called with each piece that arrives."""

    path: str = "/exports/1"
    method: str = "GET"
    kind: str = "http"
    on_body: Callable[["Client"], object] = lambda _: None
    sent: list[Message] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0

    async def ask(self, app: ASGIApp, **scope: Any) -> "Client":
        """Send the request and return when the application has."""
        about = {"type": self.kind, "path": self.path, "method": self.method, "headers": [], **scope}
        await app(about, self.receive, self.send)
        return self

    async def receive(self) -> Message:
        """Give the request's body once, then wait until the client hangs up."""
        self.asked += 1
        if self.asked == 1:
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take what the application sends."""
        self.sent.append(message)
        if message["type"] == "http.response.body" and message.get("body"):
            self.on_body(self)
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    @property
    def status(self) -> int:
        """The status that came."""
        found: int = self.sent[0]["status"]
        return found

    @property
    def headers(self) -> dict[bytes, bytes]:
        """The headers that came."""
        return dict(self.sent[0]["headers"])

    @property
    def body(self) -> bytes:
        """The body, as far as it came."""
        return b"".join(message.get("body", b"") for message in self.sent[1:])

    @property
    def complete(self) -> bool:
        """Whether the end of the body came."""
        return bool(self.sent) and not self.sent[-1].get("more_body", False)
