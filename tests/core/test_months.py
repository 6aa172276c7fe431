"""A month is written YYYY-MM and counted since 1970-01; a disclosure's embargo is given so."""

import pytest

from ledger.core.errors import InvalidInput
from ledger.core.record_input import disclosure_from_object
from ledger.core.rules import month_text, parse_month
from tests.core.embargoed import ORDER
from tests.core.world import RECORD


@pytest.mark.parametrize(("text", "month"), [("1970-01", 0), ("1970-12", 11), ("2026-11", 682), ("9999-12", 96359)])
def test_months_are_counted_since_1970(text: str, month: int) -> None:
    """Text and number are each other's only form."""
    assert parse_month(text, "until") == month
    assert month_text(month) == text


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-00", "1969-12", "2026-1", "2026-11-01", " 2026-11", 202611]
)
def test_what_is_no_month_is_refused(text: str) -> None:
    """Anything else is refused with what a month looks like."""
    with pytest.raises(InvalidInput, match=r"^until: must be a month, YYYY-MM, from 1970 on$"):
        parse_month(text, "until")


def test_an_embargo_needs_an_order() -> None:
    """A disclosure names the month its embargo ends; its record has the order that it rests on."""
    record = {**RECORD, **ORDER}
    assert disclosure_from_object({"record": record, "embargo": "2026-11"}).embargo == 682
    assert disclosure_from_object({"record": record}).embargo is None
    with pytest.raises(InvalidInput, match="nondisclosure_order: required for an embargo"):
        disclosure_from_object({"record": RECORD, "embargo": "2026-11"})
    with pytest.raises(InvalidInput, match="embargo: must be a month"):
        disclosure_from_object({"record": record, "embargo": "soon"})
