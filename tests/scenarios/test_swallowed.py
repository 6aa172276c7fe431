"""The operator takes an entry and does not log it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest

from ledger.client import keyfile
from ledger.core.building import prepare
from ledger.core.errors import ChainBroken
from tests.cli.commands import Ran, disclosure, lines
from tests.core.world import Entropy
from tests.core.world import disclosure as described
from tests.scenarios import hand
from tests.scenarios.releasing import release
from tests.scenarios.stage import SIZE, Stage, fresh

ANSWERS: Final = {"answers-another": (1, "error: "), "silent": (2, "error: not answered within 0.2 s")}
"""What the source is told, with which exit code: another entry's answer proves nothing of this one."""


RECORD: Final = ("ledger", "record", "-", "-p", "alpha", "--receipts", "given", "--patience", 0.2)


@dataclass(frozen=True, slots=True)
class Swallowed:
    """A stopped ledger that swallowed what it was sent, and what the source and its gate were told."""

    scene: Stage
    why: str
    recorder: tuple[Ran, Ran]
    gate: str


@pytest.fixture(scope="module", params=ANSWERS)
def swallowed(request: pytest.FixtureRequest, whole: Stage) -> Iterator[Swallowed]:
    """Have a source record twice, and a gate let something out, at a ledger that logs nothing."""
    code, why = ANSWERS[str(request.param)]
    with fresh(whole) as scene:
        scene.copied("alpha", "gatekeeper")
        with scene.served(str(request.param)):
            first, second = (scene.call(*RECORD, given=lines(disclosure(at)), code=code) for at in (50, 51))
            gate = release(scene, "gatekeeper")
        assert len(hand.leaves(scene.ledger)) == SIZE
        yield Swallowed(scene, why, (first, second), gate)


def test_the_source_gets_no_receipt(swallowed: Swallowed) -> None:
    """Another entry's receipt is refused and silence is none: nothing is told as recorded, and nothing follows it."""
    first, second = swallowed.recorder
    assert swallowed.why in first.stderr
    assert "0 recorded; go on with --since" in first.stderr
    assert swallowed.why in second.stderr
    assert (first.stdout, second.stdout) == ("", "")


def test_a_gate_stays_shut(swallowed: Swallowed) -> None:
    """No answer, and another entry's receipt, let nothing out."""
    assert swallowed.gate.startswith("error: the gate stays shut, nothing was handed over: ")


def test_the_source_sends_it_again(swallowed: Swallowed) -> None:
    """The source kept what it had signed: the first ledger that answers has to log that before anything else."""
    scene = swallowed.scene
    assert not list(scene.path("given").iterdir())
    with scene.served():
        ran = scene.call(*RECORD, given=lines(disclosure(51)))
    assert "1 that an interrupted run had sent are recorded" in ran.stderr
    assert len(list(scene.path("given").iterdir())) == 2
    assert len(hand.leaves(scene.ledger)) == SIZE + 2


def test_the_next_number_is_refused(scene: Stage) -> None:
    """A source that was made to go on without it cannot: its chain has no gap, for any ledger that is asked."""
    key = keyfile.load(scene.path("alpha/source.key")).secret
    sent = hand.request(hand.state(scene.ledger), "alpha", [prepare(described(), Entropy())], key, skipped=1)
    with scene.served(), pytest.raises(ChainBroken, match="sequence: does not follow the source's latest"):
        hand.send(scene.path("alpha"), sent)
    assert len(hand.leaves(scene.ledger)) == SIZE
