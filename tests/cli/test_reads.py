"""What a stranger reads is verified first: checkpoint, entries, receipts."""

import json
import re
import shutil
from pathlib import Path

import pytest

from ledger.core.encoding import decode_base64
from ledger.core.merkle import leaf_hash
from tests.cli.conftest import Standing

BODIES = ["LOG_OPENED", "AUDITOR_ADDED", "SOURCE_ENROLLED", "DISCLOSURE", "DISCLOSURE", "DISCLOSURE"]
"""What the log begins with."""


def test_a_checkpoint_is_printed_as_it_was_signed(standing: Standing) -> None:
    """Standard output is the signed note, ready for a file; what it does not show is said beside it."""
    here = standing.here
    ran = here.run("ledger", "checkpoint", "-p", standing.public)
    assert ran.stderr.endswith("not shown that others see the same log\n")
    here.path("checkpoint").write_text(ran.stdout)
    assert "a valid checkpoint" in here.call("ledger", "verify", "checkpoint", "--log", "led/log.vkey").stdout
    (facts,) = here.call("ledger", "checkpoint", "-p", standing.public, "--json").objects
    assert [facts["origin"], str(facts["tree_size"]), facts["root"]] == ran.stdout.splitlines()[:3]


RANGES = {":6": range(6), "0": range(1), "3:5": range(3, 5), "5": range(5, 6)}


@pytest.mark.parametrize("words", RANGES)
def test_entries_are_listed(words: str, standing: Standing) -> None:
    """Each way to write a range gives those entries, in order, each leaf hashing to what is shown."""
    ran = standing.here.call("ledger", "entries", words, "-p", standing.public, "--json")
    assert [row["index"] for row in ran.objects] == list(RANGES[words])
    assert [row["body"] for row in ran.objects] == [BODIES[index] for index in RANGES[words]]
    for row in ran.objects:
        assert leaf_hash(decode_base64(row["leaf"], "leaf")).hex() == row["leaf_hash"]
    assert ran.stderr.startswith("verified under a checkpoint of ")


def test_entries_without_an_end_reach_the_last(standing: Standing) -> None:
    """``BEGIN:`` lists up to the end of the tree that was verified."""
    ran = standing.here.call("ledger", "entries", "4:", "-p", standing.public, "--json")
    size = int(re.findall("[0-9]+", ran.stderr)[0])
    assert [row["index"] for row in ran.objects] == list(range(4, size))


def test_the_table_of_entries_is_whole(standing: Standing) -> None:
    """Where output is no terminal the table has every hash in full and one line an entry."""
    shown = standing.here.run("ledger", "entries", "0:6", "-p", standing.public).stdout.splitlines()
    facts = standing.here.call("ledger", "entries", "0:6", "-p", standing.public, "--json").objects
    assert len(shown) == 7
    for line, fact in zip(shown[1:], facts, strict=True):
        assert fact["body"] in line
        assert fact["leaf_hash"] in line


BAD_RANGES = {
    "": "range: must be INDEX, BEGIN:END, BEGIN: or :END",
    "x": "range: must be INDEX, BEGIN:END, BEGIN: or :END",
    "-1": "range: must be INDEX, BEGIN:END, BEGIN: or :END",
    "1:2:3": "range: must be INDEX, BEGIN:END, BEGIN: or :END",
    "٣": "range: must be INDEX, BEGIN:END, BEGIN: or :END",
    "5:5": "range: its end must lie after its begin",
    "5:3": "range: its end must lie after its begin",
    ":0": "range: its end must lie after its begin",
    "99999999": "",
    "0:99999999": "",
    "99999999:": "",
    "18446744073709551616": "",
}


@pytest.mark.parametrize("words", BAD_RANGES, ids=repr)
@pytest.mark.parametrize("command", ["entries", "audit open"])
def test_ranges_that_are_none_are_refused(command: str, words: str, standing: Standing) -> None:
    """What is no range, is empty or lies past the tree ends with 2 and the forms that are taken."""
    folder = standing.auditor if command == "audit open" else standing.public
    ran = standing.here.call("ledger", *command.split(), "-p", folder, "--", words, code=2)
    assert ran.error.startswith(BAD_RANGES[words])
    assert ran.stdout == ""


@pytest.mark.parametrize("words", ["4", "alpha:1"])
def test_a_receipt_is_fetched_by_index_or_by_source_and_sequence(words: str, standing: Standing) -> None:
    """Both names of an entry give a receipt that verifies, on standard output or in a new file."""
    here = standing.here
    ran = here.run("ledger", "receipt", words, "-p", standing.public)
    assert ran.stderr == "verified: entry 4, alpha:1\n"
    file = here.path(f"fetched-{words}")
    here.call("ledger", "receipt", words, "-p", standing.public, "-o", file)
    assert file.read_text() == ran.stdout
    (facts,) = here.call("ledger", "verify", file, "--log", "led/log.vkey", "--json").objects
    assert (facts["index"], facts["source"], facts["sequence"]) == (4, "alpha", 1)


def test_a_receipt_overwrites_nothing(standing: Standing) -> None:
    """``--out`` is a new file: another one there is kept and named."""
    kept = standing.here.path("kept")
    kept.write_text("mine")
    assert standing.here.call("ledger", "receipt", "4", "-p", standing.public, "-o", kept, code=2).error.startswith(
        str(kept)
    )
    assert kept.read_text() == "mine"


