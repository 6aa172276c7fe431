"""A witness on loopback that answers as a test says: well, badly, late, or not at all."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ledger.core.checkpoint import cosign
from ledger.core.note import SigningKey
from ledger.core.witnessing import AddCheckpoint
from tests.core.witnessed import NOW, WITNESS


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a body and headers; ``length`` is what Content-Length says, by default the truth."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    close: bool = False


SILENCE = None
"""The answer of a witness that says nothing until the test is over."""

Script = Callable[[AddCheckpoint, int], Answer | None]
"""Returns the answer to a request and how many there were before."""


@dataclass(slots=True)
class Scripted:
    """A running witness: its submission prefix, what it was asked, where, and over how many connections."""

    url: str
    asked: list[AddCheckpoint] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    connections: int = 0


def cosigning(request: AddCheckpoint, time: int = NOW, key: SigningKey = WITNESS) -> Answer:
    """Return the answer of a witness that cosigns whatever it is asked."""
    return Answer(200, f"{cosign(request.checkpoint, time, key).format()}\n".encode())


@contextmanager
def scripted(script: Script) -> Iterator[Scripted]:
    """Serve ``script`` on a port that the system chooses."""
    over, lock = threading.Event(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            with lock:
                found.connections += 1

        def do_POST(self) -> None:
            request = AddCheckpoint.parse(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                count = len(found.asked)
                found.asked.append(request)
                found.paths.append(self.path)
            answer = script(request, count)
            if answer is None:
                over.wait()
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body) if answer.length is None else answer.length))
            self.end_headers()
            self.wfile.write(answer.body)
            self.close_connection = answer.close or answer.length is not None

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Scripted(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield found
    finally:
        over.set()
        server.shutdown()
        thread.join()
        server.server_close()
