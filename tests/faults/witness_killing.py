"""A witness that kills itself, by a clock that nobody can trust.

    python -m tests.faults.witness_killing POINT PASS DIR

POINT is one of ``POINTS`` or "none"; the clock jumps a day to and fro at each look.
"""

import asyncio
import signal
import sys
import time
from pathlib import Path
from random import Random
from typing import Final

from ledger.cli.options import load_key
from ledger.core.witnessing import AddCheckpoint
from ledger.host import files, lines
from ledger.witness import serving, witness
from ledger.witness.face import Face
from ledger.witness.state import State
from ledger.witness.witness import Witness
from tests.faults.killing import Point, arm

DAY: Final = 86_400


def _put(path: Path, *_: object) -> bool:
    return path.name.endswith(".new")


def _of_logs(path: Path, *_: object) -> bool:
    return path.name == "logs"


def _of_submission(_: Face, request: str, *__: object) -> bool:
    return request == "add-checkpoint"


STEPS: Final = {
    "taking a request": Point(Witness, "add_checkpoint"),
    "parsing": Point(AddCheckpoint, "parse"),
    "reading the state": Point(State, "known"),
    "deciding": Point(witness, "decide"),
    "writing the new file": Point(files, "_write", _put),
    "renaming it": Point(Path, "replace", _put),
    "syncing the directory": Point(files, "sync", _of_logs),
    "keeping evidence": Point(State, "keep_split", passes=8),
    "answering": Point(Face, "_answer", _of_submission),
}
"""What a request goes through, in its order."""

POINTS: Final = {f"{when} {name}": (point, when) for name, point in STEPS.items() for when in ("before", "after")}
UNSYNCED: Final = ("before syncing the directory", "after renaming it")
"""Where a power failure may still bring the old file back."""
BEFORE: Final = "before"
"""The file beside the witness's directory that holds what the last replaced file held."""


def jumping() -> float:
    """Return a time that is up to a day off."""
    return time.time() + Random().randint(-DAY, DAY)  # noqa: S311 -- a clock that jumps, no key


def remember(directory: Path) -> None:
    """Have every file that is replaced kept as it was, for a power failure to bring back."""
    replace = files.replace

    def remembering(path: Path, data: bytes) -> None:
        (directory.parent / BEFORE).write_bytes(path.read_bytes())
        replace(path, data)

    setattr(files, "replace", remembering)  # noqa: B010 -- an assignment would have to be ignored by mypy


async def serve(directory: Path) -> None:
    """Serve the witness until SIGTERM."""
    key = load_key(directory / "witness.key", "witness")
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    state = State(directory, key.public.vkey())
    await serving.serve(state, key.signing_key(), serving.Listen(("127.0.0.1", 0)), stopping, jumping)


def main() -> None:
    """Arm the point that the command line names and serve."""
    name, passes, directory = sys.argv[1:]
    if name in UNSYNCED:
        remember(Path(directory))
    if name in POINTS:
        arm(*POINTS[name], int(passes))
    lines.set_up()
    asyncio.run(serve(Path(directory)))


if __name__ == "__main__":
    main()
