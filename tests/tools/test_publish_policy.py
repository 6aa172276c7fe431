"""``ledgerctl publish-policy``: which fields stand open is shown, changed by an approved statement, and followed."""

from collections.abc import Iterator

import pytest

from ledger.core import bodies
from ledger.core.note import VKey
from ledger.core.receipt import verify_receipt
from ledger.core.sealing_policy import PUBLISHABLE
from tests.cli.commands import Site, disclosure, lines, site
from tests.tools.governed import approved, governed


@pytest.fixture
def here() -> Iterator[Site]:
    """Give a served ledger to each test: a policy change lasts."""
    with site() as found:
        found.open(inside=True)
        found.serve()
        yield found


def told(here: Site) -> list[str]:
    """Return what the command says of the policy in force."""
    return here.call("ledgerctl", "publish-policy", "-d", "led").stdout.splitlines()


def published(here: Site) -> tuple[object, object]:
    """Return what status says is public, for programs and for people."""
    (status,) = here.call("ledgerctl", "status", "-d", "led", "--json").objects
    words = here.call("ledgerctl", "status", "-d", "led").stdout.splitlines()
    (line,) = [line for line in words if line.startswith("published ")]
    return status["published"], line.removeprefix("published").strip()


def test_the_policy_in_force_is_shown(here: Site) -> None:
    """With nothing named, the command tells fields, auditors, since when, and what may be named; and logs nothing."""
    ran = here.run("ledgerctl", "publish-policy", "-d", "led")
    assert ran.stdout.splitlines() == [
        "published     none",
        "min_auditors  1",
        "since         entry 0",
        f"may be named  {', '.join(PUBLISHABLE)}",
    ]
    assert published(here) == ([], "none")
    here.call("ledgerctl", "publish-policy", "outcome", "authority_country", "-d", "led")
    (facts,) = here.call("ledgerctl", "publish-policy", "-d", "led", "--json").objects
    assert facts == {
        "published": ["authority_country", "outcome"],
        "min_auditors": 1,
        "since": 1,
        "publishable": list(PUBLISHABLE),
    }
    assert published(here) == (["authority_country", "outcome"], "authority_country, outcome")


def test_each_half_changes_without_the_other(here: Site) -> None:
    """Fields, in whatever order, leave the minimum of auditors as it is, and the other way round."""
    ran = here.run("ledgerctl", "publish-policy", "outcome", "urgency", "outcome", "-d", "led")
    words = "public from here on: urgency, outcome; sealed to at least 1 auditors"
    assert ran.stdout == f"entry 1: policy change; {words}\n"
    here.call("ledgerctl", "publish-policy", "--min-auditors", "2", "-d", "led")
    assert told(here)[:3] == ["published     urgency, outcome", "min_auditors  2", "since         entry 2"]
    here.call("ledgerctl", "publish-policy", "--none", "-d", "led")
    assert told(here)[:3] == ["published     none", "min_auditors  2", "since         entry 3"]
    here.call("ledgerctl", "publish-policy", "urgency", "--min-auditors", "1", "-d", "led")
    assert told(here)[:3] == ["published     urgency", "min_auditors  1", "since         entry 4"]
    assert here.stop() == 0
    here.call("ledgerctl", "fsck", "led")


WRONG: dict[str, tuple[list[str], str]] = {
    "a text": (["notes"], "sealing_policy: publish may name authority_type, "),
    "a time beside a word": (["outcome", "produced_at"], "sealing_policy: publish may name authority_type, "),
    "what is no field": (["Outcome"], "sealing_policy: publish may name authority_type, "),
    "names and none": (["outcome", "--none"], "publish-policy: give names or --none"),
    "what is so already": (["--none"], "publish-policy: is in force already"),
    "the same minimum": (["--min-auditors", "1"], "publish-policy: is in force already"),
}


def test_what_may_not_be_public_is_refused(here: Site) -> None:
    """Fields that may not be named, contradictions and what changes nothing are refused in a line."""
    for what, (words, error) in WRONG.items():
        ran = here.call("ledgerctl", "publish-policy", *words, "-d", "led", code=2)
        assert ran.error.startswith(error), what
    (status,) = here.call("ledgerctl", "status", "-d", "led", "--json").objects
    assert status["tree_size"] == 1


def test_what_is_recorded_next_opens_the_fields(here: Site) -> None:
    """From the statement on a disclosure's leaf has the fields, and nothing of the others; with --none again none."""
    source = here.source("alpha", here.auditor("One"))
    opened: list[list[str]] = []
    for number, words in enumerate(([], ["authority_country", "outcome"], ["--none"])):
        if words:
            here.call("ledgerctl", "publish-policy", *words, "-d", "led")
        given = lines(disclosure(number))
        to = ("--receipts", "receipts", "--json")
        (row,) = here.call("ledger", "record", "-", "-p", source, *to, given=given).objects
        receipt = here.path(row["receipt"]).read_bytes()
        body = verify_receipt(receipt, VKey.parse(here.path("led/log.vkey").read_text().strip())).statement.body
        assert isinstance(body, bodies.Disclosure)
        opened.append([opening.name for opening in body.openings])
        assert f"note {number}".encode() not in receipt
    assert opened == [[], ["authority_country", "outcome"], []]


def test_a_proposed_policy_travels_with_its_file() -> None:
    """A proposal comes with the policy's bytes, which approvers and ``apply`` need; none is written over another."""
    with governed() as here:
        words = ("ledgerctl", "publish-policy", "outcome", "-d", "led")
        assert "approvals: 2 are needed, 1 at hand" in here.call(*words, *approved("ann"), code=2).error
        ran = here.call(*words, *approved(), "--propose", "p.json")
        last = "p.json.sealing-policy: travels with it: ledgerctl apply p.json --sealing-policy p.json.sealing-policy"
        assert ran.stderr.splitlines()[-1] == last
        assert here.path("p.json.sealing-policy").read_bytes() == b'{"min_auditors":1,"publish":["outcome"]}'
        again = here.call(*words, *approved(), "--propose", "p.json", code=2)
        assert again.error == "p.json: File exists"
        assert "does not match its digest" in here.call("ledgerctl", "apply", "p.json", "-d", "led", code=2).error
        here.call("ledgerctl", "apply", "p.json", "--sealing-policy", "p.json.sealing-policy", "-d", "led")
        assert told(here)[0] == "published     outcome"


def test_a_minimum_that_nobody_can_meet_is_warned_of(here: Site) -> None:
    """More auditors than the log names would stop all recording: it is logged, as asked, and said."""
    warned = here.call("ledgerctl", "publish-policy", "--min-auditors", "5", "-d", "led").stderr
    assert "careful: the log names 0 auditors; with fewer than the minimum nothing can be recorded" in warned
