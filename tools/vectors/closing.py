"""How the days of the second source are closed in the small log.

38 CLOSING of the day of enrolment, approved by both officers · 39 DISCLOSURE of the second day, 40 its DELIVERY:
aborted · in one batch of the fifth day: 41 CLOSING of the second, 42 of the third with zero, 43 DISCLOSURE late for the
third, 44 CLOSING of the fourth · 45 DISCLOSURE under embargo, 46 its DELIVERY: aborted, 47, 48 two parts · 49 CLOSING
of the fifth day in bands, approved by one officer · 50 of the sixth · in one batch over midnight: 51 DISCLOSURE of the
seventh day, 52 of the eighth and late for the first, 53 CLOSING of the seventh · 54 DISCLOSURE of the ninth day.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Final

from ledger.core import bodies
from ledger.core.building import Prepared, prepare, prepare_closing, prepare_delivery
from ledger.core.inner import approve
from ledger.core.merkle import leaf_hash
from ledger.core.periods import DAY
from ledger.core.statement import decode_leaf
from vectors import seeds
from vectors.becoming import UNTIL, drafted, go_on, having
from vectors.history import History
from vectors.records import disclosure
from vectors.saying import disclosure_body
from vectors.sealing import HANDED

FIFTH, SEVENTH, NINTH = 49, 53, 54
"""Indexes of the CLOSING of the fifth and of the seventh day, and of the DISCLOSURE of the ninth."""

_DISCLOSED: Final = disclosure("texts that JSON escapes or sorts with care")
_GAGGED: Final = replace(disclosure("every field, two keys"), embargo=UNTIL)


def day(number: int) -> int:
    """Return the first minute of a day; the first one is that of the second source's enrolment."""
    return seeds.MINUTE + number * DAY


@cache
def closed() -> History:
    """Return the log of ``becoming`` with days closed behind it."""
    log = go_on()
    _first(log)
    _second_to_fourth(log)
    _fifth_and_sixth(log)
    _over_midnight(log)
    log.minute = day(9) + 1
    log.say("ninth day, batch", [prepare(_DISCLOSED, seeds.Entropy("ninth day"))])
    return log


def next_closing(log: History, name: str = "", said: Sequence[Prepared] = ()) -> bodies.Closing:
    """Return the CLOSING that is right behind ``said``, which stands before it in the batch of this name."""
    source = log.state.source(log.source_id)
    book, sequence = source.book, source.next_sequence
    for data in log.draft(name, said)[0].statements if said else ():
        leaf = decode_leaf(data)
        book, sequence = book.add(leaf.statement, leaf_hash(leaf.unsealed)), sequence + 1
    return book.next_closing(sequence)


def _first(log: History) -> None:
    """Close a day in the minute in which it ends."""
    log.minute = day(2)
    body = replace(next_closing(log), egress_digest=seeds.seed("egress log"))
    log.say("first day closed", [prepare_closing(approve(log.state.log_id, body, seeds.OFFICERS, log.source_id))])


def _second_to_fourth(log: History) -> None:
    """Close days of which the last two held nothing, the last one behind a DISCLOSURE that is late for the third."""
    log.minute += 9 * 60
    _abort(log, "second day", [prepare(_DISCLOSED, seeds.Entropy("second day"))])
    log.minute = day(5) + 30
    name = "three days closed"
    said: list[Prepared] = []
    said.append(prepare_closing(next_closing(log, name, said)))
    said.append(prepare_closing(next_closing(log, name, said)))
    said.append(having(prepare(_DISCLOSED, seeds.Entropy("late")), late_for=bodies.LateFor(day(3))))
    said.append(prepare_closing(next_closing(log, name, said)))
    log.say(name, said)


def _fifth_and_sixth(log: History) -> None:
    """Close a day that held one of everything, saying less than the numbers of two counts."""
    log.minute += 9 * 60
    _abort(log, "fifth day", [prepare(_GAGGED, seeds.Entropy("fifth day"))])
    halves = [prepare(_DISCLOSED, seeds.Entropy(f"fifth day, part {index}")) for index in range(2)]
    log.say("fifth day, parts", [having(half, part=bodies.Part(at, 2)) for at, half in enumerate(halves)])
    log.minute = day(7)
    body = next_closing(log)
    banded = replace(
        body, disclosures=bodies.Count(0, 499), embargoed=bodies.Count(1, 9), mapped_through=body.end_sequence
    )
    approved = approve(log.state.log_id, banded, seeds.OFFICERS[:1], log.source_id)
    log.say("fifth day closed", [prepare_closing(approved)])
    log.say("sixth day closed", [prepare_closing(next_closing(log))])


def _over_midnight(log: History) -> None:
    """Close a day that ends within the batch."""
    source = log.state.source(log.source_id)
    last = source.next_sequence + 1
    body = replace(source.book.next_closing(last), disclosures=bodies.Count(1, 1))
    late = disclosure_body(late_for=bodies.LateFor(day(1)))
    log.utter([(day(8) - 1, disclosure_body()), (day(8), late), (day(8), body)])


def _abort(log: History, name: str, disclosed: Sequence[Prepared]) -> None:
    batch = f"{name}, batch"
    target = drafted(log, batch, disclosed)
    aborted = prepare_delivery(target, bodies.DeliveryResult.ABORTED, HANDED, seeds.Entropy(f"{name}, aborted"))
    log.say(batch, [*disclosed, aborted])
