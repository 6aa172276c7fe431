"""What the other process does in the tests of ``Side``: found there by its name."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

from ledger.core.errors import InvalidInput, Uncheckable


def make(setup: bytes) -> Callable[[bytes], bytes | int]:
    """Return a function that answers with ``setup`` before what it is given, or does what it is told."""

    def function(data: bytes) -> bytes | int:
        match data:
            case b"who":
                return os.getpid()
            case b"die":
                os.kill(os.getpid(), signal.SIGKILL)
            case b"die once":
                marker = Path(setup.decode())
                if not marker.exists():
                    marker.touch()
                    os.kill(os.getpid(), signal.SIGKILL)
            case b"bad":
                raise InvalidInput("keys", "must be few")
            case b"later":
                raise Uncheckable("of another version")
            case b"bug":
                raise KeyError("the name of a subject")
        return setup + data

    return function
