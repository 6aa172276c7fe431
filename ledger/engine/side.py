"""A process beside this one that does one thing over and over: the interpreter lets one thread run at a time.

The other end is ``python -m ledger.engine.side TARGET FD``. It is told what to work with, then answers one call after
another, and ends when its socket does: whatever kills the process that started it, none stays behind.
"""

import gc
import importlib
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Final

from ledger.core.errors import LedgerError, Unavailable

COLLECT_AFTER: Final = 100_000
"""Objects made before the interpreter looks for cycles among them: work like this makes none."""


class Side:
    """Calls ``target``, written ``module:function``, elsewhere; one call at a time.

    ``target`` takes ``setup`` and returns the function of bytes that each ``call`` calls; it has no effect but its
    answer. The process starts with the first call, and anew when it has ended.
    """

    def __init__(self, target: str, setup: bytes = b"") -> None:
        self._target, self._setup = target, setup
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None

    def call(self, data: bytes) -> Any:
        """Return what the function makes of ``data``, or raise what it raises.

        Raises:
            Unavailable: the process ended under the call, and so did the next.
            RuntimeError: the function raised something that is no LedgerError; the message is its type's name.
        """
        for _ in range(2):
            try:
                connection = self._connect()
                connection.send_bytes(data)
                answer = pickle.loads(connection.recv_bytes())  # noqa: S301 -- from a process of our own
            except (EOFError, OSError):
                self.close()
                continue
            if isinstance(answer, Exception):
                raise answer
            return answer
        raise Unavailable("a process that the ledger started ended; try again")

    def close(self) -> None:
        """End the process; the next call starts another."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.wait()
        self._connection = self._process = None

    def _connect(self) -> Connection:
        if self._connection is None:
            ours, theirs = socket.socketpair()
            self._connection = Connection(ours.detach())
            with theirs:
                command = [sys.executable, "-P", "-m", __name__, self._target, str(theirs.fileno())]
                self._process = subprocess.Popen(  # noqa: S603 -- this module, by this interpreter
                    command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
                )
            self._connection.send_bytes(self._setup)
        return self._connection


def serve(connection: Connection, make: Callable[[bytes], Callable[[bytes], Any]]) -> None:
    """Answer calls until the other end is gone."""
    with suppress(EOFError, OSError):
        function = make(connection.recv_bytes())
        while True:
            connection.send_bytes(pickle.dumps(_attempt(function, connection.recv_bytes()), pickle.HIGHEST_PROTOCOL))


def _attempt(function: Callable[[bytes], Any], data: bytes) -> Any:
    try:
        return function(data)
    except LedgerError as error:
        return error
    except Exception as error:
        return RuntimeError(type(error).__name__)  # its message may quote what was checked


def main() -> None:
    """Serve the target that the command line names on the descriptor that it names."""
    for number in (signal.SIGINT, signal.SIGTERM):  # meant for the process that started this one, which ends it
        signal.signal(number, signal.SIG_IGN)
    target, descriptor = sys.argv[1:]
    module, _, name = target.partition(":")
    make = getattr(importlib.import_module(module), name)
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 10, 10)
    serve(Connection(int(descriptor)), make)


if __name__ == "__main__":
    main()