BAD_ENTRIES = {
    "x": "entry: must be INDEX or SOURCE:SEQUENCE",
    "alpha:": "entry: must be INDEX or SOURCE:SEQUENCE",
    "Alpha:1": "source_id: ",
    ":1": "source_id: ",
    "99999999": "",
    "alpha:99999999": "",
    "nobody:0": "",
    "18446744073709551616": "",
}


@pytest.mark.parametrize("words", BAD_ENTRIES)
def test_entries_that_are_none_have_no_receipt(words: str, standing: Standing) -> None:
    """What names no entry ends with 2, in one line, and writes no file."""
    here = standing.here
    ran = here.call("ledger", "receipt", words, "-p", standing.public, "-o", "none", code=2)
    assert ran.error.startswith(BAD_ENTRIES[words])
    assert not here.path("none").exists()


def _copy(standing: Standing, tmp_path: Path, **changes: str) -> Path:
    """Return a copy of the public folder whose profile says something else."""
    folder = shutil.copytree(standing.public, tmp_path / "copy", ignore=shutil.ignore_patterns("state"))
    profile = folder / "profile.toml"
    text = profile.read_text()
    for name, value in changes.items():
        text = re.sub(f"(?m)^{name} = .*$", f"{name} = {json.dumps(value)}", text)
    profile.write_text(text)
    return folder


def test_a_reader_remembers_what_it_saw(standing: Standing, tmp_path: Path) -> None:
    """A log that does not extend the checkpoint seen before is disproven, with exit code 1."""
    folder = _copy(standing, tmp_path)
    standing.here.call("ledger", "checkpoint", "-p", folder)
    seen = folder / "state" / "checkpoint"
    assert seen.read_text().startswith("log.example/commands\n")
    seen.write_text(seen.read_text().replace("log.example/commands\n", "log.example/commands\n1", 1))
    assert standing.here.call("ledger", "checkpoint", "-p", folder, code=1).stdout == ""


def test_another_logs_key_is_disproven(standing: Standing, tmp_path: Path) -> None:
    """A profile that pins another verifier key of the same name refuses what this log signs, with exit code 1."""
    other = "log.example/commands+6bb9b6b4+AbQIF11e0O4oYUIUsQOyX2NRKKcXAdzS5gVTVV2RyxRE"
    standing.here.call("ledgerctl", "init", "other", "--origin", "log.example/commands")
    other = standing.here.path("other/log.vkey").read_text().strip()
    ran = standing.here.call("ledger", "checkpoint", "-p", _copy(standing, tmp_path, vkey=other), code=1)
    assert "signature" in ran.error


def test_a_profile_with_witnesses_asks_for_their_cosignatures(standing: Standing, tmp_path: Path) -> None:
    """Where the profile names a witness policy, a log that nobody cosigns shows nothing: exit code 2."""
    here = standing.here
    words = ("--name", "wit.example/1", "-o", tmp_path / "witness.key", "--json")
    (facts,) = here.call("ledger", "keygen", "witness", *words).objects
    folder = _copy(standing, tmp_path, witnesses="policy")
    (folder / "policy").write_text(f"witness w {facts['vkey']}\nquorum w\n")
    ran = here.call("ledger", "checkpoint", "-p", folder, code=2)
    assert (ran.stdout, ran.error) == ("", "cosigned: the witness policy of this log asks for nobody")


PROFILES = {
    "an unknown word": ("more = 1\n", "more: unknown"),
    "a key that is none": ('vkey = "x"\n', "vkey: "),
    "what is not TOML": ("=", "not TOML"),
    "a missing word": ("", "origin: missing"),
}


@pytest.mark.parametrize(("text", "error"), PROFILES.values(), ids=PROFILES)
def test_every_mistake_of_a_profile_is_told(text: str, error: str, standing: Standing, tmp_path: Path) -> None:
    """A profile's mistakes are told a line each, and end with 2."""
    profile = tmp_path / "profile.toml"
    profile.write_text(text)
    ran = standing.here.call("ledger", "checkpoint", "-p", tmp_path, code=2)
    assert all(line.startswith(f"error: {profile}: ") for line in ran.stderr.splitlines())
    assert error in ran.stderr


def test_a_ledger_that_is_not_there_is_said_so(standing: Standing, tmp_path: Path) -> None:
    """Where nobody listens a read ends with 2 and one line that names the address."""
    ran = standing.here.call("ledger", "checkpoint", "-p", _copy(standing, tmp_path, address="127.0.0.1:1"), code=2)
    assert "127.0.0.1:1" in ran.error


DAMAGED = {"authority": "ca.crt", "certificate": "client.crt", "certificate_key": "client.key"}


@pytest.mark.parametrize("name", DAMAGED.values(), ids=DAMAGED)
def test_damaged_certificates_are_said_so(name: str, standing: Standing, tmp_path: Path) -> None:
    """A file of the profile that holds no certificate or key ends the command with 2 and one line."""
    folder = shutil.copytree(standing.auditor, tmp_path / "copy")
    (folder / name).write_text("no certificate")
    standing.here.call("ledger", "audit", "open", "3", "-p", folder, code=2)
