"""A source says in its closing that a period held less than it did."""

from dataclasses import replace
from typing import Any, Final

import pytest

from ledger.client import keyfile
from ledger.core import bodies
from ledger.core.building import prepare_closing
from ledger.core.errors import Refused
from tests.scenarios import hand
from tests.scenarios.stage import SIZE, Stage, at

DAYS: Final = 70
"""How far ahead the scenario plays: the months of enrolment and disclosures are over."""

WHY: Final = "disclosures: does not hold what the chain has in this period"


@pytest.fixture
def false(scene: Stage) -> Any:
    """The batch by which alpha closes its first month and leaves one of six disclosures out."""
    known = hand.state(scene.ledger)
    source = known.sources["alpha"]
    truth = source.book.next_closing(source.next_sequence)
    assert truth.disclosures == bodies.Count(6, 6)
    said = replace(truth, disclosures=bodies.Count(5, 5))
    key = keyfile.load(scene.path("alpha/source.key")).secret
    return hand.request(known, "alpha", [prepare_closing(said)], key, minute=hand.minute_of(DAYS))


def test_an_honest_ledger_refuses_it(scene: Stage, false: Any) -> None:
    """The ledger has counted too: a closing that leaves one out is refused by the count's name, and not logged."""
    with scene.served("honest", DAYS), pytest.raises(Refused, match=WHY):
        hand.send(scene.path("alpha"), false)
    assert len(hand.leaves(scene.ledger)) == SIZE


def test_replaying_contradicts_it(scene: Stage, false: Any) -> None:
    """Where the operator helps and logs it, whoever replays the chain finds that the source said something else."""
    with scene.served("miscounts", DAYS):
        assert hand.send(scene.path("alpha"), false) == SIZE
    assert scene.call("ledgerctl", "fsck", "led", code=1).error == f"batch at {SIZE}: {WHY}"
    said = scene.judged("--at", at(DAYS)).stdout
    assert f"CONTRADICTED alpha: {WHY} [entry {SIZE}, " in said
    assert "which convicts the log" in said
