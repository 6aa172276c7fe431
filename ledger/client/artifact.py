"""What a release lets out: its digest is taken once, and what is read afterwards is held against it."""

import hashlib
import io
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

from ledger.core.encoding import Hash, sha256
from ledger.core.errors import InvalidInput, Refused, VerificationFailed
from ledger.core.record import Artifact, DisclosureRecord

CHUNK: Final = 256 * 1024
"""Bytes that are read of a file at once."""

Given = bytes | Path | Artifact
"""An artifact: its bytes, its file, or what is known of one that lies elsewhere."""

CHANGED: Final = "artifact: not what was hashed: changed since, or while it was read"


@dataclass(frozen=True, slots=True)
class Content:
    """An artifact by SHA-256 and size in bytes, and where it can be read, if it can."""

    digest: Hash
    size: int
    _given: Given

    def open(self, check: Callable[[], None]) -> BinaryIO:
        """Return a reader that raises VerificationFailed unless it reads what was hashed, before its last bytes.

        Before it gives anything out it calls ``check``, which raises where it must not.

        Raises:
            Refused: only the digest is known here.
            InvalidInput: the file cannot be read.
        """
        match self._given:
            case bytes() as data:
                file: BinaryIO = io.BytesIO(data)
            case Path() as path:
                file = io.BufferedReader(_Checked(_opened(path), self.digest, self.size), CHUNK)
            case _:
                raise Refused("artifact: only its digest was given; read it where it lies")
        return cast(BinaryIO, _Guarded(file, check))


def take(given: Given) -> Content:
    """Return the digest and size of what is given; reads a file whole, so call it in a thread.

    Raises:
        InvalidInput: the file cannot be read, or is none.
    """
    match given:
        case bytes():
            return Content(sha256(given), len(given), given)
        case Path():
            digest, size = hashlib.sha256(), 0
            with _opened(given) as file:
                while piece := file.read(CHUNK):
                    digest.update(piece)
                    size += len(piece)
            return Content(Hash(digest.digest()), size, given)
        case _:
            return Content(Hash(bytes.fromhex(given.sha256)), given.bytes, given)


def check_artifact(record: DisclosureRecord, content: Content) -> None:
    """Raise InvalidInput unless ``content`` is what the record says was handed over."""
    if record.artifact is None:
        raise InvalidInput("artifact", "required for a release: the record says what is let out")
    if record.artifact.sha256 != content.digest.hex():
        raise InvalidInput("artifact.sha256", "not the one of what is to be let out")
    if record.artifact.bytes != content.size:
        raise InvalidInput("artifact.bytes", "not the size of what is to be let out")


def _opened(path: Path) -> io.FileIO:
    """Open a regular file; the errors name no path."""
    try:
        file = io.FileIO(path, opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))  # a pipe would wait
    except OSError as error:
        raise InvalidInput("artifact", f"cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise InvalidInput("artifact", "must be a regular file: it is read twice")
    return file


class _Guarded(io.BufferedIOBase):
    """A reader that asks before and after each read whether it may still give anything out."""

    def __init__(self, file: BinaryIO, check: Callable[[], None]) -> None:
        self._file, self._check = file, check

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        return self._given(self._file.read, -1 if size is None else size)

    def read1(self, size: int = -1) -> bytes:
        return self.read(CHUNK if size < 0 else size)

    def readline(self, size: int | None = -1) -> bytes:
        return self._given(self._file.readline, -1 if size is None else size)

    def _given(self, read: Callable[[int], bytes], size: int) -> bytes:
        self._check()
        data = read(size)
        self._check()
        return data

    def close(self) -> None:
        self._file.close()
        super().close()


class _Checked(io.RawIOBase):
    """A file whose last bytes are given out only once all of it has proven to be what was hashed."""

    def __init__(self, file: io.FileIO, digest: Hash, size: int) -> None:
        self._file, self._expected, self._left = file, digest, size
        self._digest, self._failed = hashlib.sha256(), False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # BufferedReader gives nothing else
        piece = self._file.read(min(len(buffer), self._left))
        self._left -= len(piece)
        self._digest.update(piece)
        whole = not self._left and not self._file.read(1) and self._digest.digest() == self._expected
        self._failed = self._failed or not (whole or (self._left and piece))
        if self._failed:
            raise VerificationFailed(CHANGED)
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._file.close()
        super().close()
