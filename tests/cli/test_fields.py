"""``ledger fields`` opens chosen fields of an entry, for its source and for auditors; ``ledger verify`` proves them."""

from pathlib import Path
from typing import Final

import pytest

from ledger.core.opened import OpenedFields
from ledger.core.record_fields import FIELDS
from tests.cli.commands import Site, disclosure, lines
from tests.cli.conftest import Standing

NAMES: Final = "outcome,notes,rejection_reason"
VERIFY: Final = ("ledger", "verify", "--log", "led/log.vkey")


@pytest.fixture(scope="module")
def late(standing: Standing) -> Path:
    """Accredit an auditor to whom nothing was sealed."""
    return standing.here.auditor("Later")


@pytest.fixture(scope="module")
def other(standing: Standing) -> Path:
    """Enroll another source."""
    return standing.here.source("beta", standing.auditor)


def test_a_source_opens_fields_of_its_entry(standing: Standing) -> None:
    """The file opens what was asked for; it is written where it was told to be, and verifies without the ledger."""
    here = standing.here
    ran = here.run("ledger", "fields", "4", "--open", NAMES, "-p", standing.source, "--out", "source.fields")
    assert (ran.stdout, ran.stderr) == ("", "verified: entry 4, opened in notes, outcome, rejection_reason\n")
    told = here.run(*VERIFY, "source.fields")
    assert told.stdout.startswith(
        'source.fields: a valid opening\n  outcome: "FULL"\n  rejection_reason: absent\n  notes: "note 1"\nproven:\n'
    )
    assert told.stderr == ""


def test_an_auditor_writes_the_same_file(standing: Standing) -> None:
    """Under one checkpoint source and auditor write the same bytes, to a file and to standard output."""
    here = standing.here
    files = {
        here.call("ledger", "fields", "5", "--open", NAMES, "-p", folder, "--key", folder / f"{role}.key").stdout
        for role, folder in (("source", standing.source), ("auditor", standing.auditor))
    }
    (text,) = files
    here.call("ledger", "fields", "5", "--open", NAMES, "-p", standing.auditor, "-o", "auditor.fields")
    assert here.path("auditor.fields").read_text() == text
    (facts,) = here.call(*VERIFY, "auditor.fields", "--json").objects
    assert facts["fields"] == {"outcome": "FULL", "rejection_reason": None, "notes": "note 2"}
    assert (facts["index"], facts["source"], facts["body"]) == (5, "alpha", "DISCLOSURE")


def test_the_receipt_is_the_ledgers(standing: Standing) -> None:
    """After the openings stands what ``ledger receipt`` gives."""
    here = standing.here
    raw = here.call("ledger", "fields", "3", "--open", "outcome", "-p", standing.source).stdout.encode()
    receipt = here.call("ledger", "receipt", "3", "-p", standing.public).stdout.encode()
    assert OpenedFields.parse(raw).receipt == receipt


def test_every_field_of_a_fresh_entry(standing: Standing) -> None:
    """What was recorded last opens whole, and is what was recorded."""
    here, given = standing.here, disclosure(77)
    (row,) = here.call("ledger", "record", "-", "-p", standing.source, "--json", given=lines(given)).objects
    names = ",".join(field.name for field in FIELDS)
    here.call("ledger", "fields", row["index"], "--open", names, "-p", standing.auditor, "-o", "whole.fields")
    (facts,) = here.call(*VERIFY, "whole.fields", "--json").objects
    assert {name: value for name, value in facts["fields"].items() if value is not None} == given["record"]


def test_an_existing_file_stays(standing: Standing) -> None:
    """No file is replaced."""
    here = standing.here
    here.path("there").write_text("mine")
    words = ("ledger", "fields", "4", "--open", "notes", "-p", standing.source, "-o", "there")
    assert here.call(*words, code=2).error == "there: exists already; nothing was changed"
    assert here.path("there").read_text() == "mine"


KNOWN: Final = "fields: unknown name; known are request_reference, "
REFUSED: Final = {
    "an unknown name": (["4", "--open", "outcome,subject"], KNOWN),
    "a reserved slot": (["4", "--open", "reserved_28"], KNOWN),
    "no name": (["4", "--open", ""], KNOWN),
    "a comma too many": (["4", "--open", "notes,"], KNOWN),
    "no index": (["alpha:1", "--open", "notes"], "entry: not a decimal"),
    "an entry that has no record": (["1", "--open", "notes"], "entry: is a AUDITOR_ADDED, which has no record"),
    "an entry past the log": (["9999", "--open", "notes"], "index: "),
}


@pytest.mark.parametrize(("words", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_opened(words: list[str], message: str, standing: Standing) -> None:
    """Nothing is disproven and nothing printed; the message names what is wrong, and the names that there are."""
    ran = standing.here.call("ledger", "fields", *words, "-p", standing.source, code=2)
    assert ran.error.startswith(message)
    assert "reserved" not in ran.error
    assert ran.stdout == ""


def _refusal(here: Site, folder: Path, *words: object) -> str:
    ran = here.call("ledger", "fields", "4", "--open", "notes", "-p", folder, *words, code=2)
    assert ran.stdout == ""
    return ran.error


def test_the_public_opens_nothing(standing: Standing) -> None:
    """A profile of another role is told which roles can."""
    message = "profile: opening fields needs a profile of the role source or auditor"
    assert _refusal(standing.here, standing.public) == message


def test_a_key_of_another_kind(standing: Standing) -> None:
    """The key has to be of the profile's role."""
    error = _refusal(standing.here, standing.source, "-k", standing.auditor / "auditor.key")
    assert error.endswith("is a key of kind auditor; one of kind source is needed")


def test_another_key_of_the_kind(standing: Standing) -> None:
    """With a key to which nothing was sealed nothing opens."""
    here = standing.here
    here.call("ledger", "keygen", "source", "-o", "a-stray.key")
    assert _refusal(here, standing.source, "-k", "a-stray.key").startswith("key: opens no box of the entry's batch")


def test_a_later_auditor(standing: Standing, late: Path) -> None:
    """What was sealed before an auditor was accredited is closed to it."""
    assert _refusal(standing.here, late).startswith("key: opens no box of the entry's batch, which was sealed to")


def test_another_source(standing: Standing, other: Path) -> None:
    """A source opens its own entries only."""
    assert _refusal(standing.here, other).startswith("entry: of another source")
