"""The crash campaign in short: a dozen deaths of a real server under load, and a broken disk that is noticed."""

import shutil

import pytest

from tests.faults.crash import campaign
from tests.faults.deaths import RANDOM, STARTING_UP, STOPPING, Death
from tests.faults.harness import harness
from tests.faults.invariants import check
from tests.faults.killing import TORN
from tests.faults.load import loaded
from tests.faults.seen import Violation
from tests.faults.sources import dice

pytestmark = pytest.mark.timeout(300)  # processes start many times over

MOMENTS = [
    Death("after recovering"),  # behind a clean stop: the normal start is the recovery
    Death(RANDOM, seconds=0.3),
    Death(TORN, passes=7),
    Death(STARTING_UP, seconds=0.6),
    Death(STOPPING, seconds=0.02),
    Death(STOPPING, seconds=1.0),  # stops in time, mostly: what was to kill it must not meet the next process
]
STEPS = [
    Death("after taking", passes=5),
    Death("before writing", passes=9),
    Death("after writing", passes=6),
    Death("before publishing", passes=4),
    Death("after telling listeners", passes=7),
    Death("before renaming the mark"),
    Death("after renaming the mark"),
    Death("before answering", passes=8),
]


@pytest.mark.parametrize("deaths", [MOMENTS, STEPS], ids=["at some moment", "at a step of a commit"])
async def test_a_server_killed_under_load_keeps_every_promise(deaths: list[Death]) -> None:
    """After each SIGKILL it serves again: all that was acknowledged is there, nothing half, no second history."""
    async with campaign(dice(1)) as one:
        for death in deaths:
            await one.live(death)
    assert sum(one.tally.deaths.values()) == len(deaths)
    assert one.tally.found["batches answered"] > len(deaths)
    assert not [item for source in one.ledger.sources for item in source.unanswered()][1:]


async def test_a_lost_write_is_noticed() -> None:
    """The campaign is able to fail: it sees a disk that forgets, mark and all, what was acknowledged since a copy."""
    async with harness(dice(2), ["alpha"]) as ledger:
        await ledger.stop()
        kept = ledger.directory.parent / "kept"
        shutil.copytree(ledger.directory, kept, ignore=shutil.ignore_patterns("*.sock"))
        assert await ledger.start()
        async with loaded(ledger, ledger.random) as load:
            await load.until(lambda: load.batches >= 8)
            ledger.kill()
        shutil.rmtree(ledger.directory)
        kept.rename(ledger.directory)
        with pytest.raises(Violation, match="was signed and told, the store holds"):
            ledger.fsck()
        assert await ledger.start()
        with pytest.raises(Violation, match="the log was rolled back"):
            await check(ledger)
