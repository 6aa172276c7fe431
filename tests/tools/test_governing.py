"""What is governed needs approvals: at once with the keys at hand, or by a proposal that travels."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from ledger.client.requests import Request
from tests.cli.commands import ORIGIN, Site
from tests.tools.governed import approved, governed, request


@pytest.fixture(scope="module")
def here() -> Iterator[Site]:
    """Give one ledger to all tests of this file."""
    with governed() as site:
        yield site


def _sources(here: Site) -> dict[str, str]:
    (status,) = here.call("ledgerctl", "status", "-d", "led", "--json").objects
    return {row["source"]: row["state"] for row in status["sources"]}


def _size(here: Site) -> int:
    return int(here.call("ledgerctl", "status", "-d", "led", "--json").objects[0]["tree_size"])


def test_two_keys_at_hand_enroll_at_once(here: Site) -> None:
    """With enough ``--approve`` keys a request is logged, and its receipt in the ledger's folder verifies."""
    asked = request(here, "source", "direct")
    ran = here.run("ledgerctl", "enroll", asked, "-d", "led", *approved())
    assert ran.stdout.startswith("entry ")
    assert "source direct of service direct, key " in ran.stdout
    receipt = ran.stderr.removeprefix("receipt: ").strip()
    assert "a SOURCE_ENROLLED" in here.call("ledger", "verify", receipt, "--log", "led/log.vkey").stdout
    assert _sources(here)["direct"] == "enrolled"


def test_a_proposal_travels_to_its_approvers(here: Site) -> None:
    """Proposed, approved by two of three on their own machines, applied: each step says what comes next."""
    asked = request(here, "auditor", "Proposed")
    ran = here.call("ledgerctl", "auditor", "add", asked, "-d", "led", "--propose", "p.json")
    assert "approvers run: ledger approve p.json --key KEY" in ran.stderr
    before = _size(here)
    assert "approvals: 2 are needed" in here.call("ledgerctl", "apply", "p.json", "-d", "led", code=2).error
    assert here.run("ledger", "approve", "p.json", "-k", "cem.key").stderr.endswith("now with 1 approvals\n")
    assert here.call("ledger", "approve", "p.json", "-k", "cem.key").stderr.endswith("now with 1 approvals\n")
    assert "approvals: 2 are needed" in here.call("ledgerctl", "apply", "p.json", "-d", "led", code=2).error
    assert _size(here) == before
    here.call("ledger", "approve", "p.json", "-k", "ann.key")
    (row,) = here.run("ledgerctl", "apply", "p.json", "-d", "led", "--json").objects
    assert (row["index"], row["body"]) == (before, "AUDITOR_ADDED")
    here.call("ledger", "verify", row["receipt"], "--log", "led/log.vkey")
    here.call("ledgerctl", "apply", "p.json", "-d", "led", code=2)
    assert _size(here) == before + 1


def test_a_stranger_approves_nothing(here: Site) -> None:
    """A proposal that somebody else signed too is refused: an approval by a stranger is no approval."""
    asked = request(here, "source", "strange")
    here.call("ledger", "keygen", "approver", "-o", "eve.key")
    ran = here.call("ledgerctl", "enroll", asked, "-d", "led", *approved("ann", "eve"), code=2)
    assert ran.error.startswith("approvals: 2 are needed, 1 at hand. Give more --approve KEYFILE, or write a proposal")
    here.call("ledgerctl", "enroll", asked, "-d", "led", *approved(), "--propose", "strange.json")
    here.call("ledger", "approve", "strange.json", "-k", "eve.key")
    assert "not by an approver" in here.call("ledgerctl", "apply", "strange.json", "-d", "led", code=2).error
    assert "strange" not in _sources(here)


def test_a_proposal_that_was_changed_is_refused(here: Site) -> None:
    """What two approvers signed for one source does not enroll another."""
    first, second = request(here, "source", "before"), request(here, "source", "after")
    here.call("ledgerctl", "enroll", first, "-d", "led", *approved(), "--propose", "first.json")
    here.call("ledgerctl", "enroll", second, "-d", "led", "--propose", "second.json")
    signed, other = (Request.load(here.path(name)) for name in ("first.json", "second.json"))
    body = replace(cast(Any, other.body), approvals=cast(Any, signed.body).approvals)
    here.path("second.json").write_text(replace(other, body=body).format())
    assert "approvals" in here.call("ledgerctl", "apply", "second.json", "-d", "led", code=2).error
    assert "after" not in _sources(here)


