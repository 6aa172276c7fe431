"""``ledger verify`` convicts a log by evidence alone: 1 where it proves two histories, 2 where it proves nothing."""

import re

import pytest

from ledger.core.note import SigningKey
from ledger.core.split import split_by_roots
from tests.cli.commands import Site
from tests.core.splits import EVIDENCE, ONE, OTHER, ROOTS, VKEY, note
from tests.core.world import secret

SAID = {
    "roots": "its tree of 7 entries has the root [0-9a-f]{64} and the root [0-9a-f]{64}",
    "leaves": "entry 5 is [0-9a-f]{64} in its tree of 7 entries and [0-9a-f]{64} in that of 12",
    "prefixes": "its tree of 12 entries does not begin with that of 7",
}
STRANGER = SigningKey("stranger.example", secret("stranger")).vkey()


@pytest.fixture
def site(here: Site) -> Site:
    """Put evidence of every kind, and what is none, into the directory."""
    for name, raw in EVIDENCE.items():
        here.path(name).write_bytes(raw)
    here.path("log.vkey").write_text(VKEY.format())
    here.path("a.checkpoint").write_bytes(note(ONE))
    here.path("cut").write_bytes(ROOTS[:-9])
    here.path("header").write_bytes(b"disclosure-ledger/v1/split\n")
    here.path("agreeing").write_bytes(split_by_roots(VKEY, note(ONE), note(ONE)))
    here.path("later").write_bytes(ROOTS.replace(b"roots", b"trees"))
    return here


@pytest.mark.parametrize("kind", EVIDENCE)
def test_evidence_convicts_the_log_without_anything_else(kind: str, site: Site) -> None:
    """A sentence says what the log signed, the next lines by which key and what stays open; the exit code is 1."""
    ran = site.call("ledger", "verify", kind, code=1)
    first, key, *unproven = ran.stdout.splitlines()
    head, _, why = first.partition("signed two histories: ")
    assert head == f"{kind}: the log of log.example "
    assert re.fullmatch(SAID[kind], why)
    assert key == f"signed with the key {VKEY.format()}"
    assert unproven[0] == "not proven by this file:"
    assert any("whose key it is" in line for line in unproven)
    assert ran.stderr == ""


def test_evidence_is_told_to_programs(site: Site) -> None:
    """``--json`` gives the verdict, what was signed and by whom, one object a file."""
    roots, leaves = site.call("ledger", "verify", "roots", "leaves", "--json", code=1).objects
    assert (roots["file"], roots["verdict"], roots["kind"], roots["by"]) == ("roots", "disproven", "split", "roots")
    assert (roots["origin"], roots["log"], roots["index"]) == ("log.example", VKEY.format(), None)
    assert (leaves["tree_sizes"], leaves["index"], len(set(leaves["differing"]))) == ([7, 12], 5, 2)
    assert leaves["reason"].startswith("the log of log.example signed two histories: entry 5 is ")


CASES = {
    "the log's own key": (["roots", "--log", "log.vkey"], 1, "signed two histories"),
    "another log's key": (["roots", "--log", STRANGER.format()], 2, "evidence against another key than the log's"),
    "evidence beside a valid checkpoint": (["a.checkpoint", "roots", "--log", "log.vkey"], 1, "this tree of 7 entries"),
    "a valid checkpoint beside evidence": (["roots", "a.checkpoint", "--log", "log.vkey"], 1, "signed two histories"),
    "a file that was cut": (["cut"], 2, "cut: could not be checked: no evidence: split: "),
    "a header alone": (["header"], 2, "header: could not be checked: no evidence: split: "),
    "views that agree": (["agreeing"], 2, "could not be checked: no evidence: split: the two views agree"),
    "a later kind": (["later"], 2, "later: could not be checked: split kind: not known to this release"),
    "no evidence beside evidence": (["agreeing", "roots"], 1, "agreeing: could not be checked"),
    "a checkpoint without a key": (["a.checkpoint"], 2, "a.checkpoint: could not be checked: --log: missing"),
}


@pytest.mark.parametrize(("words", "code", "said"), CASES.values(), ids=CASES)
def test_only_evidence_that_proves_convicts(words: list[str], code: int, said: str, site: Site) -> None:
    """What proves two histories gives 1; what is malformed or proves nothing gives 2, and never 0 or 1."""
    ran = site.call("ledger", "verify", *words, code=code)
    assert said in ran.stdout + ran.stderr


def test_whoever_made_the_evidence_steers_no_terminal(here: Site) -> None:
    """Anybody may make a key and an origin of any characters; none that is not printable reaches the terminal."""
    key = SigningKey("a\x9b31m\x7f", secret("stranger"))
    here.path("evil").write_bytes(
        split_by_roots(key.vkey(), note(ONE, key, "b\x9b2J\u202e"), note(OTHER[:7], key, "b\x9b2J\u202e"))
    )
    shown = here.call("ledger", "verify", "evil", code=1).stdout
    assert shown.startswith("evil: the log of b\N{REPLACEMENT CHARACTER}2J\N{REPLACEMENT CHARACTER} signed two")
    assert all(line.isprintable() for line in shown.split("\n"))
