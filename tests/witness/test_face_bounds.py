"""No client takes the witness from the others: not by being slow, large, many, or gone."""

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ledger.core.witnessing import MAX_REQUEST
from ledger.witness import face
from ledger.witness.witness import Reply, Witness
from tests.core.witnessed import asking, leaves
from tests.witness.served import Site, closed, exchange, head, posted, read_answer, serving

SEVEN = posted(asking(0, leaves(7)).format())
SOON = 0.05
"""Seconds until a deadline in tests of what comes after it."""


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[int]:
    """Serve a witness and return its port."""
    async with serving(Site(tmp_path / "state")) as port:
        yield port


SLOW = {
    "says nothing": b"",
    "stops in the head": SEVEN[:30],
    "stops before the body": head("POST", "/add-checkpoint", "Content-Length: 100"),
    "stops in the body": SEVEN[:-1],
    "stops in a chunk": head("POST", "/add-checkpoint", "Transfer-Encoding: chunked") + b"5\r\nold",
}


@pytest.mark.parametrize("sent", SLOW.values(), ids=SLOW)
async def test_a_client_that_stops_is_let_go(sent: bytes, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever a client falls silent, its connection is closed when its time is over."""
    monkeypatch.setattr(face, "REQUEST_SECONDS", SOON)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    assert await closed(reader)
    writer.close()


async def test_a_connection_that_is_kept_has_a_deadline_for_each_answer(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an answer the same holds for the next request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(SEVEN)
    assert (await read_answer(reader)).code == 200
    monkeypatch.setattr(face, "REQUEST_SECONDS", SOON)
    writer.write(SEVEN)
    assert (await read_answer(reader)).code == 409
    writer.write(SEVEN[:30])
    assert await closed(reader)
    writer.close()


async def test_several_requests_on_one_connection_are_answered_in_order(port: int) -> None:
    """A client may keep its connection, and need not wait before it sends the next request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(SEVEN + posted(asking(7, leaves(9)).format()) + SEVEN)
    assert [(await read_answer(reader)).code for _ in range(3)] == [200, 200, 409]
    writer.close()


async def test_slow_clients_do_not_hold_up_a_quick_one(port: int) -> None:
    """While a hundred clients have sent half a request, another one is answered."""
    slow = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", port) for _ in range(100)))
    for _, writer in slow:
        writer.write(SEVEN[:-1])
    assert (await exchange(port, SEVEN)).code == 200
    for _, writer in slow:
        writer.write(SEVEN[-1:])
    assert {(await read_answer(reader)).code for reader, _ in slow} == {409}
    for _, writer in slow:
        writer.close()


ENDLESS = {
    "a head": (b"GET / HTTP/1.1\r\n", b"x: " + b"y" * 1000 + b"\r\n"),
    "a body": (head("POST", "/add-checkpoint", "Content-Length: 1000000000"), b"x" * 1000),
    "a body in chunks": (
        head("POST", "/add-checkpoint", "Transfer-Encoding: chunked"),
        b"3e8\r\n" + b"x" * 1000 + b"\r\n",
    ),
}


@pytest.mark.parametrize(("begin", "more"), ENDLESS.values(), ids=ENDLESS)
async def test_a_client_that_never_ends_is_let_go(begin: bytes, more: bytes, port: int) -> None:
    """A request without end is cut off not far past the longest that is allowed."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(begin)
    sent = 0
    while not writer.is_closing() and sent < 100 * MAX_REQUEST:
        writer.write(more)
        sent += len(more)
        try:
            await writer.drain()
        except ConnectionError:
            break
    assert sent < 100 * MAX_REQUEST
    writer.close()
    assert (await exchange(port, SEVEN)).code == 200


@pytest.mark.parametrize("sent", [SEVEN[:-1], SEVEN], ids=["before the body's end", "before the answer"])
async def test_a_client_that_is_gone_disturbs_nothing(sent: bytes, port: int) -> None:
    """Who leaves without waiting for the answer leaves the witness answering others."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await exchange(port, posted(asking(0, leaves(9)).format()))).code in (200, 409)


async def test_connections_are_bounded(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection too many is closed at once; when another one ends there is room again."""
    monkeypatch.setattr(face, "MAX_CONNECTIONS", 2)
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
    for reader, writer in held:
        writer.write(head("GET", "/x/checkpoint"))
        assert (await read_answer(reader)).code == 404
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert await closed(reader)
    writer.close()
    held[0][1].write(head("GET", "/x/checkpoint", "Connection: close"))
    assert (await read_answer(held[0][0])).code == 404
    assert await closed(held[0][0])
    assert (await exchange(port, SEVEN)).code == 200
    for _, writer in held:
        writer.close()


@dataclass(frozen=True, slots=True)
class Gate:
    """Where the thread that decides waits until it is opened."""

    entered: threading.Event
    opened: threading.Event


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Hold up the thread that decides."""
    gate = Gate(threading.Event(), threading.Event())
    decide = Witness.add_checkpoint

    def waiting(witness: Witness, body: bytes) -> Reply:
        gate.entered.set()
        gate.opened.wait()
        return decide(witness, body)

    monkeypatch.setattr(Witness, "add_checkpoint", waiting)
    return gate


async def test_waiting_requests_are_bounded(port: int, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the bound the answer is 503 and when to come back; those that wait are answered."""
    monkeypatch.setattr(face, "MAX_WAITING", 2)
    waiting = [asyncio.create_task(exchange(port, SEVEN)) for _ in range(3)]
    done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    answer = done.pop().result()
    assert (answer.code, answer.headers["retry-after"]) == (503, "1")
    gate.opened.set()
    assert sorted([(await task).code for task in waiting]) == [200, 409, 503]


async def test_a_stop_answers_what_is_under_way(tmp_path: Path, gate: Gate) -> None:
    """A request that waits while the server is told to stop still gets its signature; idle connections are closed."""
    async with serving(Site(tmp_path / "state")) as port:
        idle, other = await asyncio.open_connection("127.0.0.1", port)
        other.write(head("GET", "/"))
        assert (await read_answer(idle)).code == 404
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(SEVEN)
        await asyncio.to_thread(gate.entered.wait)
        opening = asyncio.create_task(_open_after(idle, gate))
    assert await opening
    assert (await read_answer(reader)).code == 200
    writer.close()


async def _open_after(idle: asyncio.StreamReader, gate: Gate) -> bool:
    """Open the gate once the stop has begun."""
    stopping = await closed(idle)
    gate.opened.set()
    return stopping
