"""Witnesses' time in completeness reports: nothing is dated back past an ANCHOR, and a missing ANCHOR shows."""

from dataclasses import replace
from typing import cast

import pytest

from ledger.core import bodies
from ledger.core.batch import OPENING, sign_batch
from ledger.core.completeness import Completeness
from ledger.core.completeness_report import report
from ledger.core.encoding import ZERO_HASH, sha256
from ledger.core.findings import Evidence, Kind
from ledger.core.merkle import leaf_hash
from ledger.core.periods import WEEK
from ledger.core.statement import Statement
from tests.core.embargoed import with_officers
from tests.core.judging import DAY, anchor, close_as, found, kinds, policy_of, reported
from tests.core.test_closings import MONDAY, close
from tests.core.world import START, World, opening, secret

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


@pytest.mark.parametrize(("minutes", "missing"), [(25 * HOUR, False), (25 * HOUR + 1, True)])
def test_an_anchor_is_missing_where_no_quorum_saw_the_log_for_more_than_a_day(minutes: int, missing: bool) -> None:
    """Whatever was recorded in that time, or nothing: the next ANCHOR shows it, and before that the reader's clock."""
    world, policy = witnessed()
    anchor(world, START)
    words = "no quorum of this policy saw the log since 2025-11-24 16:00 UTC, 1 day 1 h ago"
    rest = found(reported(world, START + minutes, policy), Kind.ANCHOR)
    assert [(item.words, item.evidence) for item in rest] == [
        (f"{words}: a date in that time may be anything", ())
    ] * missing
    index = anchor(world, START + minutes)
    findings = found(reported(world, policy=policy), Kind.ANCHOR)
    evidence = (Evidence(index, leaf_hash(world.leaves[index])),)
    assert [(item.evidence, item.minute) for item in findings] == [(evidence, START + minutes)] * missing
    assert found(reported(world), Kind.ANCHOR) == []


def test_anchors_without_a_quorum_and_dates_fill_no_gap() -> None:
    """An ANCHOR of this very minute is worth what its quorum saw, and any other date nothing at all."""
    world, policy = witnessed()
    for _ in range(3):
        world.minute += 20 * HOUR
        world.disclose("alpha")
        anchor(world, START + 1)
    assert len(found(reported(world, policy=policy), Kind.ANCHOR)) == 1
    world.minute = START + 2
    assert found(reported(world, policy=policy), Kind.ANCHOR) == []


def test_each_gap_is_a_finding_of_its_own() -> None:
    """After an ANCHOR the hours count anew; before the log had this policy they do not count, after it they do."""
    world = with_officers(threshold=0)
    policy = policy_of(world)
    anchor(world, START)
    world.minute += 90 * HOUR
    anchor(world, world.minute)
    governed(world, policy)
    begun = world.minute
    assert reported(world, policy=policy).bounded == begun
    for _ in range(2):
        world.minute += 30 * HOUR
        anchor(world, world.minute)
    findings = found(reported(world, policy=policy), Kind.ANCHOR)
    assert [finding.minute for finding in findings] == [START + 120 * HOUR, START + 150 * HOUR]
    assert findings[0].words == (
        "no quorum saw the log from 2025-11-28 10:00 UTC until 2025-11-29 16:00 UTC, 1 day 6 h: "
        "a date in that time may be anything"
    )
    governed(world, b"quorum none\n")
    world.minute += 90 * HOUR
    world.disclose("alpha")
    assert len(found(reported(world, policy=policy), Kind.ANCHOR)) == 3
    assert reported(world, policy=policy).bounded == begun


def test_a_policy_that_the_log_never_had_is_judged_from_its_first_quorum_on() -> None:
    """It may be a reader's own; where no ANCHOR satisfies it, nothing bounds any time, which is a finding."""
    world = with_officers(threshold=0)
    policy = policy_of(world)
    world.minute += 90 * HOUR
    told = reported(world, policy=policy)
    (finding,) = found(told, Kind.ANCHOR)
    assert finding.words == (
        "the log never had this witness policy, and no anchor satisfies it: a date in that time may be anything"
    )
    assert (told.bounded, found(reported(world), Kind.ANCHOR)) == (None, [])
    anchor(world, world.minute)
    told = reported(world, policy=policy)
    assert (told.bounded, found(told, Kind.ANCHOR)) == (world.minute, [])
    world.minute += 90 * HOUR
    anchor(world, world.minute)
    assert len(found(reported(world, policy=policy), Kind.ANCHOR)) == 1


def test_a_policy_from_the_beginning_bounds_all_times() -> None:
    """Nothing in such a log is older than what its witnesses could see."""
    world = World.open()
    policy, chain = policy_of(world), secret("chain")
    body = replace(opening(world.log, chain, world.approvers, 1), witness_policy_digest=sha256(policy))
    judgment = Completeness(world.vkey, policy)
    judgment.take(sign_batch([Statement("ledger", 0, START, body)], OPENING, ZERO_HASH, [chain.sign]))
    assert report(judgment, START).bounded == 0
    assert kinds(report(judgment, START + 26 * HOUR)) == [Kind.ANCHOR]


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
    anchor(world, world.minute)
    told = reported(world, policy=policy)
    assert found(told.shown(0, world.minute), Kind.ANCHOR) == []
    assert found(told.shown(world.minute, world.minute + 1), Kind.ANCHOR) == found(told, Kind.ANCHOR) != []
