"""Files that are there whole or not at all, and stay: written under another name, synced, put in place, synced again.

When a function here returns, the file survives a power failure. When it raises or the process dies, what was there
before is there, or the new file is: never half of one.
"""

import os
from pathlib import Path


def replace(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path``, in place of what is there; one writer a path."""
    temporary = path.with_name(path.name + ".new")
    _write(temporary, data)
    temporary.replace(path)
    _sync_directory(path.parent)


def create(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path``; raise FileExistsError, and change nothing, if something is there."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        _write(temporary, data)
        path.hardlink_to(temporary)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_directory(path.parent)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
