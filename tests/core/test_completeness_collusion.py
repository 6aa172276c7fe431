"""Source and operator act together and sign whatever helps them: what a report from leaves still shows of it."""

from dataclasses import replace
from typing import Any

import pytest

from ledger.core.completeness_report import Cell, Report, Status, report
from ledger.core.encoding import ZERO_HASH, Hash
from ledger.core.findings import Evidence, Kind
from ledger.core.inner import sign_inner
from ledger.core.merkle import leaf_hash
from ledger.core.periods import WEEK
from tests.core.embargoed import MONTH, OFFICERS, correction, gagged, lift, with_officers
from tests.core.judging import DAY, WITNESS, anchor, close_as, found, judged, kinds, reported
from tests.core.test_closings import MONDAY, book, close
from tests.core.test_completeness_times import HOUR, governed, witnessed
from tests.core.world import START, World, secret

UNBOUNDED = "a date in that time may be anything"


def change_key(world: World, **changes: Any) -> int:
    """Give alpha its next key, signed by the one before, with other terms; return the index."""
    source = world.state.sources["alpha"]
    key = secret(f"alpha {len(source.past_keys)} of other terms")
    terms = {"officers": source.officers, "officer_threshold": source.officer_threshold, "grace_hours": 24, **changes}
    body = replace(world.key_change("alpha", key), proofs_of_possession=(), old_key_signatures=(), **terms)
    body = replace(body, proofs_of_possession=sign_inner(world.log_id, body, "proofs_of_possession", [key]))
    old = sign_inner(world.log_id, body, "old_key_signatures", [world.secrets["alpha"]])
    index = world.govern(replace(body, old_key_signatures=old))
    world.secrets["alpha"] = key
    return index


def shown_by(world: World, index: int) -> tuple[Evidence, ...]:
    """Return an entry as a finding shows it."""
    return (Evidence(index, leaf_hash(world.leaves[index])),)


def cells(told: Report) -> list[Cell]:
    """Return alpha's periods."""
    return list(told.rows[0].cells)


def statuses(told: Report) -> list[Status]:
    """Return how alpha's periods stand."""
    return [cell.status for cell in cells(told)]


def test_anchors_that_are_withheld_leave_a_gap() -> None:
    """No ANCHOR for five weeks, and a closing that says it came in time: the report says what its date is worth."""
    world, policy = witnessed()
    world.minute = MONDAY + WEEK - HOUR
    anchor(world, START + 20 * HOUR)
    anchor(world, world.minute)
    world.minute = MONDAY + WEEK + 1
    close(world)
    really = MONDAY + 6 * WEEK
    index = anchor(world, really)
    told = report(judged(world, policy), MONDAY + 2 * WEEK)
    gap = found(told, Kind.ANCHOR)[-1]
    assert gap.evidence == shown_by(world, index)
    assert (
        gap.words
        == f"no quorum saw the log from 2025-11-30 23:00 UTC until 2026-01-05 00:00 UTC, 35 days 1 h: {UNBOUNDED}"
    )
    assert statuses(told)[0] is Status.ON_TIME


def test_old_checkpoints_fill_no_gap() -> None:
    """Checkpoints that honest witnesses saw on the first day, anchored one for each day of five weeks afterwards."""
    world, policy = witnessed()
    world.minute = START + 1
    sizes = []
    for _ in range(40):
        world.disclose("alpha")
        sizes.append(world.size)
    for day, size in enumerate(sizes[:34], 1):
        world.minute = START + 1 + day * DAY
        anchor(world, START + 1, size)
        if book(world).start + WEEK < world.minute:
            close(world)
    index = anchor(world, world.minute)
    told = report(judged(world, policy), world.minute)
    (gap,) = found(told, Kind.ANCHOR)
    assert gap.evidence == shown_by(world, index)
    assert (
        gap.words == f"no quorum saw the log from 2025-11-24 16:01 UTC until 2025-12-28 16:01 UTC, 34 days: {UNBOUNDED}"
    )


def test_a_policy_that_is_left_for_a_while_leaves_a_gap() -> None:
    """Under ``quorum none`` nothing is anchored; who holds the policy from before and after sees for how long."""
    world, policy = witnessed()
    anchor(world, world.minute)
    governed(world, b"quorum none\n")
    world.minute = MONDAY + WEEK + 1
    close(world)
    governed(world, policy)
    anchor(world, MONDAY + 6 * WEEK)
    (gap,) = found(report(judged(world, policy), MONDAY + 6 * WEEK), Kind.ANCHOR)
    assert (
        gap.words
        == f"no quorum saw the log from 2025-11-24 16:00 UTC until 2026-01-05 00:00 UTC, 41 days 8 h: {UNBOUNDED}"
    )


