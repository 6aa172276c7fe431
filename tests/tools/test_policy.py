"""Policies, approvers and threshold change by an approved statement, and count from then on."""

from collections.abc import Iterator

import pytest

from tests.cli.commands import Site
from tests.tools.governed import approved, governed, request


@pytest.fixture
def here() -> Iterator[Site]:
    """Give a ledger to each test: a policy change lasts."""
    with governed() as site:
        yield site


def test_approvers_and_threshold_change(here: Site) -> None:
    """From a change on its approvers and threshold decide; those before decide no more."""
    here.call("ledger", "keygen", "approver", "-o", "dan.key")
    ran = here.call("ledgerctl", "policy", "-d", "led", "--approver", "dan.key.pub", "--threshold", "1", *approved())
    assert ran.stdout == "entry 1: policy change\n"
    asked = request(here, "source", "alpha")
    assert "1 are needed, 0 at hand" in here.call("ledgerctl", "enroll", asked, "-d", "led", *approved(), code=2).error
    here.call("ledgerctl", "enroll", asked, "-d", "led", *approved("dan"))
    (status,) = here.call("ledgerctl", "status", "-d", "led", "--json").objects
    assert (status["approvers"], status["threshold"], status["next_number"]) == (1, 1, 3)


def test_policy_files_travel_with_a_proposal(here: Site) -> None:
    """A proposed policy change is applied with its files; without them, or with others, it is refused."""
    here.path("sealing").write_text('{"min_auditors":2,"publish":[]}')
    here.path("witnesses").write_text("# nobody yet\nquorum none\n")
    files = ("--sealing-policy", "sealing", "--witness-policy", "witnesses")
    ran = here.run("ledgerctl", "policy", "-d", "led", *files, *approved(), "--propose", "p.json")
    assert "give them again to ledgerctl apply" in ran.stderr
    assert "does not match its digest" in here.call("ledgerctl", "apply", "p.json", "-d", "led", code=2).error
    here.call("ledgerctl", "apply", "p.json", "-d", "led", *files)
    assert here.stop() == 0
    here.call("ledgerctl", "fsck", "led")


def test_what_is_not_named_stays(here: Site) -> None:
    """A change of the sealing policy alone leaves witness policy, approvers and threshold as they were."""
    here.path("sealing").write_text('{"min_auditors":2,"publish":[]}')
    (before,) = here.call("ledgerctl", "status", "-d", "led", "--json").objects
    here.call("ledgerctl", "policy", "-d", "led", "--sealing-policy", "sealing", *approved())
    (after,) = here.call("ledgerctl", "status", "-d", "led", "--json").objects
    assert (after["approvers"], after["threshold"]) == (before["approvers"], before["threshold"]) == (3, 2)
