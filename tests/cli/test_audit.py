"""``ledger audit open`` shows an accredited auditor what was disclosed, held against the leaves."""

from tests.cli.commands import disclosure, lines
from tests.cli.conftest import FIRST, Standing
from tests.core.test_record import FULL


def test_the_table_is_whole(standing: Standing) -> None:
    """Where output is no terminal no cell is cut, one line an entry, and nobody but disclosures is shown."""
    ran = standing.here.run("ledger", "audit", "open", f":{3 + FIRST}", "-p", standing.auditor)
    head, *rows = ran.stdout.splitlines()
    assert "authority_country" in head
    assert len(rows) == FIRST
    for number, row in enumerate(rows):
        words = row.split()
        assert words[:2] == [str(3 + number), f"alpha:{number}"]
        assert all(str(FULL[name]) in row for name in ("authority_country", "authority_name", "legal_process"))
    *papers, told = ran.stderr.splitlines()
    assert papers == [f"entry {3 + at}: papers overdue, of an emergency of alpha:{at}" for at in range(FIRST)]
    assert told == f"{FIRST} payloads opened and held against their leaves, 0 findings"


def test_programs_get_the_whole_record(standing: Standing) -> None:
    """``--json`` gives record and keys exactly as they were recorded."""
    *rows, papers = standing.here.call("ledger", "audit", "open", "3:6", "-p", standing.auditor, "--json").objects
    assert [due["index"] for due in papers["papers_overdue"]] == [3, 4, 5]
    for number, row in enumerate(rows):
        given = disclosure(number)
        assert row["record"] == given["record"]
        assert row["keys"] == given["keys"]
        assert (row["source"], row["sequence"], row["finding"]) == ("alpha", number, None)


def test_what_was_sealed_to_others_could_not_be_checked(standing: Standing) -> None:
    """An auditor accredited later cannot open what was sealed before: exit code 2, for nothing is disproven."""
    here = standing.here
    late = here.auditor("Late")
    ran = here.call("ledger", "audit", "open", "3:6", "-p", late, code=2)
    assert ran.stderr.splitlines()[-1] == "0 payloads opened and held against their leaves, 0 findings, 3 not opened"
    assert ran.stdout.count("sealed before this auditor was accredited, or not to it") == 3
    rows = here.call("ledger", "audit", "open", "3:6", "-p", late, "--json", code=2).objects
    assert len(rows) == 3
    assert all("record" not in row and row["finding"] is None and row["not_opened"] for row in rows)


def test_another_key_opens_nothing(standing: Standing) -> None:
    """With another auditor's key nothing opens; with a key of another kind nothing is fetched."""
    here = standing.here
    here.call("ledger", "keygen", "auditor", "-o", "other.key")
    here.call("ledger", "audit", "open", "3", "-p", standing.auditor, "-k", "other.key", code=2)
    ran = here.call("ledger", "audit", "open", "3", "-p", standing.auditor, "-k", "alpha.key", code=2)
    assert ran.error == "alpha.key: is a key of kind source; one of kind auditor is needed"


def test_only_auditors_may_fetch(standing: Standing) -> None:
    """A source's certificate is told that the call is for auditors, and the public that a certificate is missing."""
    here, key = standing.here, standing.auditor / "auditor.key"
    assert "role auditor" in here.call("ledger", "audit", "open", "3", "-p", standing.source, "-k", key, code=2).error
    assert "certificate" in here.call("ledger", "audit", "open", "3", "-p", standing.public, "-k", key, code=2).error


def test_a_range_without_disclosures_is_empty(standing: Standing) -> None:
    """Where nothing was disclosed nothing is opened, which is no finding."""
    ran = standing.here.call("ledger", "audit", "open", "0:3", "-p", standing.auditor, "--json")
    assert (ran.stdout, ran.stderr) == ("", "0 payloads opened and held against their leaves, 0 findings\n")


def test_what_is_recorded_next_opens_too(standing: Standing) -> None:
    """``BEGIN:`` reaches the entry that was recorded last."""
    here = standing.here
    (row,) = here.call("ledger", "record", "-", "-p", standing.source, "--json", given=lines(disclosure(80))).objects
    opened, _ = here.call("ledger", "audit", "open", f"{row['index']}:", "-p", standing.auditor, "--json").objects
    assert opened["record"]["notes"] == "note 80"