def test_a_proposal_overwrites_nothing(here: Site) -> None:
    """``--propose`` writes a new file: one that is there is kept and named."""
    asked = request(here, "source", "kept")
    ran = here.call("ledgerctl", "enroll", asked, "-d", "led", "--propose", "ann.key", code=2)
    assert ran.error == "ann.key: File exists"
    here.call("ledger", "approve", "none", "-k", "ann.key", code=2)


WRONG = {
    "an auditor's request enrolls no source": (["enroll", "A.request"], "request: is not for a new source"),
    "a source's request adds no auditor": (["auditor", "add", "s.request"], "request: is not for an auditor"),
    "a source's request changes no key": (["change-key", "s.request"], "request: is not for a key change"),
    "a request for another log": (["enroll", "foreign.request"], "request: made for another log"),
    "a missing request": (["enroll", "none"], "none: No such file or directory"),
    "what is no request": (["enroll", "ann.key"], "request: not a request file"),
    "a source that is not there": (["revoke", "nobody", "--reason", "retired"], "source_id: not enrolled in this log"),
    "an unknown reason": (["revoke", "s", "--reason", "mood"], "reason: must be one of "),
    "a reason that is none": (["revoke", "s", "--reason", "unspecified"], "reason: must be one of "),
    "an auditor that is not there": (["auditor", "remove", "Nobody"], "name: no accredited auditor has it"),
    "an approver key of another kind": (
        ["enroll", "s.request", "--approve", "s.key"],
        "s.key: is a key of kind source",
    ),
    "a policy change of nothing": (["policy"], "policy: nothing to change: give "),
    "a policy that asks for too many": (["policy", "--threshold", "4"], "thresholds: more approvals asked for than"),
    "a policy that is none": (["policy", "--witness-policy", "ann.key"], "policy"),
    "a sealing policy that is none": (["policy", "--sealing-policy", "ann.key"], "sealing_policy: must be RFC 8785"),
    "an approver twice": (["policy", *["--approver", "ann.key.pub"] * 2], "approvers: the same key stands twice"),
    "an approver that is a source": (["policy", "--approver", "s.key.pub"], "s.key.pub: is a key of kind source"),
    "a request applied": (["apply", "s.request"], ""),
    "what is no proposal": (["apply", "ann.key"], "request: not a request file"),
}


@pytest.mark.parametrize(("words", "error"), WRONG.values(), ids=WRONG)
def test_what_does_not_fit_is_not_logged(words: list[str], error: str, here: Site) -> None:
    """Requests, names and policies that do not fit are refused in one line, and nothing is logged."""
    if not here.path("foreign.request").exists():
        request(here, "auditor", "A")
        request(here, "source", "s")
        where = ("--log-id", "ab" * 32, "-o", "foreign.request", "--id", "foreign")
        here.call("ledger", "request", "source", "-k", "s.key", *where)
    before = _size(here)
    approve = [] if "--approve" in words or words[0] == "apply" else approved()
    ran = here.call("ledgerctl", *words, "-d", "led", *approve, code=2)
    assert ran.error.startswith(error)
    assert _size(here) == before


def test_nothing_is_governed_where_no_server_runs(here: Site) -> None:
    """Without a server the commands that need one name the socket and how to start it."""
    here.call("ledgerctl", "init", "idle", "--origin", ORIGIN)
    for words in (["status"], ["auditor", "list"], ["enroll", "direct.request"], ["policy", "--threshold", "1"]):
        error = here.call("ledgerctl", *words, "-d", "idle", code=2).error
        assert error.endswith("no server is running there; start it with: ledger serve idle")
    assert here.call("ledgerctl", "status", "-d", "nowhere", code=2).error.startswith("nowhere/ledger.toml: missing")
    assert here.call("ledgerctl", "status", environment={"LEDGER_DIR": "led"}).stdout.startswith("origin")
