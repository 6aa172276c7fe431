"""In front of an application the gate hands a response over with its receipt, or nothing of it."""

import asyncio
import json
import logging
import os
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import FileResponse, PlainTextResponse, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ledger.client.asgi import PIECE, SPOOLED, ReleaseGate
from ledger.client.recorder import Recorder
from ledger.core.encoding import Hash
from ledger.core.errors import InvalidInput, Refused, Unavailable
from ledger.core.record_input import Disclosure
from tests.client.asgi import Client
from tests.client.gating import DATA, said
from tests.client.lying import Lying, lying
from tests.client.recording import opened_world, recording
from tests.core.world import disclosure

HEADERS = {"content-type": "application/zip", "x-case": "distinctive-case"}


def describe(_: Scope, digest: Hash, size: int) -> Disclosure:
    """Return the disclosure of a response."""
    return disclosure(artifact={"sha256": digest.hex(), "bytes": size, "media_type": "application/zip"})


def gate(app: ASGIApp, recorder: Recorder, **how: Any) -> ReleaseGate:
    """Return a gate in front of ``app``."""
    return ReleaseGate(app, lambda: recorder, describe, **how)


@pytest.fixture
async def ledger() -> AsyncIterator[Lying]:
    """A ledger."""
    async with lying(opened_world()) as opened:
        yield opened


@pytest.fixture
async def recorder(ledger: Lying, tmp_path: Path) -> AsyncIterator[Recorder]:
    """A recorder with little patience."""
    async with recording(ledger, tmp_path / "state", patience=0.3) as opened:
        yield opened


@pytest.mark.parametrize("data", [DATA, os.urandom(SPOOLED + 3 * PIECE + 1)], ids=["small", "large"])
async def test_a_response_goes_out_with_its_receipt(ledger: Lying, recorder: Recorder, data: bytes) -> None:
    """Status, headers and body are the application's, once the DISCLOSURE is in the log; then DELIVERED is."""
    app = gate(PlainTextResponse(data, headers=HEADERS), recorder)
    client = Client(on_body=lambda _: said(ledger.world) == ["DISCLOSURE"] or pytest.fail("too early"))
    await client.ask(app)
    assert (client.status, client.body, client.complete) == (200, data, True)
    assert client.headers.items() >= {name.encode(): value.encode() for name, value in HEADERS.items()}.items()
    assert said(ledger.world) == ["DISCLOSURE", "DELIVERED 0"]


async def test_streams_and_files_are_held_back_whole(ledger: Lying, recorder: Recorder, tmp_path: Path) -> None:
    """However an application sends its body, and whatever extensions the server has, it goes through the gate."""

    async def pieces() -> AsyncIterator[bytes]:
        for number in range(5):
            assert said(ledger.world) == []
            yield b"%d" % number

    client = await Client().ask(gate(StreamingResponse(pieces()), recorder))
    assert client.body == b"01234"
    path = tmp_path / "file"
    path.write_bytes(DATA)
    client = await Client().ask(gate(FileResponse(path), recorder), extensions={"http.response.pathsend": {}})
    assert (client.status, client.body) == (200, DATA)
    assert said(ledger.world) == ["DISCLOSURE", "DELIVERED 0", "DISCLOSURE", "DELIVERED 2"]


ROUTES = {
    "/exports": True,
    "/exports/": True,
    "/exports/1": True,
    "/other/1/deep": True,
    "/exportsx": False,
    "/": False,
    "/x/exports": False,
}


@pytest.mark.parametrize("path", ROUTES)
async def test_routes_are_gated_with_all_below_them(ledger: Lying, recorder: Recorder, path: str) -> None:
    """Other paths are the application's alone."""
    app = gate(PlainTextResponse(DATA), recorder, routes=["/exports", "/other/1/"])
    client = await Client(path).ask(app)
    assert client.body == DATA
    assert said(ledger.world) == (["DISCLOSURE", "DELIVERED 0"] if ROUTES[path] else [])


async def test_the_applications_lifespan_is_not_gated(recorder: Recorder) -> None:
    """What is neither a request nor a connection passes as it is."""
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    await gate(app, recorder)({"type": "lifespan"}, Client().receive, Client().send)
    assert seen == ["lifespan"]


