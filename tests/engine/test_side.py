"""A process beside this one answers like a function here, and neither outlives the other nor takes it down."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from ledger.core.errors import InvalidInput, Unavailable, Uncheckable
from ledger.engine.side import Side

ROOT: Final = Path(__file__).parents[2]
TARGET: Final = "tests.engine.sides:make"
LONGEST: Final = 30.0
"""Seconds after which a process that should have ended counts as one that never does."""


@pytest.fixture(autouse=True)
def path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the other process find the target."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def side() -> Iterator[Side]:
    """A side that is closed in the end."""
    found = Side(TARGET, b"setup ")
    yield found
    found.close()


def is_gone(process: int) -> bool:
    """Return whether a process that is no child of this one has ended."""
    ends = time.monotonic() + LONGEST
    while time.monotonic() < ends:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
    return False


def test_it_answers_call_after_call_from_one_other_process(side: Side) -> None:
    """What the target was set up with is in each answer, of whatever size, and one process gives them all."""
    assert side.call(b"") == b"setup "
    large = bytes(5_000_000)
    assert side.call(large) == b"setup " + large
    first = side.call(b"who")
    assert first != os.getpid()
    assert side.call(b"who") == first


def test_what_it_refuses_is_refused_here(side: Side) -> None:
    """The ledger's errors arrive whole, and the process goes on."""
    with pytest.raises(InvalidInput, match="keys: must be few") as refused:
        side.call(b"bad")
    assert (refused.value.field, refused.value.message) == ("keys", "must be few")
    with pytest.raises(Uncheckable, match="of another version"):
        side.call(b"later")
    assert side.call(b"x") == b"setup x"


def test_what_nobody_expected_comes_without_its_words(side: Side) -> None:
    """An error that is none of the ledger's is told by its type: its message may quote what was checked."""
    with pytest.raises(RuntimeError, match=r"^KeyError$"):
        side.call(b"bug")
    assert side.call(b"x") == b"setup x"


def test_a_process_that_was_killed_is_started_anew(side: Side) -> None:
    """Between two calls the process may end: the next one is answered by another."""
    first = side.call(b"who")
    os.kill(first, signal.SIGKILL)
    second = side.call(b"who")
    assert second not in (first, os.getpid())


def test_a_call_that_lost_its_process_is_made_again(tmp_path: Path) -> None:
    """A process that ends under a call does no harm: the target has no effect but its answer."""
    marker = str(tmp_path / "died").encode()
    side = Side(TARGET, marker)
    try:
        assert side.call(b"die once") == marker + b"die once"
    finally:
        side.close()


def test_a_call_that_ends_every_process_is_refused(side: Side) -> None:
    """What takes a second process down too is not tried for ever, and what comes after it is answered."""
    with pytest.raises(Unavailable, match="a process that the ledger started ended; try again"):
        side.call(b"die")
    assert side.call(b"x") == b"setup x"


def test_no_process_that_cannot_start_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an interpreter to run, the call says so instead of waiting."""
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    with pytest.raises(Unavailable):
        Side(TARGET).call(b"x")


def test_an_unknown_target_is_refused() -> None:
    """A process that ends at once is found out by the first call."""
    with pytest.raises(Unavailable):
        Side("tests.engine.sides:nothing").call(b"x")


def test_closing_ends_the_process(side: Side) -> None:
    """After close nothing is left, and another call starts anew."""
    first = side.call(b"who")
    side.close()
    assert is_gone(first)
    assert side.call(b"x") == b"setup x"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_to_a_whole_group_are_not_for_it(side: Side, number: signal.Signals) -> None:
    """A terminal and a service manager signal every process: this one is ended by the one that started it."""
    process = side.call(b"who")
    os.kill(process, number)
    assert side.call(b"who") == process


def test_whoever_kills_the_one_takes_the_other_down() -> None:
    """A process that is killed leaves none behind: no store stays locked, no port taken."""
    script = (
        f"import sys\nfrom ledger.engine.side import Side\nprint(Side({TARGET!r}).call(b'who'), flush=True)\ninput()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    assert is_gone(child)