@pytest.mark.parametrize("closes", [False, True])
def test_more_grace_comes_too_late_for_a_period_that_is_over(closes: bool) -> None:
    """A key change with a month of grace, ten days after a week that nobody closed: that week keeps its own."""
    world = with_officers(threshold=0)
    world.disclose("alpha")
    world.minute = MONDAY + WEEK + 10 * DAY
    change_key(world, grace_hours=744)
    if closes:
        close(world)
    assert statuses(reported(world)) == [Status.LATE if closes else Status.MISSING, Status.MISSING, Status.OPEN]
    assert cells(reported(world))[2].due == MONDAY + 3 * WEEK + 744 * HOUR


@pytest.mark.parametrize(
    ("minute", "due"), [(MONDAY + WEEK - 1, MONDAY + WEEK + 48 * HOUR), (MONDAY + WEEK, MONDAY + WEEK + 24 * HOUR)]
)
def test_terms_are_those_of_the_periods_last_minute(minute: int, due: int) -> None:
    """What is agreed in the last minute of a period holds for it, what is agreed in the next minute does not."""
    world = with_officers(threshold=0)
    world.minute = minute
    change_key(world, grace_hours=48)
    assert cells(reported(world))[0].due == due
    world.minute = MONDAY + WEEK
    close(world)
    assert cells(reported(world))[0].due == due


def test_officers_that_are_dropped_are_missed() -> None:
    """By the key change that drops them, and in the closing of the period that they were to approve."""
    world = with_officers(threshold=2)
    world.minute = MONDAY + WEEK + 1
    index = change_key(world, officers=(), officer_threshold=0)
    close_as(world, 0)
    told = reported(world)
    assert kinds(told) == [Kind.COUNTERSIGNATURE, Kind.OFFICERS]
    (weaker,) = found(told, Kind.OFFICERS)
    assert weaker.evidence == shown_by(world, index)
    assert weaker.words == "2 officers had to approve; a key change keeps 0 of them, brings 0 others and asks for 0"
    assert told.rows[0].officers_changed == (index,)
    (closing,) = found(told, Kind.COUNTERSIGNATURE)
    assert closing.words == "the closing of 2025-W48 has 0 of the 2 approvals by officers that it needs"


@pytest.mark.parametrize(
    ("threshold", "officers", "needed", "weaker"),
    [
        (0, (), 0, False),
        (1, OFFICERS[1:], 1, False),
        (1, (*OFFICERS, secret("officer 3")), 2, False),
        (1, OFFICERS, 0, True),
        (1, (secret("officer 3"),), 1, True),
        (2, (OFFICERS[0], secret("officer 3")), 2, True),
        (2, (*OFFICERS, secret("officer 3")), 2, False),
        (2, (*OFFICERS, secret("officer 3"), secret("officer 4")), 2, True),
        (2, (*OFFICERS, secret("officer 3"), secret("officer 4")), 3, False),
    ],
    ids=[
        *("nobody was asked", "one left", "more", "nobody is asked", "all strangers", "too few left"),
        *("one joins", "strangers do", "strangers do not"),
    ],
)
def test_a_key_change_weakens_officers_or_does_not(
    threshold: int, officers: tuple[Any, ...], needed: int, weaker: bool
) -> None:
    """It keeps as many of them as had to approve, asks for no fewer, and two strangers do not approve by themselves."""
    world = with_officers(threshold)
    change_key(world, officers=tuple(officer.public for officer in officers), officer_threshold=needed)
    told = reported(world)
    assert kinds(told) == [Kind.OFFICERS] * weaker
    assert bool(told.rows[0].officers_changed) is (set(officers) != set(OFFICERS))


def test_key_changes_that_name_other_officers_are_told() -> None:
    """Each, by its index, whether or not it weakens them: who approves is for people to know."""
    world = with_officers(threshold=1)
    change_key(world, grace_hours=3)
    one = change_key(world, officers=(OFFICERS[0].public,))
    change_key(world, officers=(OFFICERS[0].public,))
    two = change_key(world, officers=tuple(officer.public for officer in reversed(OFFICERS)))
    change_key(world, officers=tuple(officer.public for officer in OFFICERS))
    assert reported(world).rows[0].officers_changed == (one, two)


