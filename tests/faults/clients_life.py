"""The life of a recorder's process, which ends where a test says, and what is on disk afterwards.

Each statement of its journal and each of its calls is a step, before and after. At the step where ``fuse`` burns down
the process is gone: the journal's files are copied as they are that moment, and nothing that the abandoned objects
still do reaches disk or network. ``power`` lost with it, what was written since the last synced commit is gone too.
"""

import shutil
import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class Died(BaseException):
    """The process is gone; nobody in it sees this."""


@dataclass(slots=True)
class Life:
    """One process with its journal in ``directory``; ``durable`` is a copy of what a loss of power leaves."""

    directory: Path
    durable: Path
    fuse: int | None = None
    power: bool = False
    left: Path | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _synced: bool = True

    def step(self) -> None:
        """Go on, unless this is where it ends."""
        with self._lock:
            if self.left is not None:
                raise Died
            if self.fuse is None:
                return
            if self.fuse:
                self.fuse -= 1
                return
            self.left = self.directory.with_name(f"{self.directory.name}+")
            shutil.copytree(self.durable if self.power else self.directory, self.left)
        raise Died

    def executed(self, statement: str, inside: bool) -> None:
        """Keep what a commit made durable; ``inside`` a transaction there is none."""
        if statement.startswith("PRAGMA synchronous="):
            self._synced = statement.endswith("=FULL")
        elif self._synced and not inside and not statement.startswith(("PRAGMA", "SELECT")):
            self.keep()

    def keep(self) -> None:
        """Count everything that is written as durable, unless the process is gone by then: another thread may die."""
        with self._lock:
            if self.left is None:
                shutil.rmtree(self.durable)
                shutil.copytree(self.directory, self.durable)

    def connect(self, path: Path, **how: Any) -> "Mortal":
        """Return a connection whose every statement is a step."""
        return Mortal(sqlite3.connect(path, **how), self)


class Mortal:
    """A SQLite connection of one life."""

    def __init__(self, connection: sqlite3.Connection, life: Life) -> None:
        self._connection, self._life = connection, life

    def execute(self, statement: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        """Execute one statement."""
        self._life.step()
        found = self._connection.execute(statement, values)
        self._life.executed(statement, self._connection.in_transaction)
        self._life.step()
        return found

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._connection.in_transaction

    def executemany(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Execute one statement for each row."""
        for values in rows:
            self.execute(statement, values)

    def executescript(self, script: str) -> None:
        """Execute several statements."""
        self._life.step()
        self._connection.executescript(script)
        self._life.executed(script, inside=False)
        self._life.step()

    def close(self) -> None:
        """Close, as the end of a process does too."""
        self._connection.close()
