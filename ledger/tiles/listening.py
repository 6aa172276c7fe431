"""Where a log's files are served; apart from the server, so that who only hands the socket on need not import it."""

import socket
from typing import Final

CONNECTIONS: Final = 500
"""Open at a time; more are answered with 503."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens, and whose answers wait for no acknowledgement; raise OSError if it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.create_server((host, port), family=family, backlog=CONNECTIONS)
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what is accepted has it too
    return bound
