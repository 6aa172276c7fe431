"""Embargoes last no longer than their orders, and emergencies have their papers in time."""

from typing import Any, Final

import pytest

from ledger.audit.orders import NO_ORDER, TOO_LONG, Papers, order_finding
from ledger.core import bodies
from ledger.core.bodies import Correction, Disclosure, Embargo, EmbargoExtended, Target
from ledger.core.encoding import ZERO_HASH
from ledger.core.rules import parse_month
from ledger.core.statement import Statement
from tests.audit.audited import ONE, opened
from tests.client.lying import lying
from tests.core.embargoed import MONTH, extension, gagged, with_officers

NAMED: Final = Target(0, ZERO_HASH)
MARCH: Final = parse_month("2026-03", "until")


def laid(until: int) -> bodies.Body:
    """Return a DISCLOSURE under embargo."""
    return Disclosure(ZERO_HASH, ZERO_HASH, ZERO_HASH, 4, ZERO_HASH, Embargo(until))


def prolonged(until: int) -> bodies.Body:
    """Return an extension."""
    return EmbargoExtended(NAMED, 1, until, ZERO_HASH, ZERO_HASH)


def order(expires_at: object) -> dict[str, object]:
    """Return a record with an order that ends then."""
    return {"nondisclosure_order": {"expires_at": expires_at}}


ORDERS: dict[str, tuple[dict[str, object], str]] = {
    "an order that ends in the month before": (order("2026-02-28T23:59:59.999Z"), ""),
    "an order that ends later": (order("2027-01-01T00:00:00.000Z"), ""),
    "an order that ends earlier": (order("2026-01-31T00:00:00.000Z"), TOO_LONG),
    "an order without an end": (order("INDEFINITE"), ""),
    "no order": ({}, NO_ORDER),
    "an order of no object": ({"nondisclosure_order": "x"}, NO_ORDER),
    "an order without its end": ({"nondisclosure_order": {}}, NO_ORDER),
    "an end that is a number": (order(7), NO_ORDER),
    "an end that is no time": (order("soon"), NO_ORDER),
}


@pytest.mark.parametrize(("record", "finding"), ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("body", [laid(MARCH), prolonged(MARCH)], ids=["laid", "prolonged"])
def test_an_embargo_is_held_against_its_order(body: bodies.Body, record: dict[str, object], finding: str) -> None:
    """It ends with the first of the month after its order at the latest."""
    assert order_finding(body, record) == finding


def test_nothing_else_needs_an_order() -> None:
    """What lays no embargo is not held against one."""
    plain = Disclosure(ZERO_HASH, ZERO_HASH, ZERO_HASH, 4, ZERO_HASH)
    assert order_finding(plain, {}) == order_finding(Correction(NAMED, ZERO_HASH, ZERO_HASH), order("x")) == ""


async def test_an_embargo_that_is_too_long_is_found_in_the_log() -> None:
    """The log admits it, for the order is sealed; who opens it finds it, and reads the record all the same."""
    world = with_officers(0)
    fine = world.say("alpha", gagged(world, MONTH + 4))  # the order ends on the first of February, MONTH + 3
    long = world.say("alpha", gagged(world, MONTH + 5))
    more = world.say("alpha", extension(world, fine, 1, MONTH + 6))
    async with lying(world) as ledger:
        found = await opened(ledger, ONE.x25519_secret)
    assert {index: item.finding for index, item in found.items()} == {fine: "", long: TOO_LONG, more: TOO_LONG}
    assert all(item.payload is not None for item in found.values())


DUE: Final = "2026-01-02T00:00:00.000Z"
MINUTE: Final = 29_455_201
"""2026-01-02T00:01Z."""


def taken(*steps: tuple[bodies.Body, dict[str, Any]]) -> Papers:
    """Return what is known once a source said ``steps``, one sequence each, at indexes from 10 on."""
    papers = Papers()
    for sequence, (body, record) in enumerate(steps):
        papers.take(10 + sequence, Statement("alpha", sequence, MINUTE, body), record)
    return papers


EMERGENCY: Final = (Disclosure(ZERO_HASH, ZERO_HASH, ZERO_HASH, 4, ZERO_HASH), {"legal_basis_due_at": DUE})
CORRECTION: Final = Correction(NAMED, ZERO_HASH, ZERO_HASH)
PAPERS: dict[str, tuple[list[tuple[bodies.Body, dict[str, Any]]], list[int]]] = {
    "no correction": ([EMERGENCY], [10]),
    "a correction without a legal basis": ([EMERGENCY, (CORRECTION, {"notes": "x"})], [10]),
    "a correction with one": ([EMERGENCY, (CORRECTION, {"legal_basis": "x"})], []),
    "a correction that has until later": (
        [EMERGENCY, (CORRECTION, {"legal_basis_due_at": "2027-01-01T00:00:00.000Z"})],
        [],
    ),
    "a correction of another": ([EMERGENCY, EMERGENCY, (CORRECTION, {"legal_basis": "x"})], [11]),
    "two": ([EMERGENCY, EMERGENCY], [10, 11]),
    "a correction of what was not read": ([(CORRECTION, {"legal_basis": "x"})], []),
    "no emergency": ([(EMERGENCY[0], {})], []),
    "a time that is none": ([(EMERGENCY[0], {"legal_basis_due_at": 7})], []),
    "a delivery": ([(bodies.Delivery(NAMED, bodies.DeliveryResult.DELIVERED, ZERO_HASH, ZERO_HASH), {})], []),
}


@pytest.mark.parametrize(("steps", "indexes"), PAPERS.values(), ids=PAPERS)
def test_papers_are_due_until_a_correction_has_them(
    steps: list[tuple[bodies.Body, dict[str, Any]]], indexes: list[int]
) -> None:
    """Overdue is an emergency whose time passed without a CORRECTION that names a legal basis."""
    assert [due.index for due in taken(*steps).overdue(MINUTE)] == indexes


@pytest.mark.parametrize(("minute", "overdue"), [(MINUTE - 1, 0), (MINUTE, 1)])
def test_papers_are_overdue_after_their_time(minute: int, overdue: int) -> None:
    """In the very minute they may still come."""
    assert len(taken(EMERGENCY).overdue(minute)) == overdue
