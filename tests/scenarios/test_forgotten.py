"""A source says nothing of a month in which nothing, or something, happened; or it says so when it is found out."""

import re
from typing import Final

from ledger.client import keyfile
from ledger.core.building import prepare_closing
from tests.scenarios import hand
from tests.scenarios.stage import SIZE, Stage, at

DAYS: Final = 70
"""How far ahead the scenario plays: two months are over."""


def test_a_month_without_a_word_is_missing(scene: Stage) -> None:
    """Every period has a closing that is due, also the quiet one: nothing said is a finding to whoever has the log."""
    assert "MISSING" not in scene.judged("--at", at(1), code=0).stdout
    said = scene.judged("--at", at(DAYS)).stdout
    found = re.findall(r"CLOSING MISSING alpha: the closing of [0-9-]+ was due at .* and is not in the log", said)
    assert len(found) >= 2


def test_a_late_confession_is_told_as_late(scene: Stage) -> None:
    """What is closed after its time stays late for good, whatever it says."""
    known = hand.state(scene.ledger)
    source = known.sources["alpha"]
    key = keyfile.load(scene.path("alpha/source.key")).secret
    truth = prepare_closing(source.book.next_closing(source.next_sequence))
    with scene.served("honest", DAYS):
        assert (
            hand.send(scene.path("alpha"), hand.request(known, "alpha", [truth], key, minute=hand.minute_of(DAYS)))
            == SIZE
        )
    said = scene.judged("--at", at(DAYS + 1)).stdout
    assert re.search(rf"CLOSING LATE alpha: the closing of .* was due at .* later \[entry {SIZE}, ", said)
