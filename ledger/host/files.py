"""Files that are whole or not there, and stay: written aside, synced, put in place; their directory is synced last.

When ``replace`` or ``create`` returns, the file survives a power failure. When one raises or the process dies, what was
there before is there, or the new file is: never half of one. ``put`` leaves the directory to a caller with many files.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

ASIDE: Final = ".new"
"""What ends the name of a file that is still being written."""


def replace(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path``, in place of what is there; one writer a path."""
    put(path, data)
    sync(path.parent)


def create(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path``; raise FileExistsError, and change nothing, if something is there."""
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        _write(aside, data)
        path.hardlink_to(aside)
    finally:
        aside.unlink(missing_ok=True)
    sync(path.parent)


def put(path: Path, data: bytes) -> None:
    """Do as ``replace``, but for the directory's ``sync``."""
    aside = path.with_name(path.name + ASIDE)
    _write(aside, data)
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


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
