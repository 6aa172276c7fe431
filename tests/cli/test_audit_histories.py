"""``ledger audit open`` tells what became of disclosures, and counts; ``ledger audit report`` logs what was found."""

import base64
import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from ledger.core import bodies
from ledger.core.canonical_json import encode_json
from ledger.core.encoding import sha256
from ledger.core.statement import decode_leaf
from tests.cli.commands import Site, disclosure, lines, site
from tests.core.test_record import FULL

OPEN: Final = ("ledger", "audit", "open", ":9", "-p", "One")
REPORT: Final = ("ledger", "audit", "report", ":9", "-p", "One")
DUE: Final = "2020-01-01T00:00:00.000Z"
TOLD: Final = (
    "entry 4: papers overdue, of an emergency of alpha:1\n"
    "4 payloads opened and held against their leaves, 0 findings, 1 erased\n"
)


@pytest.fixture(scope="module")
def here() -> Iterator[Site]:
    """Give a ledger: 3 a disclosure, 4 an emergency, 5 erased by 8, 6 the delivery of 3, 7 its correction."""
    with site() as found:
        found.open(inside=True)
        found.serve()
        found.source("alpha", found.auditor("One"))
        given = [disclosure(0), disclosure(1, urgency="EMERGENCY", legal_basis_due_at=DUE), disclosure(2)]
        found.call("ledger", "record", "-", "-p", "alpha", given=lines(*given))
        found.call("ledger", "deliver", "3", "-p", "alpha")
        found.call("ledger", "correct", "3", "-", "-p", "alpha", given=lines(disclosure(0, authority_country="SE")))
        found.call("ledgerctl", "erase", "5", "--basis", "Art. 17 GDPR", "-d", "led")
        yield found
        assert found.stop() == 0


def test_every_payload_opens(here: Site) -> None:
    """Deliveries and corrections have rows with what they refer to; what is erased names the ERASURE."""
    *rows, papers = here.call(*OPEN, "--json").objects
    assert [(row["index"], row["body"], row.get("target")) for row in rows] == [
        (3, "DISCLOSURE", None),
        (4, "DISCLOSURE", None),
        (5, "DISCLOSURE", None),
        (6, "DELIVERY", {"source": "alpha", "sequence": 0}),
        (7, "CORRECTION", {"source": "alpha", "sequence": 0}),
    ]
    assert [row.get("erased") for row in rows] == [None, None, 8, None, None]
    assert (rows[2]["erased_at"][:2], rows[2]["legal_basis"]) == ("20", "Art. 17 GDPR")
    assert ["record" in row for row in rows] == [True, True, False, True, True]
    assert papers == {"papers_overdue": [{"index": 4, "source": "alpha", "sequence": 1, "due": DUE}]}


def test_the_table_says_what_is_erased(here: Site) -> None:
    """A person reads which entry says so, when, and on which basis; papers that are overdue stand below."""
    ran = here.call(*OPEN, "--evidence", "none")
    assert list(here.path("none").iterdir()) == []
    (row,) = [line for line in ran.stdout.splitlines() if line.split()[0] == "5"]
    assert row.split()[:3] == ["5", "alpha:2", "DISCLOSURE"]
    assert "erased by entry 8, 20" in row
    assert row.rstrip().endswith(": Art. 17 GDPR")
    (row,) = [line for line in ran.stdout.splitlines() if line.split()[0] == "6"]
    assert row.split()[:4] == ["6", "alpha:3", "DELIVERY", "alpha:0"]
    assert ran.stderr == TOLD


def test_histories_group_what_followed(here: Site) -> None:
    """``--histories`` gives each disclosure with what followed in order, and its state."""
    first, second, third, papers = here.call(*OPEN, "--histories", "--json").objects
    assert (first["source"], first["sequence"], first["state"], first["embargo"]) == ("alpha", 0, "delivered", None)
    assert [(item["index"], item["body"]) for item in first["followed"]] == [(6, "DELIVERY"), (7, "CORRECTION")]
    assert first["entry"]["record"]["authority_country"] == FULL["authority_country"]
    assert (second["state"], second["followed"]) == ("unresolved", [])
    assert (third["entry"]["erased"], third["followed"][0]["body"], third["followed"][0]["index"]) == (8, "ERASURE", 8)
    assert papers["papers_overdue"][0]["index"] == 4


def test_the_table_of_histories(here: Site) -> None:
    """What followed stands below its disclosure; of one before the range its place alone is told."""
    ran = here.call(*OPEN, "--histories")
    found = [line.split()[0] for line in ran.stdout.splitlines()[1:]]
    assert found == ["3", "6", "7", "4", "5", "8"]
    assert [line.split()[-1] for line in ran.stdout.splitlines() if line.split()[0] in ("3", "4")] == [
        "delivered",
        "unresolved",
    ]
    ran = here.call("ledger", "audit", "open", "7", "-p", "One", "--histories")
    _, before, after = ran.stdout.splitlines()
    assert before.split() == ["before", "alpha:0", "unresolved"]
    assert after.split()[0] == "7"


