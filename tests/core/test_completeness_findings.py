"""Each finding of a completeness report where it happens, with the entries that show it, and where it does not."""

from dataclasses import replace

import pytest

from ledger.core import bodies
from ledger.core.building import Prepared, prepare
from ledger.core.completeness_report import Status, report
from ledger.core.encoding import Hash
from ledger.core.findings import RULES, SHOWN, Evidence, Kind, lasting
from ledger.core.merkle import leaf_hash
from ledger.core.periods import WEEK
from tests.core.embargoed import MONTH, delivery, extension, gagged, lift, with_officers
from tests.core.judging import DAY, close_as, found, judged, kinds, reported
from tests.core.test_closings import MONDAY, aborted, close, late, later
from tests.core.world import START, World, disclosure, mixed

MONTHS = 31 * DAY
DUE = MONDAY + WEEK + DAY


def part(world: World, index: int, count: int) -> Prepared:
    """Return one part of a handover."""
    item = prepare(disclosure(), world.entropy)

    def say(digest: Hash, _: object) -> bodies.Body:
        body = item.say(digest, ())
        assert isinstance(body, bodies.Disclosure)
        return replace(body, part=bodies.Part(index, count))

    return replace(item, say=say)


def shown_by(world: World, index: int) -> tuple[Evidence, ...]:
    """Return the evidence that one entry is."""
    return (Evidence(index, leaf_hash(world.leaves[index])),)


def test_a_clean_log_has_no_findings() -> None:
    """Closed on time, delivered, lifted in time, approved: nothing is found, however late one looks."""
    world = with_officers(threshold=1)
    index = world.say("alpha", gagged(world))
    world.say("alpha", delivery(world, index), lift(world, index))
    later(world)
    close_as(world, 1)
    assert reported(world, world.minute + 60).findings == ()


def test_a_late_closing_is_shown_by_itself() -> None:
    """The closing is the evidence; the words say when it was due and how much later it came."""
    world = with_officers(threshold=0)
    world.minute = DUE + 90
    index = close(world)
    (finding,) = found(reported(world), Kind.LATE)
    assert (finding.source_id, finding.minute, finding.evidence) == ("alpha", MONDAY, shown_by(world, index))
    assert finding.words == "the closing of 2025-W48 was due at 2025-12-02 00:00 UTC and came 1 h 30 min later"


def test_a_missing_closing_is_shown_by_its_absence() -> None:
    """There is no entry to point at; the words say what was due and when."""
    world = with_officers(threshold=0)
    (finding,) = reported(world, DUE + 1).findings
    assert (finding.kind, finding.source_id, finding.minute, finding.evidence) == (Kind.MISSING, "alpha", MONDAY, ())
    assert finding.words == "the closing of 2025-W48 was due at 2025-12-02 00:00 UTC and is not in the log"
    assert reported(world, DUE).findings == ()


@pytest.mark.parametrize(("officers", "missing"), [(0, True), (1, True), (2, False)])
def test_countersignatures_are_counted_against_the_threshold(officers: int, missing: bool) -> None:
    """Fewer approvals than the source's key statement asks for are a finding, as many are none."""
    world = with_officers(threshold=2)
    later(world)
    index = close_as(world, officers)
    findings = found(reported(world), Kind.COUNTERSIGNATURE)
    assert [finding.evidence for finding in findings] == [shown_by(world, index)] * missing
    if missing:
        assert f"has {officers} of the 2 approvals" in findings[0].words


def test_late_disclosures_are_gathered_by_the_period_they_name() -> None:
    """One finding a period, with the first entries as evidence and the number of all."""
    world = with_officers(threshold=0)
    later(world)
    close(world)
    index = world.say("alpha", *[late(world, MONDAY) for _ in range(SHOWN + 2)])
    world.disclose("alpha")
    (finding,) = found(reported(world), Kind.LATE_DISCLOSURES)
    assert (finding.source_id, finding.minute, finding.count) == ("alpha", MONDAY, SHOWN + 2)
    assert finding.words == f"{SHOWN + 2} disclosures came after 2025-W48 was closed"
    assert [item.index for item in finding.evidence] == list(range(index, index + SHOWN))


def test_disclosures_stay_unresolved_until_a_delivery_says_what_became_of_them() -> None:
    """Delivered or aborted, each counts no more; those left are a finding once they are older than asked."""
    world = with_officers(threshold=0)
    first = world.disclose("alpha", disclosure(), disclosure(), disclosure())
    world.say("alpha", delivery(world, first), aborted(world, first + 2))
    judgment = judged(world)
    limit = START - START % DAY + DAY + 30 * DAY
    assert found(report(judgment, limit - 1), Kind.UNRESOLVED) == []
    (finding,) = found(report(judgment, limit), Kind.UNRESOLVED)
    assert (finding.count, finding.minute, finding.words) == (
        1,
        MONDAY,
        "1 disclosure of 2025-W48 without a delivery for more than 30 days",
    )
    (evidence,) = finding.evidence
    assert evidence.index == first + 1
    assert leaf_hash(world.leaves[first + 1]).startswith(evidence.leaf_hash)
    assert len(evidence.leaf_hash) == 16
    assert len(found(report(judgment, START + 2 * DAY, unresolved_days=1), Kind.UNRESOLVED)) == 1


