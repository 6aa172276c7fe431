"""Files that are whole or not there, whenever the machine stops: written aside, made durable, renamed into place.

A rename is durable once its directory is: ``sync`` of the directory is the caller's, who may do many at once.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

ASIDE: Final = ".new"
"""What ends the name of a file that is still being written."""


def put(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` in place of whatever is there; its directory exists."""
    aside = path.with_name(path.name + ASIDE)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    aside.replace(path)


def sync(directory: Path) -> None:
    """Make durable what names a directory holds."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(directory: Path) -> None:
    """Remove a directory with the files in it, if it is there."""
    with suppress(FileNotFoundError):
        for path in list(directory.iterdir()):
            path.unlink()
        directory.rmdir()
