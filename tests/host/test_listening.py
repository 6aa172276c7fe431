"""What Go's clients met: an answer whose head and body travel apart must not wait for the head's acknowledgement."""

import socket

from ledger.host.listening import listen


def test_no_answer_is_held_back() -> None:
    """A connection that is accepted sends what it is given at once: it has TCP_NODELAY."""
    with listen("127.0.0.1", 0, 5) as bound, socket.create_connection(bound.getsockname()):
        accepted, _ = bound.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