def test_a_revocation_dated_back_ends_nothing_that_was_said_after_it() -> None:
    """A source owes each period in which it said something, by its own dates, whenever it is said to have ended."""
    world = with_officers(threshold=0)
    world.minute = MONDAY + WEEK + 1
    close(world)
    world.disclose("alpha")
    world.minute = MONDAY + 3 * WEEK
    world.disclose("alpha")
    really, world.minute = world.minute + 60 * DAY, MONDAY + WEEK - 1
    index = world.revoke("alpha")
    told = report(judged(world), really)
    assert statuses(told) == [Status.ON_TIME, *[Status.MISSING] * 3]
    assert [finding.evidence for finding in found(told, Kind.LAST_MISSING)] == [shown_by(world, index)] * 3
    assert [finding.words for finding in found(told, Kind.UNRESOLVED)] == [
        f"1 disclosure of 2025-W{week} without a delivery for more than 30 days" for week in (49, 51)
    ]


def test_what_is_dated_before_the_enrolment_counts_in_the_first_period() -> None:
    """As in its closing: no earlier date takes a disclosure out of what has to be closed and delivered."""
    world = with_officers(threshold=0)
    world.minute = MONDAY - 3 * WEEK
    world.disclose("alpha")
    told = report(judged(world), MONDAY + 2 * WEEK + 40 * DAY)
    (first, *_) = cells(told)
    assert (first.name, first.status, first.counts[0].lo, first.unresolved) == ("2025-W48", Status.MISSING, 1, 1)
    assert len(found(told, Kind.UNRESOLVED)) == 1


def test_an_enrolment_dated_ahead_hides_no_disclosure() -> None:
    """What a source says before its own enrolment's date stands in a period that is due."""
    world = World.open()
    really = world.minute
    world.minute = really + 3 * WEEK
    world.enrol("alpha")
    world.add_auditor("one")
    world.minute = really
    world.disclose("alpha")
    (cell,) = cells(report(judged(world), really + 2 * WEEK))
    assert (cell.name, cell.status, cell.counts[0].lo) == ("2025-W51", Status.OPEN, 1)


def test_a_correction_keeps_its_embargo_open() -> None:
    """The disclosure is lifted, the corrections that say who was really concerned are not: overdue until they are."""
    world = with_officers(threshold=0)
    index = world.say("alpha", gagged(world, MONTH + 2))
    said = [world.say("alpha", correction(world, index, withheld=True)) for _ in range(2)]
    world.say("alpha", lift(world, index))
    end = world.minute + 400 * DAY
    for corrected in said:
        (state,) = report(judged(world), end).embargoes
        assert state.open
        assert [finding.evidence for finding in found(report(judged(world), end), Kind.OVERDUE)] == [
            shown_by(world, index)
        ]
        assert len(state.corrections) == len(said) - said.index(corrected)
        world.say("alpha", lift(world, corrected))
    told = report(judged(world), end)
    assert (told.embargoes[0].open, found(told, Kind.OVERDUE)) == (False, [])


def test_a_correction_lifted_too_late_leaves_its_mark() -> None:
    """Its keys were withheld when they ought to have been public, whatever was lifted in time."""
    world = with_officers(threshold=0)
    index = world.say("alpha", gagged(world, MONTH + 2))
    corrected = world.say("alpha", correction(world, index, withheld=True))
    world.say("alpha", lift(world, index))
    world.minute += 100 * DAY
    world.say("alpha", lift(world, corrected))
    (state,) = report(judged(world), world.minute).embargoes
    assert (state.late, state.open) == (True, False)


def test_an_anchor_of_another_tree_contradicts_the_log() -> None:
    """Witnesses vouch for the tree that they saw: an ANCHOR claims its root for this log, and is held against it."""
    world, policy = witnessed()
    anchor(world, START)
    index = anchor(world, START + HOUR)
    judgment = judged(world, policy)
    first, claim = judgment.claims()
    assert (first.size, first.root) == (world.size - 2, world.root(world.size - 2))
    assert (claim.index, claim.size, claim.root) == (index, index, world.root(index))
    assert judgment.claims() == []
    judgment.contradict(replace(claim, root=Hash(ZERO_HASH)))
    (finding,) = report(judgment, world.minute).findings
    assert (finding.kind, finding.source_id, finding.evidence) == (Kind.CONTRADICTED, "ledger", shown_by(world, index))
    assert finding.words == f"the log signed and anchored another root for its first {index} entries than they have"
    assert WITNESS.name == "witness.example"
