"""A witness in a directory, in this process: its state, what it answers, and its HTTP face on a port of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ledger.core.checkpoint import SignedCheckpoint, verify_cosignatures
from ledger.core.note import Note, SignatureLine
from ledger.core.witnessing import AddCheckpoint, KnownLog, witness_vkey
from ledger.host.listening import listen
from ledger.witness.face import MAX_CONNECTIONS, Face, Server
from ledger.witness.state import State
from ledger.witness.telling import Metrics
from ledger.witness.witness import Reply, Witness
from tests.core.witnessed import LOG, NOW, WITNESS, asking, leaves

VKEY = witness_vkey(WITNESS)
SECONDS = 30
"""How long an answer may take before a test fails."""


@dataclass(slots=True)
class Clock:
    """A clock that a test sets."""

    time: float = NOW

    def __call__(self) -> float:
        """Return the time."""
        return self.time


@dataclass(slots=True)
class Site:
    """A witness that knows the test log."""

    directory: Path
    clock: Clock = field(default_factory=Clock)
    metrics: Metrics = field(default_factory=Metrics)

    @property
    def state(self) -> State:
        """Its state."""
        return State(self.directory, VKEY)

    def open(self) -> Witness:
        """Return the witness as a server starts it."""
        self.state.prepare()
        self.state.add(KnownLog(LOG.vkey(), LOG.name))
        return Witness(self.state, WITNESS, self.metrics, self.clock)

    @property
    def known(self) -> KnownLog:
        """What it knows of the test log."""
        known = self.state.known(LOG.name)
        assert known is not None
        return known

    def value(self, name: str, **labels: str) -> float | None:
        """Return a metric."""
        return self.metrics.registry.get_sample_value(name, labels)


def ask(witness: Witness, old: int, size: int, fork: int | None = None) -> Reply:
    """Have the test log ask for a cosignature of its first ``size`` leaves, those from ``fork`` on other ones."""
    return witness.add_checkpoint(asking(old, leaves(size, fork)).format())


def timestamp(request: AddCheckpoint, body: bytes) -> int:
    """Return the time at which an answer cosigns the request's checkpoint; the answer is that line alone."""
    line = body.decode()
    assert line.endswith("\n")
    note = Note(request.note.text, (SignatureLine.parse(line[:-1]),))
    return verify_cosignatures(SignedCheckpoint(request.checkpoint, note), [VKEY])[VKEY]


@asynccontextmanager
async def serving(site: Site) -> AsyncIterator[int]:
    """Serve the witness over HTTP and give the port; at the end everything is closed."""
    face = Face(site.open(), site.metrics)
    server = Server(face)
    with listen("127.0.0.1", 0, MAX_CONNECTIONS) as public:
        task = asyncio.create_task(server.serve([public]))
        try:
            yield public.getsockname()[1]
        finally:
            server.should_exit = True
            await task
            face.close()


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, header names in lower case."""

    code: int
    headers: dict[str, str]
    body: bytes


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    """Read one answer; raise IncompleteReadError or a connection's error if none comes."""
    async with asyncio.timeout(SECONDS):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
    return Answer(int(head[0].split()[1]), headers, body)


async def closed(reader: asyncio.StreamReader) -> bool:
    """Tell, once it is so, that the server has closed the connection without a word."""
    async with asyncio.timeout(SECONDS):
        try:
            return await reader.read(1) == b""
        except ConnectionError:
            return True


def head(method: str, path: str, *headers: str) -> bytes:
    """Return the head of a request."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: witness", *headers, "", ""]).encode()


def posted(body: bytes) -> bytes:
    """Return an add-checkpoint request."""
    return head("POST", "/add-checkpoint", f"Content-Length: {len(body)}") + body


async def exchange(port: int, raw: bytes) -> Answer:
    """Send one request on a connection of its own and return the answer."""
    async with asyncio.timeout(SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(raw)
            return await read_answer(reader)
        finally:
            writer.close()
