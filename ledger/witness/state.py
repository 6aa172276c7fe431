"""What a witness keeps: a file a log, in a directory that one server at a time may serve.

    DIR/logs/<hex SHA-256(origin)>   vkey LF origin LF LF, then the latest checkpoint under both signatures, or none LF
    DIR/evidence/…-<size>-….split    two checkpoints of one size and different roots
    DIR/lock                         held while a server runs

A file and not a database: what must change together, size, root and time, is one signed note, replaced in one step,
and both signatures are verified whenever it is read, so that nothing is cosigned on the word of a damaged disk.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.core.encoding import sha256
from ledger.core.errors import InvalidInput, LedgerError, Locked, StoreDamaged
from ledger.core.note import Note, VKey
from ledger.core.split import split_by_roots
from ledger.core.witnessing import KnownLog, Latest
from ledger.host import files

MAX_SPLITS: Final = 16
"""Pieces of evidence kept of one log: one convicts it, and it must not fill the disk."""

_NONE: Final = b"none\n"
"""Stands for the checkpoint of a log of which none was cosigned: a file that was cut short must not say that."""
_NAME: Final = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class State:
    """The state in ``directory`` of the witness whose cosignatures verify under ``witness``."""

    directory: Path
    witness: VKey

    @property
    def _logs(self) -> Path:
        return self.directory / "logs"

    @property
    def evidence(self) -> Path:
        """Where evidence against logs is."""
        return self.directory / "evidence"

    def prepare(self) -> None:
        """Make the directories, for the owner alone."""
        for path in (self.directory, self._logs, self.evidence):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other servers out; raise Locked if one is in."""
        descriptor = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Locked(f"{self.directory}: another server has this state open; stop it first") from None
            yield
        finally:
            os.close(descriptor)

    def known(self, origin: str) -> KnownLog | None:
        """Return what is known of a log; raise StoreDamaged if that cannot be believed."""
        return self.find(origin_hash(origin))

    def find(self, name: str) -> KnownLog | None:
        """Return what is known of the log with this hash of its origin; raise StoreDamaged as ``known`` does."""
        if not _NAME.match(name):
            return None
        path = self._logs / name
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            known = _parse(raw, self.witness)
        except LedgerError as error:
            raise StoreDamaged(f"{path}: {error}") from None
        if origin_hash(known.origin) != name:
            raise StoreDamaged(f"{path}: of another origin than its name says")
        return known

    def all(self) -> list[KnownLog]:
        """Return every log, by origin; raise StoreDamaged as ``known`` does."""
        found = [self.find(path.name) for path in self._logs.iterdir()]
        return sorted([known for known in found if known], key=lambda known: known.origin)

    def add(self, known: KnownLog) -> KnownLog:
        """Make a log known, durably, and return what is known of it: if it was, nothing changes.

        Raises:
            InvalidInput: its origin is known under another key.
        """
        try:
            files.create(self._path(known), _format(known))
        except FileExistsError:
            found = self.known(known.origin)
            if found is None or found.vkey != known.vkey:
                raise InvalidInput("origin", "known already, under another key") from None
            return found
        return known

    def put(self, known: KnownLog) -> None:
        """Replace what is known of a log, durably; raise OSError if that failed, and it may or may not have."""
        files.replace(self._path(known), _format(known))

    def _path(self, known: KnownLog) -> Path:
        return self._logs / origin_hash(known.origin)

    def keep_split(self, known: KnownLog, split: tuple[Note, Note]) -> Path | None:
        """Keep evidence against a log and return where; None if it is kept already, or enough of its kind is."""
        size, root = split[1].text.split("\n")[1:3]
        name = origin_hash(known.origin)[:16]
        path = self.evidence / f"{name}-{size}-{sha256(root.encode()).hex()[:16]}.split"
        if path.exists() or len(list(self.evidence.glob(f"{name}-*.split"))) >= MAX_SPLITS:
            return None
        files.create(path, split_by_roots(known.vkey, *[note.format() for note in split]))
        return path


def origin_hash(origin: str) -> str:
    """Return the hex SHA-256 of an origin, by which a witness publishes (C2SP tlog-witness)."""
    return sha256(origin.encode()).hex()


def _format(known: KnownLog) -> bytes:
    note = known.latest.signed.note.format() if known.latest else _NONE
    return f"{known.vkey.format()}\n{known.origin}\n\n".encode() + note


def _parse(raw: bytes, witness: VKey) -> KnownLog:
    parts = raw.split(b"\n", 3)
    if len(parts) != 4 or parts[2]:
        raise InvalidInput("file", "not a key, an origin, a blank line and a checkpoint")
    try:
        vkey, origin = VKey.parse(parts[0].decode()), parts[1].decode()
    except UnicodeDecodeError:
        raise InvalidInput("file", "not UTF-8") from None
    note = parts[3]
    return KnownLog(vkey, origin, None if note == _NONE else Latest.open(note, vkey, origin, witness))
