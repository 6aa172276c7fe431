"""Releases, a network that fails in every way, and crashes, in any order: no interleaving gets past the gate.

No block runs without its DISCLOSURE in the log, no record that was logged is left without an end, and none has two.
"""

import asyncio
import shutil
import tempfile
import warnings
from collections import deque
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final, TypeVar
from unittest import mock

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from ledger.client import exchange
from ledger.client.gate import Release
from ledger.client.recorder import Recorder
from ledger.core.errors import GateShut, LedgerError, Unavailable, Unresolved
from tests.client.gating import described, said
from tests.client.lying import Lying, lying
from tests.client.recording import opened_world, recording

PATIENCE: Final = 0.03
AWAY: Final = Unavailable("gone")
NETWORKS: Final = ("fine", "lost", "away", "silent", "lying")

T = TypeVar("T")


class Gates(RuleBasedStateMachine):
    """A source's gates over a lying ledger; ``ends`` is what the log has to say in the end, by sequence.

    What can happen next depends on time, so a rule that does not apply does nothing rather than have a precondition.
    """

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.directory = Path(tempfile.mkdtemp(prefix="gates-"))
        self.state = self.directory / "0"
        self.patches = mock.patch.object(exchange, "FIRST_DELAY", 0.001)
        self.patches.start()
        self.serving, self.opening = AsyncExitStack(), AsyncExitStack()
        self.ledger: Lying = self.run(self.serving.enter_async_context(lying(opened_world())))
        self.recorder: Recorder | None = None
        self.open: list[tuple[Release, Recorder]] = []
        self.ends: dict[int, str] = {}
        self.crashes = self.tries = 0

    def run(self, what: Coroutine[Any, Any, T]) -> T:
        """Run a step on the machine's loop."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Unresolved)
            return self.runner.run(what)

    @rule(network=st.sampled_from(NETWORKS))
    def change_network(self, network: str) -> None:
        """From now on it is like this."""
        ledger = self.ledger
        ledger.losses = deque([AWAY] * 10_000 if network == "lost" else [])
        ledger.refusals = deque([AWAY] * 10_000 if network == "away" else [])
        ledger.hold = network == "silent"
        ledger.lies = {"SubmitBatch": _lie} if network == "lying" else {}

    @rule()
    def open_recorder(self) -> None:
        """Open; a network that fails keeps the recorder closed, with nothing lost."""
        if self.recorder is not None:
            return
        try:
            self.recorder = self.run(
                self.opening.enter_async_context(recording(self.ledger, self.state, patience=PATIENCE))
            )
        except LedgerError:
            self.recorder = None

    @rule(within=st.sampled_from([None, 0.01]), count=st.integers(1, 3))
    def enter(self, within: float | None, count: int) -> None:
        """Try to get through, several at once."""
        if self.recorder is not None:
            self.run(self._enter(self.recorder, within, count))

    async def _enter(self, recorder: Recorder, within: float | None, count: int) -> None:
        tries = []
        for _ in range(count):
            self.tries += 1
            data = b"artifact %d" % self.tries
            tries.append(recorder.release(described(data), data, within))
        for release, entered in zip(
            tries, await asyncio.gather(*(item.__aenter__() for item in tries), return_exceptions=True), strict=True
        ):
            if isinstance(entered, BaseException):
                assert isinstance(entered, GateShut), entered
                continue
            sequence = release.receipt.sequence
            assert self.logged(sequence), "somebody was let through without an entry"
            assert sequence not in self.ends, "one receipt let out twice"
            self.ends[sequence] = "DELIVERED"
            self.open.append((release, recorder))

    def logged(self, sequence: int) -> bool:
        """Whether the source's chain reaches past ``sequence``."""
        return self.ledger.world.state.sources["alpha"].next_sequence > sequence

    @rule(fails=st.booleans())
    def leave(self, fails: bool) -> None:
        """End a block; while its recorder is open an error is known as ABORTED, afterwards it cannot be."""
        if not self.open:
            return
        release, recorder = self.open.pop()
        error = ValueError() if fails else None
        self.run(release.__aexit__(type(error) if error else None, error, None))
        if fails and recorder is self.recorder:
            self.ends[release.receipt.sequence] = "ABORTED"

    @rule()
    def close(self) -> None:
        """Close, with or without blocks that are still open."""
        if self.recorder is not None:
            self.run(self._close())

    async def _close(self) -> None:
        self.recorder = None
        await self.opening.aclose()

    @rule()
    def crash(self) -> None:
        """Go on from what is on disk this moment, in another directory, as after kill -9."""
        if self.recorder is None:
            return
        self.crashes += 1
        left = self.directory / str(self.crashes)
        shutil.copytree(self.state, left)
        self.ledger.refusals.extendleft([AWAY] * 10_000)  # nothing of the dead process arrives any more
        self.run(self._close())
        self.ledger.refusals.clear()
        self.state, self.open = left, []

    def teardown(self) -> None:
        """With a network that is fine, two openings later everything has the end that it should have."""
        try:
            self.change_network("fine")
            if self.recorder is not None:
                self.run(self._close())
            for _ in range(2):
                self.open_recorder()
                assert self.recorder is not None
                assert self.recorder.unresolved == []
                self.run(self._close())
            self.check()
        finally:
            self.run(self.serving.aclose())
            self.runner.close()
            self.patches.stop()
            shutil.rmtree(self.directory)

    def check(self) -> None:
        """Hold the log against what happened."""
        words = said(self.ledger.world)
        recorded = [number for number, word in enumerate(words) if word == "DISCLOSURE"]
        assert len(recorded) <= self.tries
        expected = {number: self.ends.get(number, "ABORTED") for number in recorded}
        assert set(self.ends) <= set(recorded)
        assert sorted(word for word in words if word != "DISCLOSURE") == sorted(
            f"{end} {number}" for number, end in expected.items()
        )


def _lie(answer: Any) -> Any:
    answer.first_index += 1
    return answer


TestGates = Gates.TestCase
TestGates.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