async def test_a_shut_gate_answers_503_and_tells_nothing(
    ledger: Lying, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    """The client learns when to come back; why is in the log, and neither has anything of response or record."""
    ledger.refusals.extend([Unavailable("gone")] * 1000)
    with caplog.at_level(logging.INFO, "ledger.gate"):
        client = await Client().ask(gate(PlainTextResponse(DATA, headers=HEADERS), recorder))
    assert client.status == 503
    assert client.headers == {
        b"content-type": b"application/json",
        b"content-length": str(len(client.body)).encode(),
        b"retry-after": b"30",
    }
    assert json.loads(client.body)["error"].startswith("the release gate is shut: there is no receipt")
    why = r"the gate stays shut, nothing was handed over: not answered within 0\.3 s: (gone|Deadline Exceeded);"
    assert re.search(why, caplog.text)
    for word in ("distinctive-case", "Example Police", DATA.decode()):
        assert word not in caplog.text + str(client.sent)


UNRELEASED: dict[str, tuple[ASGIApp, Client, int, list[bytes]]] = {
    "an error": (PlainTextResponse(DATA, 404, HEADERS), Client(), 404, [b"content-length"]),
    "a redirection": (PlainTextResponse(DATA, 302, HEADERS), Client(), 302, [b"content-length"]),
    "nothing": (PlainTextResponse(b"", 200, HEADERS), Client(), 200, [b"content-length"]),
    "no content": (PlainTextResponse(b"", 204, HEADERS), Client(), 204, []),
    "HEAD": (PlainTextResponse(DATA, 200, HEADERS), Client(method="HEAD"), 200, [b"content-length"]),
}


@pytest.mark.parametrize("case", UNRELEASED)
async def test_of_what_is_not_released_the_status_alone_leaves(ledger: Lying, recorder: Recorder, case: str) -> None:
    """No body and no header of the application goes around the gate."""
    app, client, status, headers = UNRELEASED[case]
    await client.ask(gate(app, recorder))
    assert (client.status, client.body, list(client.headers)) == (status, b"", headers)
    assert said(ledger.world) == []


async def test_websockets_do_not_pass(ledger: Lying, recorder: Recorder) -> None:
    """What has no end cannot be described before it leaves."""
    client = await Client(kind="websocket").ask(gate(PlainTextResponse(DATA), recorder))
    assert client.sent == [{"type": "websocket.close", "code": 1008}]


def _sending(*messages: Any) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    return app


START = {"type": "http.response.start", "status": 200}
BODY = {"type": "http.response.body", "body": DATA}
MISTAKES: dict[str, tuple[ASGIApp, type[Exception], str]] = {
    "an unfinished body": (_sending(START, {**BODY, "more_body": True}), Refused, "response: incomplete when"),
    "nothing at all": (_sending(), Refused, "response: incomplete when"),
    "a body without a start": (_sending(BODY), Refused, "response: incomplete when"),
    "another kind of message": (
        _sending(START, {"type": "http.response.pathsend", "path": "/x"}),
        Refused,
        "response: of a kind that the gate does not let through",
    ),
    "too much": (_sending(START, {**BODY, "body": bytes(1001)}), InvalidInput, "response: more than the 1000 bytes"),
}


@pytest.mark.parametrize("case", MISTAKES)
async def test_a_mistaken_application_hands_nothing_over(ledger: Lying, recorder: Recorder, case: str) -> None:
    """The server learns of the mistake, and nothing was sent or recorded."""
    app, cls, words = MISTAKES[case]
    client = Client()
    with pytest.raises(cls, match=f"^{words}"):
        await client.ask(gate(app, recorder, limit=1000))
    assert (client.sent, said(ledger.world)) == ([], [])


def _hang_up(client: Client) -> None:
    client.gone.set()


def _break(_: Client) -> None:
    raise BrokenPipeError


@pytest.mark.parametrize("leave", [_hang_up, _break], ids=["told by receive", "told by send"])
async def test_a_recipient_that_hangs_up_makes_it_aborted(
    ledger: Lying, recorder: Recorder, leave: Callable[[Client], object], caplog: pytest.LogCaptureFixture
) -> None:
    """The rest is not sent, and the log says that the handover was not completed."""
    client = Client(on_body=leave)
    with caplog.at_level(logging.INFO, "ledger.gate"):
        await client.ask(gate(PlainTextResponse(bytes(3 * PIECE)), recorder))
    assert (len(client.body), client.complete) == (PIECE, False)
    assert said(ledger.world) == ["DISCLOSURE", "ABORTED 0"]
    assert "the recipient hung up before all was sent" in caplog.text


async def test_hanging_up_after_the_end_is_delivered(ledger: Lying, recorder: Recorder) -> None:
    """With the last piece sent the handover is complete."""
    await Client(on_body=_hang_up).ask(gate(PlainTextResponse(DATA), recorder))
    await asyncio.sleep(0)
    assert said(ledger.world) == ["DISCLOSURE", "DELIVERED 0"]
