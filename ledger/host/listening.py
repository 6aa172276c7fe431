"""Sockets that listen; apart from what serves on them, so that who only hands one on need not import that."""

import socket


def listen(host: str, port: int, backlog: int) -> socket.socket:
    """Return a socket that listens, and whose answers wait for no acknowledgement; raise OSError if it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.create_server((host, port), family=family, backlog=backlog)
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what is accepted has it too
    return bound
