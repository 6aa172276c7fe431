"""What is recorded late says for which period, in its input and in its leaf."""

import pytest

from ledger.core import bodies
from ledger.core.building import prepare
from ledger.core.errors import InvalidInput
from ledger.core.record_input import Disclosure, disclosure_from_object
from tests.core.world import RECORD, Entropy, disclosure

GIVEN = {
    "a month": ("2025-11", 29_365_920),
    "a day": ("2025-11-24", 29_399_040),
    "a week": ("2025-W48", 29_399_040),
}


@pytest.mark.parametrize(("text", "minute"), GIVEN.values(), ids=GIVEN)
def test_the_period_is_named_as_people_write_it(text: str, minute: int) -> None:
    """Its first minute is what the leaf says, and nothing else of the entry is another."""
    found = disclosure_from_object({"record": RECORD, "late_for": text})
    assert found == Disclosure(disclosure().record, late_for=minute)
    prepared = prepare(found, Entropy())
    body = prepared.say(bytes(32), ())  # type: ignore[arg-type]  # any 32 bytes
    assert isinstance(body, bodies.Disclosure)
    assert body.late_for == bodies.LateFor(minute)
    assert not prepared.alone
    assert prepared.travels


def test_what_names_no_period_is_refused() -> None:
    """The mistake is told with the others, and the value is not."""
    given = {"record": RECORD, "embargo": "soon", "late_for": "last week"}
    with pytest.raises(InvalidInput, match=r"embargo: must be a month.*late_for: must be a month") as raised:
        disclosure_from_object(given)
    assert "last week" not in str(raised.value)
