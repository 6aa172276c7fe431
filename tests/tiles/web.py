"""A web server on loopback that answers as a test says: well, badly, late, or not at all."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, headers and a body; ``length`` is what Content-Length says, by default the truth, "" nothing."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: str | None = None


SILENCE = None
"""The answer of a server that says nothing until the test is over."""

Answering = Callable[[str, int], Answer | None]
"""Returns the answer to a path and how often it was asked for before."""


@dataclass(slots=True)
class Web:
    """A running server: its URL, what was asked for in order, how many connections were made, and the first request."""

    url: str
    asked: list[str] = field(default_factory=list)
    connections: int = 0
    headers: list[dict[str, str]] = field(default_factory=list)
    first: threading.Event = field(default_factory=threading.Event)


@contextmanager
def web(answering: Answering) -> Iterator[Web]:
    """Serve ``answering`` on a port that the system chooses."""
    over, counts, lock = threading.Event(), defaultdict[str, int](int), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            with lock:
                found.connections += 1

        def do_GET(self) -> None:
            with lock:
                found.asked.append(self.path)
                found.headers.append(dict(self.headers))
                count, counts[self.path] = counts[self.path], counts[self.path] + 1
            found.first.set()
            answer = answering(self.path, count)
            if answer is None:
                over.wait()
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            length = str(len(answer.body)) if answer.length is None else answer.length
            if length:
                self.send_header("Content-Length", length)
            self.end_headers()
            self.wfile.write(answer.body)
            self.close_connection = answer.length is not None

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Web(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield found
    finally:
        over.set()
        server.shutdown()
        thread.join()
        server.server_close()
