"""What strangers learn of closings from leaves alone: each period on time, late, missing or not due, and its counts."""

from dataclasses import replace

import pytest

from ledger.core import bodies
from ledger.core.completeness_report import Status, Totals, report
from ledger.core.periods import WEEK
from ledger.core.rules import LEDGER
from tests.core.embargoed import gagged, with_officers
from tests.core.judging import DAY, judged, reported
from tests.core.test_closings import MONDAY, aborted, close, late, later
from tests.core.world import World, disclosure, mixed, secret

DUE = MONDAY + WEEK + DAY
"""When the closing of alpha's first week is due: 24 hours of grace after its end."""


def statuses(world: World, at: int) -> list[Status]:
    """Return how alpha's periods stand at a minute."""
    (row,) = reported(world, at).rows
    return [cell.status for cell in row.cells]


def exact(*counts: int) -> tuple[bodies.Count, ...]:
    """Return counts that are no bands."""
    return tuple(bodies.Count(count, count) for count in counts)


@pytest.mark.parametrize(
    ("minute", "status"),
    [
        (MONDAY + WEEK, Status.ON_TIME),
        (DUE, Status.ON_TIME),
        (DUE + 1, Status.LATE),
        (DUE + WEEK, Status.LATE),
    ],
    ids=["at the end of its period", "in its last minute of grace", "a minute later", "a week later"],
)
def test_a_closing_is_on_time_up_to_its_last_minute_of_grace(minute: int, status: Status) -> None:
    """Its effective time decides, against its period's end and the source's hours of grace."""
    world = with_officers(threshold=0)
    world.minute = minute
    close(world)
    assert statuses(world, minute)[0] is status


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (MONDAY, [Status.OPEN]),
        (DUE, [Status.OPEN, Status.OPEN]),
        (DUE + 1, [Status.MISSING, Status.OPEN]),
        (DUE + WEEK + 1, [Status.MISSING, Status.MISSING, Status.OPEN]),
    ],
    ids=["in the period", "when it is due", "a minute after", "a week after that"],
)
def test_what_is_not_there_is_missing_once_it_was_due(at: int, expected: list[Status]) -> None:
    """Every period since the enrolment is asked for, also where nothing was said, up to the one of the time given."""
    assert statuses(with_officers(threshold=0), at) == expected


def test_counts_are_those_of_closings_and_before_those_of_the_chain() -> None:
    """A closed period counts as its closing says, an open one as its leaves do."""
    world = with_officers(threshold=0)
    first = world.disclose("alpha", disclosure(), disclosure())
    world.say("alpha", gagged(world), aborted(world, first))
    later(world)
    close(world)
    world.say("alpha", late(world, MONDAY))
    (row,) = reported(world).rows
    assert [cell.counts for cell in row.cells] == [exact(3, 1, 1, 0), exact(1, 0, 0, 1)]
    assert [cell.unresolved for cell in row.cells] == [2, 1]
    assert row.cells[0].name == "2025-W48"


def test_bands_stay_bands_and_add_up() -> None:
    """A closing that says bounds is shown with them, and so is the sum."""
    world = with_officers(threshold=0)
    world.disclose("alpha")
    later(world)
    close(world, disclosures=bodies.Count(0, 499))
    world.disclose("alpha")
    totals = reported(world).totals
    assert totals.counts[0] == bodies.Count(1, 500)
    assert totals.statuses[Status.ON_TIME] == totals.statuses[Status.OPEN] == 1


def test_services_are_the_sums_of_their_sources() -> None:
    """N sources of one service add up; services stand in order, their sources below them."""
    world = World.open()
    world.add_auditor("one")
    for name, service in (("beta", "mail"), ("alpha", "mail"), ("gamma", "cloud")):
        world.secrets[name] = secret(f"{name} 0")
        world.govern(world.enrolment(name, service=service))
        world.disclose(name, disclosure(), disclosure())
    told = reported(world)
    assert [(row.service, row.source_id) for row in told.rows] == [
        ("cloud", "gamma"),
        ("mail", "alpha"),
        ("mail", "beta"),
    ]
    assert {name: totals.counts[0].lo for name, totals in told.services().items()} == {"cloud": 2, "mail": 4}
    assert told.totals == Totals.of(cell for row in told.rows for cell in row.cells)


@pytest.mark.parametrize("period", list(bodies.Period), ids=lambda period: period.name)
def test_each_source_has_its_own_periods(period: bodies.Period) -> None:
    """Days, weeks and months tile the time from the enrolment on, each where the one before ends."""
    world = World.open()
    world.secrets["alpha"] = secret("alpha 0")
    body = replace(world.enrolment("alpha"), closing_period=period)
    world.govern(world.proven(body, secret("alpha 0")))
    (row,) = reported(world, world.minute + 100 * DAY).rows
    assert [cell.start for cell in row.cells[1:]] == [cell.end for cell in row.cells[:-1]]
    assert row.cells[0].start <= world.minute < row.cells[0].end
    assert row.cells[-1].start <= world.minute + 100 * DAY < row.cells[-1].end


def test_the_judgment_knows_the_state_of_the_log() -> None:
    """What it checked on the way adds up to the writer's own state; the ledger's own chain has no row."""
    world = mixed()
    judgment = judged(world)
    assert judgment.state == world.state
    assert (judgment.size, judgment.noted.stop) == (world.size, None)
    assert [row.source_id for row in report(judgment, world.minute).rows] == ["alpha", "beta"]
    assert LEDGER in judgment.entries.chains


def test_what_is_shown_changes_nothing_but_what_is_shown() -> None:
    """Of the periods those with a minute in the range stay, and with them their findings."""
    world = with_officers(threshold=0)
    told = reported(world, DUE + 2 * WEEK + 1)
    shown = told.shown(MONDAY + WEEK, MONDAY + 2 * WEEK)
    assert [cell.name for cell in shown.rows[0].cells] == ["2025-W49"]
    assert [finding.minute for finding in told.findings] == [MONDAY, MONDAY + WEEK, MONDAY + 2 * WEEK]
    assert [finding.minute for finding in shown.findings] == [MONDAY + WEEK]
    assert shown.size == told.size


def test_nothing_judged_is_nothing_found() -> None:
    """Before the first leaf there is no log to speak of."""
    world = World.open()
    world.leaves.clear()
    told = reported(world)
    assert (told.size, told.log_id, told.rows, told.findings) == (0, None, (), ())