def test_unresolved_disclosures_are_listed_up_to_a_bound_and_all_counted() -> None:
    """However many there are, the finding says how many and shows the first, over the days of the period."""
    world = with_officers(threshold=0)
    world.disclose("alpha", *[disclosure() for _ in range(SHOWN)])
    world.minute += DAY
    world.disclose("alpha", disclosure(), disclosure())
    (finding,) = found(reported(world, START + 60 * DAY), Kind.UNRESOLVED)
    assert (finding.count, len(finding.evidence)) == (SHOWN + 2, SHOWN)


@pytest.mark.parametrize(
    ("said", "at", "overdue"),
    [
        ("nothing", START, False),
        ("nothing", START + 4 * MONTHS, True),
        ("extended in time", START + 4 * MONTHS, False),
        ("lifted in time", START + 9 * MONTHS, False),
        ("lifted late", START + 5 * MONTHS, True),
    ],
)
def test_an_embargo_is_overdue_when_it_is_open_or_was_ended_too_late(said: str, at: int, overdue: bool) -> None:
    """What was not lifted or extended before its month is a finding, and stays one."""
    world = with_officers(threshold=0)
    index = world.say("alpha", gagged(world))
    if said == "lifted late":
        world.minute += 4 * MONTHS
    if said == "extended in time":
        world.say("alpha", extension(world, index, 1, MONTH + 9))
    elif said != "nothing":
        world.say("alpha", lift(world, index))
    findings = found(reported(world, at), Kind.OVERDUE)
    assert [finding.evidence for finding in findings] == [shown_by(world, index)] * overdue


def test_a_forced_key_change_is_a_finding_for_good() -> None:
    """Without the old key's signature every report says so; a signed one is none."""
    world = World.open()
    world.enrol("alpha")
    world.change_key("alpha")
    assert kinds(reported(world)) == []
    index = world.change_key("alpha", forced=True)
    world.change_key("alpha")
    told = reported(world)
    (finding,) = told.findings
    assert (finding.kind, finding.evidence) == (Kind.FORCED, shown_by(world, index))
    assert told.rows[0].forced


def test_a_revoked_source_owes_what_it_has_not_closed() -> None:
    """The period of its revocation stays due where it said something in it; nothing after it is."""
    world = mixed()
    told = reported(world, DUE + 3 * WEEK)
    assert [cell.status for cell in told.rows[0].cells] == [Status.MISSING]
    (finding,) = found(told, Kind.LAST_MISSING)
    assert (finding.source_id, finding.evidence) == ("alpha", shown_by(world, world.size - 1))
    assert "the source was revoked at" in finding.words
    assert found(reported(world, DUE), Kind.LAST_MISSING) == []


def test_a_source_that_closed_and_said_no_more_is_revoked_cleanly() -> None:
    """Where nothing but closings follows, SOURCE_REVOKED itself shows that its last period holds nothing."""
    world = with_officers(threshold=0)
    world.disclose("alpha")
    later(world)
    close(world)
    world.revoke("alpha")
    told = reported(world, world.minute + 3 * WEEK)
    assert [cell.status for cell in told.rows[0].cells] == [Status.ON_TIME]
    assert kinds(told) == []


def test_a_source_that_left_periods_open_is_no_less_missing_for_its_revocation() -> None:
    """The periods before that of the revocation are missing like those of anyone else."""
    world = with_officers(threshold=0)
    later(world, 2)
    world.revoke("alpha")
    assert kinds(reported(world, world.minute + 9 * WEEK)) == [Kind.MISSING, Kind.MISSING]


def test_the_gravest_stand_first() -> None:
    """Findings are ordered by kind, then source, then time; every kind has its rule."""
    world = mixed()
    order = list(Kind)
    told = reported(world, START + 90 * DAY)
    assert len(told.findings) > 5
    places = [(order.index(finding.kind), finding.source_id, finding.minute) for finding in told.findings]
    assert places == sorted(places)
    assert set(RULES) == set(order)
    assert told.findings[0].rule == RULES[told.findings[0].kind]


def test_parts_of_a_handover_are_resolved_by_the_delivery_of_the_first() -> None:
    """Only part 0 counts as a disclosure, here as in closings."""
    world = with_officers(threshold=0)
    first = world.say("alpha", *(part(world, index, 3) for index in range(3)))
    assert reported(world).totals.unresolved == 1
    world.say("alpha", delivery(world, first))
    assert reported(world).totals.unresolved == 0


@pytest.mark.parametrize(
    ("minutes", "words"), [(7, "7 min"), (125, "2 h 5 min"), (DAY, "1 day"), (3 * DAY + 150, "3 days 2 h")]
)
def test_spans_are_said_in_words(minutes: int, words: str) -> None:
    """The two largest units are enough."""
    assert lasting(minutes) == words
