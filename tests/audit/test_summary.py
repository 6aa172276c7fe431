"""Disclosures are counted by what their records say, as the latest correction has it."""

from typing import Final

import pytest

from ledger.audit.payloads import Opened
from ledger.audit.summary import Summary
from ledger.client.reads import Entry
from ledger.core import bodies
from ledger.core.bodies import Correction, Delivery, DeliveryResult, Disclosure, Part, Target
from ledger.core.encoding import ZERO_HASH
from ledger.core.errors import InvalidInput
from ledger.core.sealed import OpenedPayload
from ledger.core.statement import Statement
from tests.core.world import RECORD, START

PLAIN: Final = Disclosure(ZERO_HASH, ZERO_HASH, ZERO_HASH, 4, ZERO_HASH)
NORWAY: Final = {**RECORD, "accounts_disclosed": 3}
SWEDEN: Final = {**RECORD, "authority_country": "SE", "data_categories": ["CONTENT", "SUBSCRIBER"]}
MONTH: Final = 60 * 24 * 31
Step = tuple[bodies.Body, dict[str, object] | None]


def corrects(sequence: int) -> bodies.Body:
    """Return a CORRECTION of alpha's entry."""
    return Correction(Target(sequence, ZERO_HASH), ZERO_HASH, ZERO_HASH)


def ends(sequence: int, result: DeliveryResult = DeliveryResult.ABORTED) -> bodies.Body:
    """Return the DELIVERY of alpha's entry."""
    return Delivery(Target(sequence, ZERO_HASH), result, ZERO_HASH, ZERO_HASH)


def counted(columns: str, *steps: Step, apart: int = 0) -> dict[str, tuple[int, ...]]:
    """Return the counts of what alpha said, ``apart`` minutes from step to step, by what the columns say."""
    summary = Summary(columns.split(","))
    for sequence, (body, record) in enumerate(steps):
        entry = Entry(sequence, b"", Statement("alpha", sequence, START + sequence * apart, body))
        payload = None if record is None else OpenedPayload(bytes(32), (), record)
        summary.take(Opened(entry, payload))
    return {" ".join(said): counts for said, counts in summary.rows()}


CASES: dict[str, tuple[list[Step], dict[str, tuple[int, ...]]]] = {
    "nothing": ([], {}),
    "two countries": (
        [(PLAIN, NORWAY), (PLAIN, SWEDEN), (PLAIN, NORWAY)],
        {"NO": (2, 6, 0, 0, 0), "SE": (1, 1, 0, 0, 0)},
    ),
    "a correction counts instead of what it corrects": (
        [(PLAIN, NORWAY), (corrects(0), SWEDEN)],
        {"SE": (1, 1, 0, 1, 0)},
    ),
    "the latest correction counts": (
        [(PLAIN, NORWAY), (corrects(0), SWEDEN), (corrects(0), NORWAY)],
        {"NO": (1, 3, 0, 1, 0)},
    ),
    "a correction that did not open": ([(PLAIN, NORWAY), (corrects(0), None)], {"NO": (1, 3, 0, 1, 0)}),
    "withdrawn": ([(PLAIN, NORWAY), (corrects(0), {**NORWAY, "outcome": "FRAUDULENT"})], {"NO": (0, 0, 0, 1, 1)}),
    "aborted": ([(PLAIN, NORWAY), (ends(0), {})], {"NO": (0, 0, 1, 0, 0)}),
    "aborted and withdrawn": (
        [(PLAIN, NORWAY), (ends(0), {}), (corrects(0), {**NORWAY, "outcome": "WITHDRAWN"})],
        {"NO": (0, 0, 0, 1, 1)},
    ),
    "delivered": ([(PLAIN, NORWAY), (ends(0, DeliveryResult.DELIVERED), {})], {"NO": (1, 3, 0, 0, 0)}),
    "a delivery of what was not read": ([(ends(7), {})], {}),
    "a correction of what was not read": ([(corrects(7), NORWAY)], {}),
    "a disclosure that did not open": ([(PLAIN, None), (ends(0), {}), (corrects(0), NORWAY)], {}),
    "two parts": (
        [
            (Disclosure(ZERO_HASH, ZERO_HASH, ZERO_HASH, 4, ZERO_HASH, part=Part(index, 2)), NORWAY)
            for index in range(2)
        ],
        {"NO": (1, 3, 0, 0, 0)},
    ),
    "what is no record": (
        [(PLAIN, {"authority_country": 7, "accounts_disclosed": "x", "outcome": "FULL"})],
        {"": (1, 0, 0, 0, 0)},
    ),
}


@pytest.mark.parametrize(("steps", "rows"), CASES.values(), ids=CASES)
def test_what_counts(steps: list[Step], rows: dict[str, tuple[int, ...]]) -> None:
    """Disclosures, their accounts, aborted ones, corrected ones and withdrawn ones, by country."""
    assert counted("country", *steps) == rows


def test_columns_are_those_asked_for_in_their_order() -> None:
    """Each category counts for itself, and a month is the one in which the disclosure was logged."""
    steps: list[Step] = [(PLAIN, NORWAY), (PLAIN, SWEDEN), (corrects(0), NORWAY)]
    assert counted("month,category", *steps, apart=MONTH) == {
        "2025-11 SUBSCRIBER": (1, 3, 0, 1, 0),
        "2025-12 CONTENT": (1, 1, 0, 0, 0),
        "2025-12 SUBSCRIBER": (1, 1, 0, 0, 0),
    }
    assert counted("process,country", *steps[:1]) == {"SEARCH_WARRANT NO": (1, 3, 0, 0, 0)}
    assert counted("category", (PLAIN, {"outcome": "FULL", "data_categories": [7]})) == {"": (1, 0, 0, 0, 0)}


@pytest.mark.parametrize("columns", ["", "country,country", "country,notes"])
def test_unknown_columns_are_refused(columns: str) -> None:
    """A column is one of four, each once."""
    with pytest.raises(InvalidInput, match=r"^summary: must be some of country,process,category,month, each once$"):
        Summary(columns.split(","))
