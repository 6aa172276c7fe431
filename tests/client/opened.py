"""A recorder opened as services open it, over a lying ledger whose clock a test moves."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from ledger.client.opening import open_recorder
from ledger.client.recorder import Recorder
from ledger.core import bodies
from ledger.core.bodies import Period
from ledger.core.closings import Book
from ledger.core.statement import decode_leaf
from tests.client.lying import Lying
from tests.client.recording import SOURCE
from tests.client.test_opening import key, profile
from tests.core.world import World, replay, secret


def world_of(period: Period, officers: int = 0) -> World:
    """Return a log with one auditor and one source, which closes as often, with an approval of so many officers."""
    world = World.open()
    world.add_auditor("one")
    world.secrets[SOURCE] = secret(f"{SOURCE} 0")
    named = tuple(officer(number).public for number in range(officers))
    body = replace(world.enrolment(SOURCE), closing_period=period, officers=named, officer_threshold=officers)
    world.govern(world.proven(body, world.secrets[SOURCE]))
    return world


def officer(number: int) -> Any:
    """Return the key of an officer."""
    return secret(f"officer {number}")


def recorder_of(ledger: Lying, folder: Path, **how: Any) -> AbstractAsyncContextManager[Recorder]:
    """Return an opening recorder of the source, whose clock is the world's."""
    clock = lambda: ledger.world.minute * 60.0  # noqa: E731 -- the world's clock, in seconds
    return open_recorder(profile(ledger, folder), key(ledger.world.secrets[SOURCE]), clock, **how)


def book(ledger: Lying) -> Book:
    """Return what the log itself counts of the source."""
    return ledger.world.state.sources[SOURCE].book


def closings(leaves: Sequence[bytes]) -> list[bodies.Closing]:
    """Return the CLOSINGs of a log, in order."""
    said = [decode_leaf(leaf).statement.body for leaf in leaves]
    return [body for body in said if isinstance(body, bodies.Closing)]


def check_tiling(world: World) -> list[bodies.Closing]:
    """Return the CLOSINGs of a log that replays from its leaves, once they are seen to tile time and sequence."""
    assert replay(world.leaves) == world.state
    said = closings(world.leaves)
    for before, after in pairwise(said):
        assert (after.start, after.first_sequence) == (before.end, before.end_sequence)
    assert not said or said[0].first_sequence == 0
    return said
