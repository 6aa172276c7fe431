"""A refusal names the field that it is about, also where the caller names none."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from ledger.core.canonical_json import decode_json, encode_json
from ledger.core.encoding import decode_base64
from ledger.core.errors import InvalidInput
from ledger.core.record import DisclosureRecord
from tests.core.world import RECORD


@pytest.mark.parametrize(
    ("refuse", "message"),
    [
        (lambda: encode_json(None), "json: holds null"),
        (lambda: decode_json(b"{"), "json: not JSON"),
        (lambda: decode_base64(" Zm9v", "field"), "field: not standard base64"),
        (lambda: decode_base64("Zh==", "field"), "field: not canonical base64"),
    ],
    ids=["a value that is no JSON", "bytes that are no JSON", "another alphabet", "loose bits"],
)
def test_where_and_why(refuse: Callable[[], object], message: str) -> None:
    """The message begins with the field."""
    with pytest.raises(InvalidInput) as error:
        refuse()
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    "moment",
    [
        datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
        datetime.max.replace(tzinfo=timezone(-timedelta(hours=1))),
    ],
    ids=["before the year 1", "after the year 9999"],
)
def test_times_that_utc_cannot_say(moment: datetime) -> None:
    """An aware time whose UTC lies outside the years 1 to 9999 is refused by its field."""
    with pytest.raises(InvalidInput, match=r"^record: produced_at: must be a UTC time"):
        DisclosureRecord.from_json_object({**RECORD, "produced_at": moment})
