"""``ledger serve`` that kills itself: python -m tests.faults.killing POINT PASS DIR.

Each point is a function of the server, wrapped from outside: the process sends itself SIGKILL when the function is
entered (before) or has returned (after) for the PASS-th time. The code under test knows nothing of it.
"""

import functools
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import current_thread
from typing import Any, Final

from ledger.cli.main import app
from ledger.engine import recovery
from ledger.engine.guard import HighWater
from ledger.engine.sequencer import Sequencer
from ledger.engine.store import Store
from ledger.engine.tiles import TileTree
from ledger.host import files
from ledger.service import convert, server
from ledger.service.waiting import Watchers

TORN: Final = "torn write"
"""The point that is told apart: in the middle of a write, with power lost."""

SYNCED: Final = "synced"
"""The file beside the ledger's directory that says how long LevelDB's log was when the last write began."""


@dataclass(frozen=True, slots=True)
class Point:
    """A function of the server, and which of its passes count; ``passes`` is the largest one worth waiting for."""

    owner: Any
    name: str
    counts: Callable[..., bool] = lambda *_: True
    passes: int = 25


def _of_mark(path: Path, *_: object) -> bool:
    return path.name == "high-water.json.new"


def _in_writer(*_: object) -> bool:
    return current_thread().name == "sequencer"


APPENDING: Final = {
    "queueing": Point(Sequencer, "_enqueue"),
    "taking": Point(Sequencer, "_next", _in_writer),
    "placing": Point(Sequencer, "_place"),
    "keeping a cosigned note": Point(Sequencer, "_place_cosigned", passes=10),
    "staging": Point(TileTree, "stage"),
    "signing": Point(Sequencer, "_sign"),
    "writing": Point(Store, "write"),
    "growing the tree": Point(TileTree, "apply"),
    "publishing": Point(Sequencer, "_snapshot", _in_writer),
    "telling listeners": Point(Watchers, "_published"),
    "noting the mark": Point(HighWater, "note"),
    "creating the new mark": Point(files, "_write", _of_mark, 2),
    "renaming the mark": Point(Path, "replace", _of_mark, 2),
    "having flushed the mark": Point(HighWater, "flush", passes=2),
    "settling": Point(Sequencer, "_settle"),
    "answering": Point(convert, "submitted"),
}
"""The steps of a commit, in their order."""

STARTING: Final = {
    "recovering": Point(recovery, "_load", passes=1),
    "opening the store": Point(Store, "open", passes=1),
    "loading the tree": Point(TileTree, "load", passes=1),
    "checking the mark": Point(HighWater, "check", passes=1),
    "listening": Point(server.Server, "_port", passes=1),
    "saying where": Point(server, "_write", passes=1),
}
"""The steps of a start."""

POINTS: Final = {
    f"{when} {name}": (point, when) for name, point in {**APPENDING, **STARTING}.items() for when in ("before", "after")
}


def arm(point: Point, when: str, passes: int) -> None:
    """Have the process kill itself before or after the given pass of ``point``."""
    original = getattr(point.owner, point.name)
    left = [passes]

    @functools.wraps(original)
    def dying(*args: Any, **how: Any) -> Any:
        counts = point.counts(*args)
        left[0] -= counts
        if when == "before" and counts and not left[0]:
            die()
        found = original(*args, **how)
        if when == "after" and counts and left[0] <= 0:
            die()
        return found

    setattr(point.owner, point.name, dying)


def arm_torn_write(passes: int) -> None:
    """Have the process note the length of LevelDB's logs before the given write, and kill itself right after it."""
    original = Store.write
    left = [passes]

    def write(store: Store, *args: Any) -> None:
        left[0] -= 1
        if not left[0]:
            directory = Path(sys.argv[3])
            lengths = [f"{path.name} {path.stat().st_size}\n" for path in directory.glob("store/*.log")]
            (directory.parent / SYNCED).write_text("".join(lengths))
        original(store, *args)
        if not left[0]:
            die()

    setattr(Store, "write", write)  # noqa: B010 -- an assignment would have to be ignored by mypy


def die() -> None:
    """End this process as a crash does."""
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Arm the point that the command line names and serve."""
    name, passes, directory = sys.argv[1:]
    if name == TORN:
        arm_torn_write(int(passes))
    else:
        arm(*POINTS[name], int(passes))
    app(["serve", directory])


if __name__ == "__main__":
    main()
