"""A folder served on loopback, and answers as they come."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.host.listening import listen
from ledger.tiles import CONNECTIONS
from ledger.tiles.server import make_server


@contextmanager
def served(folder: Path) -> Iterator[int]:
    """Serve ``folder`` and yield the port."""
    server = make_server(folder)
    with listen("127.0.0.1", 0, CONNECTIONS) as bound:
        thread = threading.Thread(target=server.run, args=([bound],))
        thread.start()
        try:
            yield bound.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of the answer to a path that is sent as it is."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()
