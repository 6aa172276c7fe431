"""What the demo takes of an auditor's lines: disclosures that opened, and everything that did not as a finding."""

import json

import pytest

from ledger.cli.demo.auditing import Totals

RECORD = {"authority_country": "NO", "accounts_disclosed": 3}
LINES = {
    "a disclosure": ({"body": "DISCLOSURE", "finding": None, "record": RECORD}, (1, 0, 3)),
    "a delivery": ({"body": "DELIVERY", "finding": None, "record": {}}, (0, 0, 0)),
    "an erased disclosure": ({"body": "DISCLOSURE", "finding": None, "erased": 9}, (0, 0, 0)),
    "a finding": ({"body": "DISCLOSURE", "finding": "missing"}, (0, 1, 0)),
    "what was sealed to others": ({"body": "DISCLOSURE", "finding": None, "not_opened": "to others"}, (0, 1, 0)),
    "papers that are overdue": ({"papers_overdue": []}, (0, 0, 0)),
}


@pytest.mark.parametrize(("line", "expected"), LINES.values(), ids=LINES)
def test_what_counts(line: dict[str, object], expected: tuple[int, int, int]) -> None:
    """Requests and users are those of disclosures whose record was opened."""
    totals = Totals()
    totals.add(json.dumps(line).encode())
    assert (totals.opened, totals.findings, totals.users["NO"]) == expected
