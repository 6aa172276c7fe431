"""``ledger record`` takes what people write, checks all of it before it sends any, and hands out receipts."""

import asyncio
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from ledger.client.keyfile import load as load_key
from ledger.client.opening import open_recorder
from ledger.client.profile import load as load_profile
from tests.cli.commands import Ran, disclosure, lines
from tests.cli.conftest import FIRST, Standing

SECRET = "SYNTHETIC-SECRET"


def test_a_receipt_for_each_is_written_and_told(standing: Standing) -> None:
    """With ``--json`` and ``--receipts`` each record gives one line that names its place and its receipt's file."""
    rows = standing.first.objects
    assert [row["sequence"] for row in rows] == list(range(FIRST))
    assert {row["source"] for row in rows} == {"alpha"}
    assert [rows[0]["index"] + n for n in range(FIRST)] == [row["index"] for row in rows]
    for row in rows:
        assert standing.here.path(row["receipt"]).read_text().startswith("c2sp.org/tlog-proof@v1\n")
    assert standing.first.stderr == f"{FIRST} recorded, receipts in receipts\n"


def _apart(number: int) -> Any:
    """Return a disclosure that shares no object with others, so that YAML needs no alias."""
    return json.loads(json.dumps(disclosure(number)))


FORMS = {
    "r.jsonl": (lines(disclosure(10), disclosure(11)), []),
    "r.ndjson": ("\n" + lines(disclosure(12)) + "\n\n" + lines(disclosure(13)), []),
    "r.json": (json.dumps([disclosure(14), disclosure(15)], indent=2), []),
    "r.yaml": (yaml.dump_all([disclosure(16), _apart(17)]), []),
    "r.YML": (yaml.dump([disclosure(18), _apart(19)]), []),
    "r.txt": (json.dumps([disclosure(20), disclosure(21)]), ["--format", "json"]),
    "-": (lines(disclosure(22), disclosure(23, notes="ünï")), []),
    "- as YAML": (yaml.dump([disclosure(24), _apart(25)]), ["--format", "yaml"]),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_recorded(name: str, standing: Standing) -> None:
    """JSON Lines, JSON and YAML, from files by their name or from standard input, give an entry for each record."""
    text, options = FORMS[name]
    here = standing.here
    file = name.split()[0]
    if file != "-":
        here.path(file).write_text(text)
    ran = here.call("ledger", "record", file, "-p", standing.source, *options, given=text)
    assert ran.stderr == "2 recorded\n"
    places = [line.split(": ") for line in ran.stdout.splitlines()]
    assert len(places) == 2
    first = places[0][0].removeprefix("entry ")
    opened = here.call("ledger", "audit", "open", f"{first}:", "-p", standing.auditor, "--json").objects
    number = 10 + 2 * list(FORMS).index(name)
    assert opened[0]["record"]["notes"] == f"note {number}"
    assert opened[1]["keys"] == disclosure(number + 1)["keys"]


BAD_TEXTS = {
    "one bad line among many": (
        lines(*(disclosure(n) for n in range(40)), {"record": {"notes": SECRET}}, disclosure(41)),
        "line 41: disclosure: ",
    ),
    "a line that is no JSON": (lines(disclosure(1)) + SECRET, "line 2: json: not JSON at line 1, column 1"),
    "an unknown field": (lines(disclosure(1, **{"subject": SECRET})), "line 1: disclosure: "),
    "an outcome that is no handover": (
        lines(disclosure(1), disclosure(2, outcome="WITHDRAWN", notes=SECRET)),
        "disclosure 2: outcome: must be one of FULL, PARTIAL",
    ),
    "nothing": ("\n\n", "file: has no disclosure"),
    "more than a payload holds": (
        lines(
            disclosure(1),
            {**disclosure(2), "keys": [{"type": "account", "value": f"{n:03}" + "é" * 497} for n in range(256)]},
        ),
        "disclosure 2: ",
    ),
    "what is not UTF-8": (b"\xff\xfe" + SECRET.encode(), "file: not UTF-8"),
}


@pytest.mark.parametrize(("text", "error"), BAD_TEXTS.values(), ids=BAD_TEXTS)
def test_one_bad_disclosure_and_nothing_is_sent(text: str | bytes, error: str, standing: Standing) -> None:
    """A mistake anywhere is named by line and field, never by value, and nothing is recorded."""
    here, before = standing.here, _head(standing)
    ran = here.call("ledger", "record", "-", "-p", standing.source, given=text, code=2)
    assert ran.error.startswith(error)
    assert SECRET not in ran.stdout + ran.stderr
    assert _head(standing) == before


def _head(standing: Standing) -> int:
    """Return how many entries the source has."""
    (status,) = standing.here.call("ledgerctl", "status", "-d", "led", "--json").objects
    return int(next(row["next_sequence"] for row in status["sources"] if row["source"] == "alpha"))


REFUSALS = {
    "a missing file": (["none.jsonl"], "none.jsonl: No such file or directory"),
    "a folder": (["."], ".: Is a directory"),
    "an unknown form": (["-", "--format", "xml"], "format: must be one of jsonl, json, yaml"),
    "a key of another kind": (
        ["-", "-k", "One.key"],
        "One.key: is a key of kind auditor; one of kind source is needed",
    ),
    "another source's key": (["-", "-k", "stray.key"], "key: not the one the log names for this source"),
    "a profile of another role": (
        ["-", "-p", "One", "-k", "alpha.key"],
        "profile: recording needs a profile of the role",
    ),
    "a profile that is missing": (["-", "-p", "none"], "none: missing; ledgerctl certs makes one"),
}


@pytest.mark.parametrize(("words", "error"), REFUSALS.values(), ids=REFUSALS)
def test_what_cannot_be_recorded_is_said_in_one_line(words: list[str], error: str, standing: Standing) -> None:
    """Missing files, unknown forms and keys or profiles that do not fit end with 2 and say what is needed."""
    here = standing.here
    if not here.path("stray.key").exists():
        here.call("ledger", "keygen", "source", "-o", "stray.key")
    profile = [] if "-p" in words else ["-p", standing.source]
    ran = here.call("ledger", "record", *words, *profile, given=lines(disclosure(1)), code=2)
    assert ran.stderr.splitlines()[-1].startswith(f"error: {error}")


def test_profile_and_key_come_from_the_environment(standing: Standing) -> None:
    """$LEDGER_PROFILE names the profile and $LEDGER_PASSPHRASE opens the source's key, with no option given."""
    here, environment = standing.here, {"LEDGER_PROFILE": str(standing.source), "LEDGER_PASSPHRASE": "horse"}
    here.run("ledger", "record", "-", given=lines(disclosure(60)), environment=environment)


def test_a_second_recorder_of_a_source_is_refused(standing: Standing) -> None:
    """While one process records for a source, a second one is told so and sends nothing."""
    profile, key = load_profile(standing.source), load_key(standing.source / "source.key")

    async def both() -> Ran:
        async with open_recorder(profile, key):
            command = ("ledger", "record", "-", "-p", standing.source)
            return await asyncio.to_thread(standing.here.run, *command, given=lines(disclosure(70)), code=2)

    ran = asyncio.run(both())
    assert "another process records for this source; stop it first" in ran.stderr.splitlines()[-1]


def test_a_source_without_auditors_cannot_record(standing: Standing, tmp_path: Path) -> None:
    """A profile that names no accredited auditor is refused before anything is sealed."""
    folder = shutil.copytree(standing.source, tmp_path / "bare")
    profile = folder / "profile.toml"
    profile.write_text(profile.read_text().split("[[auditors]]")[0])
    shutil.rmtree(folder / "state")
    ran = standing.here.call("ledger", "record", "-", "-p", folder, given=lines(disclosure(1)), code=2)
    assert "none of the profile's is accredited in this log" in ran.stderr


def test_a_ledger_out_of_reach_is_waited_for_and_then_named(standing: Standing, tmp_path: Path) -> None:
    """Where nobody listens the command gives up after its patience with exit code 2."""
    folder = shutil.copytree(standing.source, tmp_path / "far")
    profile = folder / "profile.toml"
    profile.write_text(re.sub(r'(role_address = "127.0.0.1):[0-9]+', r"\1:1", profile.read_text()))
    ran = standing.here.call(
        "ledger", "record", "-", "-p", folder, "--patience", "0.1", given=lines(disclosure(1)), code=2
    )
    assert "127.0.0.1:1" in ran.error
