"""``ledger verify`` convicts a source by evidence and the log's key: 1 where it is at fault, else 2."""

import pytest

from ledger.core.note import SigningKey
from tests.cli.commands import Site
from tests.core.dishonest import NOTE, PHONE, SOURCE, Entry, Said, resealed, speak, stage
from tests.core.world import secret

WRONG = Entry(seal=resealed(lambda found: found["record"].update(notes="other")))
STRANGER = SigningKey("log.example", secret("stranger")).vkey()
SENTENCE = "whose sealed payload does not match its leaf: slots root: the record does not give it"


@pytest.fixture
def said(here: Site) -> Said:
    """Put evidence, and what is none, into the directory."""
    said = speak(stage(), WRONG, Entry())
    raw = said.conviction().format()
    here.path("evidence").write_bytes(raw)
    here.path("honest").write_bytes(said.conviction(1).format())
    here.path("cut").write_bytes(raw[:-9])
    here.path("header").write_bytes(b"disclosure-ledger/v1/conviction\n")
    here.path("entry.tlog-proof").write_bytes(said.world.receipt(said.first))
    here.path("log.vkey").write_text(said.world.vkey.format())
    return said


def test_evidence_convicts_the_source(said: Said, here: Site) -> None:
    """A sentence says who signed which entry and what is wrong, then whose key it is and what stays open."""
    ran = here.call("ledger", "verify", "evidence", "--log", "log.vkey", code=1)
    first, key, opens, *unproven = ran.stdout.splitlines()
    assert first == f"evidence: source {SOURCE} signed entry {said.first}, {SENTENCE}"
    assert key == f"signed with the key {said.world.secrets[SOURCE].public.key.hex()}"
    assert opens.startswith("whoever has this file may read the record with it")
    assert unproven[0] == "not proven by this file:"
    assert [line.removeprefix("  - ") for line in unproven[1:3]] == [
        "what the record should have said",
        "whether it was meant or a fault of software",
    ]
    assert "FORCED" not in ran.stdout
    assert not any(value in ran.stdout for value in (NOTE, PHONE, "other"))
    assert ran.stderr == ""


def test_it_is_told_to_programs(said: Said, here: Site) -> None:
    """``--json`` gives the verdict and the facts in one object."""
    (found,) = here.call("ledger", "verify", "evidence", "--log", "log.vkey", "--json", code=1).objects
    assert found == {
        "file": "evidence",
        "verdict": "disproven",
        "kind": "conviction",
        "source": SOURCE,
        "index": said.first,
        "sequence": said.sequence,
        "leaf_hash": found["leaf_hash"],
        "log_id": said.world.log_id.hex(),
        "keys": [said.world.secrets[SOURCE].public.key.hex()],
        "forced_key": False,
        "fault": "slots root: the record does not give it",
        "reason": f"source {SOURCE} signed entry {said.first}, {SENTENCE}",
    }
    (receipt,) = here.call("ledger", "verify", "entry.tlog-proof", "--log", "log.vkey", "--json").objects
    assert found["leaf_hash"] == receipt["leaf_hash"]


def test_a_forced_key_is_told(here: Site) -> None:
    """Where the operator exchanged the key without the source, that the source agreed to it stays open."""
    world = stage()
    world.change_key(SOURCE, forced=True)
    here.path("evidence").write_bytes(speak(world, WRONG).conviction().format())
    here.path("log.vkey").write_text(world.vkey.format())
    assert "FORCED" in here.call("ledger", "verify", "evidence", "--log", "log.vkey", code=1).stdout
    assert here.call("ledger", "verify", "evidence", "--log", "log.vkey", "--json", code=1).objects[0]["forced_key"]


CASES = {
    "without the log's key": (["evidence"], 2, "evidence: could not be checked: --log: missing; evidence against a"),
    "under another log's key": (["evidence", "--log", STRANGER.format()], 2, "no evidence: note: no signature by a"),
    "an entry without fault": (
        ["honest", "--log", "log.vkey"],
        2,
        "honest: could not be checked: no evidence: no fault: ",
    ),
    "a file that was cut": (["cut", "--log", "log.vkey"], 2, "cut: could not be checked: no evidence: "),
    "a header alone": (["header", "--log", "log.vkey"], 2, "header: could not be checked: no evidence: conviction: "),
    "beside its receipt": (["entry.tlog-proof", "evidence", "--log", "log.vkey"], 1, SENTENCE),
    "before its receipt": (["evidence", "entry.tlog-proof", "--log", "log.vkey"], 1, SENTENCE),
}


@pytest.mark.usefixtures("said")
@pytest.mark.parametrize(("words", "code", "said_of_it"), CASES.values(), ids=CASES)
def test_only_evidence_that_proves_convicts(words: list[str], code: int, said_of_it: str, here: Site) -> None:
    """What shows a fault gives 1; what is malformed or shows none gives 2, and never 0 or 1."""
    ran = here.call("ledger", "verify", *words, code=code)
    assert said_of_it in ran.stdout + ran.stderr
