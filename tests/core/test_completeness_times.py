"""Witnesses' time in completeness reports: nothing is dated back past an ANCHOR, and a missing ANCHOR shows."""

from dataclasses import replace
from typing import cast

import pytest

from ledger.core import bodies
from ledger.core.encoding import sha256
from ledger.core.findings import Evidence, Kind
from ledger.core.merkle import leaf_hash
from ledger.core.periods import WEEK
from tests.core.embargoed import with_officers
from tests.core.judging import DAY, anchor, close_as, found, kinds, policy_of, reported
from tests.core.test_closings import MONDAY, close
from tests.core.world import START, World

HOUR = 60
DUE = MONDAY + WEEK + DAY


def governed(world: World, policy: bytes) -> None:
    """Log that ``policy`` is the log's witness policy from now on."""
    governing = world.state.governing
    body = bodies.PolicyChanged(
        governing.next_number,
        sha256(policy),
        governing.sealing_policy_digest,
        governing.approvers,
        governing.thresholds,
    )
    world.govern(cast(bodies.Governance, body))


def witnessed() -> tuple[World, bytes]:
    """Return a log whose witness policy is the one given beside it."""
    world = with_officers(threshold=0)
    policy = policy_of(world)
    governed(world, policy)
    return world, policy


def test_a_closing_that_is_dated_back_is_late_all_the_same() -> None:
    """Witnesses saw the log after it was due: what follows their ANCHOR was not on time, whatever its source says."""
    world = with_officers(threshold=0)
    world.minute = DUE
    anchor(world, DUE + HOUR)
    close(world)
    policy = policy_of(world)
    (finding,) = found(reported(world, policy=policy), Kind.LATE)
    assert "came 1 h 0 min later" in finding.words
    assert found(reported(world), Kind.LATE) == []


@pytest.mark.parametrize(("ahead", "early"), [(5, False), (6, True)])
def test_recorded_times_ahead_of_witnesses_are_found(ahead: int, early: bool) -> None:
    """A checkpoint that covers an entry was cosigned when the entry was there: it cannot be of a later time."""
    world = with_officers(threshold=0)
    world.minute = START + HOUR
    index = world.disclose("alpha")
    world.disclose("alpha")
    anchor(world, START + HOUR - ahead)
    findings = found(reported(world, policy=policy_of(world)), Kind.BACKDATED)
    evidence = (Evidence(index, leaf_hash(world.leaves[index])),)
    assert [(finding.source_id, finding.evidence) for finding in findings] == [("alpha", evidence)] * early
    assert found(reported(world), Kind.BACKDATED) == []


def test_only_what_an_anchor_covers_is_held_against_it() -> None:
    """Entries behind the anchored size may be of any later time; the next ANCHOR covers those."""
    world = with_officers(threshold=0)
    size = world.size
    world.minute = START + 9 * HOUR
    world.disclose("alpha")
    anchor(world, START, size)
    policy = policy_of(world)
    assert found(reported(world, policy=policy), Kind.BACKDATED) == []
    anchor(world, START + HOUR)
    ahead = [item.source_id for item in found(reported(world, policy=policy), Kind.BACKDATED)]
    assert ahead == ["alpha", "ledger"]  # the first ANCHOR too was recorded at nine


def test_an_anchor_of_another_policy_says_nothing() -> None:
    """Its cosignatures are by nobody whom this policy knows."""
    world = with_officers(threshold=0)
    policy = policy_of(world)
    world.minute = DUE
    anchor(world, DUE + HOUR)
    close(world)
    strange = policy.replace(b"witness one", b"witness two").replace(b"quorum one", b"quorum two")
    other = policy_of(replace(world, log=world.log))
    assert found(reported(world, policy=other), Kind.LATE) != []
    assert found(reported(world, policy=strange), Kind.LATE) != []
    assert found(reported(world, policy=b"quorum none\n"), Kind.LATE) == []


@pytest.mark.parametrize(("hours", "missing"), [(25, False), (26, True)])
def test_an_anchor_is_missing_when_entries_follow_for_more_than_a_day(hours: int, missing: bool) -> None:
    """It is found once, at the first entry past 25 hours, and not under another policy than the log's own."""
    world, policy = witnessed()
    anchor(world, START)
    world.minute = START + hours * HOUR
    index = world.disclose("alpha")
    world.disclose("alpha")
    findings = found(reported(world, policy=policy), Kind.ANCHOR)
    evidence = (Evidence(index, leaf_hash(world.leaves[index])),)
    assert [finding.evidence for finding in findings] == [evidence] * missing
    assert found(reported(world, policy=policy + b"# another\n"), Kind.ANCHOR) == []
    assert found(reported(world), Kind.ANCHOR) == []


def test_a_log_that_rests_needs_no_anchor() -> None:
    """Where nothing is recorded nothing can be dated back; an ANCHOR that ends the rest is no entry that follows."""
    world, policy = witnessed()
    world.minute = START + 90 * HOUR
    anchor(world, world.minute)
    world.disclose("alpha")
    assert found(reported(world, policy=policy), Kind.ANCHOR) == []


def test_each_gap_is_a_finding_of_its_own() -> None:
    """After an ANCHOR the hours count anew; before the log had this policy they do not count."""
    world = with_officers(threshold=0)
    policy = policy_of(world)
    world.minute += 90 * HOUR
    world.disclose("alpha")
    governed(world, policy)
    for _ in range(2):
        world.minute += 30 * HOUR
        world.disclose("alpha")
        anchor(world, world.minute)
    findings = found(reported(world, policy=policy), Kind.ANCHOR)
    assert [finding.minute for finding in findings] == [START + 120 * HOUR, START + 150 * HOUR]
    governed(world, b"quorum none\n")
    world.minute += 90 * HOUR
    world.disclose("alpha")
    assert len(found(reported(world, policy=policy), Kind.ANCHOR)) == 2


def test_a_witnessed_log_in_order_has_no_findings() -> None:
    """Anchored each day and closed in time, under its own policy."""
    world, policy = witnessed()
    for _ in range(7):
        world.minute += DAY
        anchor(world, world.minute)
    close_as(world, 0)
    assert kinds(reported(world, policy=policy)) == []
    assert reported(world, policy=policy).witnessed


def test_what_is_found_of_the_log_itself_is_shown_by_its_time() -> None:
    """A missing ANCHOR belongs to no source's period: it is shown where its own minute is."""
    world, policy = witnessed()
    anchor(world, START)
    world.minute = START + 30 * HOUR
    world.disclose("alpha")
    told = reported(world, policy=policy)
    assert found(told.shown(0, world.minute), Kind.ANCHOR) == []
    assert found(told.shown(world.minute, world.minute + 1), Kind.ANCHOR) == found(told, Kind.ANCHOR) != []
