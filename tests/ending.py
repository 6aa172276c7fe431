"""Ends a process that is nobody's child any more, and waits until it has."""

import os
import select
import signal

SECONDS = 30


def end(process: int) -> None:
    """Ask the process of this id to stop and return once it is gone; raise TimeoutError if it stays."""
    descriptor = os.pidfd_open(process)
    try:
        signal.pidfd_send_signal(descriptor, signal.SIGTERM)
        if not select.select([descriptor], [], [], SECONDS)[0]:
            raise TimeoutError(f"process {process} did not stop")
    finally:
        os.close(descriptor)
