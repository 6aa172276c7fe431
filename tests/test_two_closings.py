"""The ledger and the second implementation agree on what closes a period, and on what is left to close."""

from copy import deepcopy
from dataclasses import replace
from random import Random
from typing import Final

import pytest

from ledger.core import bodies
from ledger.core.bodies import Period
from ledger.core.inner import approve, sign_inner
from ledger.core.periods import DAY, WEEK
from ledger.core.rules import MAX_MINUTE
from tests.closing_next import before, changed, closing
from tests.two_logs import Said, TwoLogs
from vectors import seeds
from vectors.closing import FIFTH, SEVENTH, closed

SIZES: Final = (38, 41, FIFTH, FIFTH + 1, SEVENTH + 1, len(closed().leaves))
"""Sizes of the published log: before a first CLOSING, before others, and the whole."""
BATCHES: Final = 150


@pytest.mark.parametrize("size", SIZES)
def test_both_take_the_same_closings(size: int) -> None:
    """Of CLOSINGs at and around the right one, early and late, both say that they may follow or that they may not."""
    log = TwoLogs.of(closed().leaves[:size])
    source = log.source(seeds.OTHER_SOURCE)
    end, taken = source.book.end, []
    for minute in sorted({max(source.recorded_at, at) for at in (end - 1, end, end + DAY)}):
        for one in changed(closing(source, [])):
            taken.append(deepcopy(log).takes(source.source_id, seeds.OTHER_SOURCE_KEY, [(minute, one)]))
    assert {True, False} == set(taken)


@pytest.mark.parametrize("size", SIZES)
def test_both_take_the_same_batches_that_close(size: int) -> None:
    """What stands before a CLOSING in its batch both count in, or pass over, or both refuse."""
    log = TwoLogs.of(closed().leaves[:size])
    source = log.source(seeds.OTHER_SOURCE)
    end, taken = source.book.end, []
    for minute in sorted({max(source.recorded_at, at) for at in (end - 1, end, end + DAY)}):
        for said in before(source.book, minute):
            right, bare = closing(source, said), closing(source, [])
            for one in (right, bare):
                behind = [*said, (max(minute, end), one)]
                taken.append(deepcopy(log).takes(source.source_id, seeds.OTHER_SOURCE_KEY, behind))
    assert {True, False} == set(taken)


def enrolled(period: Period, minute: int) -> TwoLogs:
    """Return a log in which the other source alone is enrolled, with this period and two officers, at this minute."""
    log = TwoLogs.of(closed().leaves[:1])
    officers = tuple(officer.public for officer in seeds.OFFICERS)
    keys = (seeds.OTHER_SOURCE_KEY.public,)
    body = bodies.SourceEnrolled(1, seeds.OTHER_SOURCE, seeds.OTHER_SERVICE, keys, period, 24, officers, 1)
    signatures = sign_inner(log.here.log_id, body, "proofs_of_possession", [seeds.OTHER_SOURCE_KEY])
    body = approve(log.here.log_id, replace(body, proofs_of_possession=signatures), seeds.APPROVERS[:1])
    assert log.takes("ledger", seeds.LEDGER_KEY, [(minute, body)])
    return log


def anything(log: TwoLogs, chance: Random) -> Said:
    """Return a batch as a source might send it: over hours or periods, with closings that are mostly right.

    The first one begins on the day before that of its enrolment.
    """
    source = log.source(seeds.OTHER_SOURCE)
    said: list[tuple[int, bodies.Body]] = []
    minute = source.recorded_at or log.source("ledger").recorded_at - DAY
    for _ in range(chance.choice([1, 1, 2, 3, 5])):
        end = closing(source, said).end
        minute = chance.choice(
            [minute, minute + 90, max(minute, end - 1), max(minute, end), max(minute, end + 40 * DAY)]
        )
        minute = min(minute, MAX_MINUTE)
        if chance.random() < (0.05 if minute < end else 0.6):
            right = closing(source, said)
            one = right if chance.random() < 0.8 else chance.choice(list(changed(right)))
            officers = chance.choice([(), (), (), (), seeds.OFFICERS, [seeds.OFFICER]])
            said.append((minute, approve(log.here.log_id, one, officers, source.source_id)))
        elif chance.random() < 0.2 and source.next_sequence:
            said.append((minute, aborted(log, chance.randrange(source.next_sequence))))
        else:
            _, *others = before(source.book, minute)
            said += chance.choice(others if chance.random() < 0.2 else others[:3])
    return said


def aborted(log: TwoLogs, sequence: int) -> bodies.Delivery:
    """Return the DELIVERY that says that an entry was not handed over."""
    life = log.lives.find(seeds.OTHER_SOURCE, sequence)
    assert life is not None
    roots = seeds.seed("slots root"), seeds.seed("payload")
    return bodies.Delivery(bodies.Target(sequence, life.leaf_hash), bodies.DeliveryResult.ABORTED, *roots)


@pytest.mark.parametrize("start", [seeds.MINUTE, seeds.MINUTE + WEEK - 1, MAX_MINUTE - 45 * DAY], ids=str)
@pytest.mark.parametrize("period", Period, ids=lambda period: period.name)
def test_both_go_on_alike(period: Period, start: int) -> None:
    """Whatever a source says for long, both take the same of it and have the same left to close."""
    chance = Random(f"{period.name} {start}")  # noqa: S311 -- the same batches each time
    log = enrolled(period, start)
    taken = [log.takes(seeds.OTHER_SOURCE, seeds.OTHER_SOURCE_KEY, anything(log, chance)) for _ in range(BATCHES)]
    assert taken.count(True) > BATCHES // 4
    assert taken.count(False) > BATCHES // 4
    assert log.source(seeds.OTHER_SOURCE).book.start > start
