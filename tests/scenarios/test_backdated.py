"""A source forgets a month, and confesses it late under an earlier date; witnesses know when that cannot have been."""

import re
import time
from collections.abc import Iterator
from typing import Final

import pytest

from ledger.client import keyfile
from ledger.core.building import prepare_closing
from tests.cli.commands import PATIENCE, site
from tests.scenarios import hand
from tests.scenarios.stage import Stage, witness

DAYS: Final = -70
"""When the log was opened and the source enrolled: more than a month is over."""


@pytest.fixture(scope="module")
def backdated() -> Iterator[Stage]:
    """A stopped ledger that its witness saw open long ago, and a closing of the first month, made today, dated back."""
    now = time.time
    with site() as here:
        scene = Stage(here)
        with witness(scene) as line:
            here.path("policy").write_text(f"{line}\nquorum wit\n")
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(time, "time", lambda: now() + DAYS * 86_400)
                here.open("--policy", "policy", inside=True)
            vkey = here.path("led/log.vkey").read_text().strip()
            here.call("ledger", "witness", "add-log", vkey, "-s", "wit")
            with scene.served("honest", DAYS):
                here.pin_ports()
                here.source("alpha", here.auditor("One"))
            known = hand.state(scene.ledger)
            closing = known.sources["alpha"].book.next_closing(0)
            key = keyfile.load(here.path("alpha/source.key")).secret
            sent = hand.request(known, "alpha", [prepare_closing(closing)], key, minute=closing.end + 60)
            with scene.served():
                anchored(scene)
                hand.send(here.path("alpha"), sent)
            yield scene


def anchored(scene: Stage) -> None:
    """Wait until the ledger has anchored what its witness cosigned: that is long due."""
    deadline = time.monotonic() + PATIENCE
    while scene.call("ledgerctl", "status", "-d", "led", "--json").objects[0]["anchored"] is None:
        assert time.monotonic() < deadline, "nothing was anchored"


def test_an_anchor_tells_that_it_is_late(backdated: Stage) -> None:
    """By its own word it was on time; by the time of the ANCHOR before it, which the quorum gave, it was not."""
    late = "CLOSING LATE alpha: "
    assert late not in backdated.judged().stdout
    said = backdated.judged("--policy", backdated.path("policy")).stdout
    assert late in said
    assert f"[entry {len(hand.leaves(backdated.ledger)) - 1}, " in said


def test_the_time_that_no_quorum_saw_is_told(backdated: Stage) -> None:
    """Between the opening and the ANCHOR, which the witness dated, a date may be anything, and the report says so."""
    said = backdated.judged("--policy", backdated.path("policy")).stdout
    assert re.search(r"ANCHOR MISSING ledger: no quorum saw the log from .* until .*, 70 days.*: a date in that ", said)