def test_counts(here: Site) -> None:
    """``--summary`` counts what the latest correction says, by the columns in their order."""
    rows = here.call(*OPEN, "--summary", "country,process", "--json").objects[:-1]
    country = FULL["authority_country"]
    counts = {"accounts_disclosed": FULL["accounts_disclosed"], "aborted": 0, "withdrawn": 0, "disclosures": 1}
    named = {"process": FULL["legal_process"], **counts}
    assert rows == sorted(
        [{"country": "SE", **named, "corrected": 1}, {"country": country, **named, "corrected": 0}],
        key=lambda row: str(row["country"]),
    )
    head, *table = here.call(*OPEN, "--summary", "country").stdout.splitlines()
    assert head.split() == ["country", "disclosures", "accounts_disclosed", "aborted", "corrected", "withdrawn"]
    assert sorted(line.split()[0] for line in table) == sorted(["SE", str(country)])


def test_a_summary_is_in_place_of_histories(here: Site) -> None:
    """Only one of them is shown, and of columns that there are."""
    ran = here.call(*OPEN, "--summary", "country", "--histories", code=2)
    assert ran.error == "summary: is asked for in place of histories, not beside them"
    assert here.call(*OPEN, "--summary", "notes", code=2).error.startswith("summary: must be some of country,")


def test_a_report_is_logged(here: Site) -> None:
    """The file has no value of a record; its digest is logged, and the receipt beside it proves that."""
    ran = here.run(*REPORT, "--out", "found.json")
    data = here.path("found.json").read_bytes()
    report = json.loads(data)
    assert data == encode_json(report)
    assert (report["begin"], report["end"], report["findings"], report["papers_overdue"]) == (0, 9, [], [4])
    assert report["counts"] == {"opened": 4, "findings": 0, "erased": 1, "not_opened": 0}
    assert not any(str(value) in data.decode() for value in (FULL["authority_name"], DUE, "alpha"))
    said = ran.stderr.splitlines()
    index = int(said[1].split()[3].rstrip(","))
    assert said[:2] == [
        "report on entries 0 to 8 in found.json",
        f"logged as entry {index}, its receipt in found.json.tlog-proof",
    ]
    here.call("ledger", "verify", "found.json.tlog-proof", "--log", "led/log.vkey")
    (entry,) = here.call("ledger", "entries", str(index), "-p", "One", "--json").objects
    assert entry["body"] == "AUDIT_REPORT"
    body = decode_leaf(base64.b64decode(entry["leaf"])).statement.body
    assert isinstance(body, bodies.AuditReport)
    assert (body.report_digest, body.begin, body.end, body.findings) == (sha256(data), 0, 9, 0)


def test_a_dry_run_logs_nothing(here: Site) -> None:
    """The file is written under its default name, and nothing else happens; a file that is there stays."""
    size = _size(here)
    here.call(*REPORT, "--dry-run")
    assert here.path("report-0-9.json").exists()
    assert not here.path("report-0-9.json.tlog-proof").exists()
    assert _size(here) == size
    error = "report-0-9.json: exists already; nothing was changed"
    assert here.call(*REPORT, code=2).error == error
    here.path("other.json.tlog-proof").write_text("mine")
    assert here.call(*REPORT, "-o", "other.json", code=2).error.startswith("other.json.tlog-proof: exists already")
    assert not here.path("other.json").exists()


def test_an_open_range_is_named_by_where_it_ended(here: Site) -> None:
    """``BEGIN:`` reports up to the last entry that there was."""
    size = _size(here)
    here.call("ledger", "audit", "report", "3:", "-p", "One", "--dry-run")
    assert json.loads(here.path(f"report-3-{size}.json").read_bytes())["end"] == size
    here.call("ledger", "audit", "report", f"{size}:", "-p", "One", "--dry-run", code=2)


def test_who_is_no_auditor_reports_nothing(here: Site) -> None:
    """A key that the log never named signs no report; one that it named later reports what it could not open."""
    here.call("ledger", "keygen", "auditor", "-o", "stranger.key")
    ran = here.call(*REPORT, "-k", "stranger.key", "--out", "none.json", code=2)
    assert ran.error == "key: the log never named an auditor with it"
    assert not here.path("none.json").exists()
    late = here.auditor("Late")
    ran = here.call("ledger", "audit", "report", "3:5", "-p", late, "--out", "late.json", code=2)
    assert ran.stderr.splitlines()[-1].endswith("0 findings, 2 not opened")
    assert json.loads(here.path("late.json").read_bytes())["counts"]["not_opened"] == 2


def _size(here: Site) -> int:
    found: list[dict[str, Any]] = here.call("ledger", "entries", "0:", "-p", "One", "--json").objects
    return len(found)
