"""Deliveries, corrections, embargoes and their history, as a source and a stranger type them."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ledger.client.requests import Request
from ledger.core import bodies
from ledger.core.rules import month_of, month_text
from tests.cli.commands import Ran, Site, disclosure, lines, site

NOW = month_of(int(time.time()) // 60)
ORDER = {
    "basis": "NATIONAL",
    "issued_at": "2026-01-01T00:00:00.000Z",
    "expires_at": "2036-01-01T00:00:00.000Z",
    "scope": "USER",
}


def month(ahead: int) -> str:
    """Return the month so many months from now, YYYY-MM."""
    return month_text(NOW + ahead)


def gagged(number: int, ahead: int = 3) -> dict[str, object]:
    """Return a disclosure under an embargo that ends so many months ahead."""
    return {**disclosure(number, nondisclosure_order=ORDER), "embargo": month(ahead)}


def without_order(number: int) -> dict[str, Any]:
    """Return a disclosure whose record has no order."""
    found = disclosure(number)
    return {**found, "record": {name: value for name, value in found["record"].items() if name != NAME}}


NAME = "nondisclosure_order"


@dataclass(frozen=True, slots=True)
class Scene:
    """A served ledger with two sources, of which the first has an officer, and a stranger."""

    here: Site
    source: Path
    other: Path
    anyone: Path

    def record(self, *given: object) -> int:
        """Record disclosures and return the index of the first."""
        ran = self.here.call("ledger", "record", "-", "-p", self.source, "--json", given=lines(*given))
        return int(ran.objects[0]["index"])

    def say(self, *words: object, given: str = "") -> int:
        """Run a command of the source and return the index of the first entry that it logged."""
        return int(self.here.call("ledger", *words, "-p", self.source, "--json", given=given).objects[0]["index"])

    def refused(self, *words: object, given: str = "") -> str:
        """Run a command of the source that is refused, and return the reason."""
        return self.here.call("ledger", *words, "-p", self.source, code=2, given=given).error

    def history(self, where: object) -> dict[str, object]:
        """Return what a stranger reads of an entry."""
        (found,) = self.here.call("ledger", "history", where, "-p", self.anyone, "--json").objects
        return found

    def listed(self, *words: object, code: int | None = 0) -> list[dict[str, object]]:
        """Return what a stranger reads of all embargoes."""
        return self.here.call("ledger", "embargo", "list", "-p", self.anyone, "--json", *words, code=code).objects


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    """A served ledger."""
    with site() as here:
        here.open(inside=True)
        here.serve()
        auditor = here.auditor("One")
        here.call("ledger", "keygen", "approver", "-o", "officer.key")
        here.call("ledger", "keygen", "source", "-o", "alpha.key")
        request = ("-k", "alpha.key", "-o", "alpha.request", "--id", "alpha", "--log-id", here.log_id)
        here.call("ledger", "request", "source", *request, "--officer", "officer.key.pub", "--officers-needed", 1)
        here.call("ledgerctl", "enroll", "alpha.request", "-d", "led")
        here.path("order.json").write_text(json.dumps({"nondisclosure_order": ORDER}))
        yield Scene(here, here._folder("source", "alpha", auditor), here.source("beta", auditor), here.public())
        assert here.stop() == 0


def test_a_disclosure_is_unresolved_until_it_is_delivered(scene: Scene) -> None:
    """A stranger sees that nothing says what became of it, then that it was handed over; it is said once."""
    index = scene.record(disclosure(1))
    assert scene.history(index)["state"] == ["unresolved: no DELIVERY says what became of it"]
    delivered = scene.say("deliver", index)
    assert scene.history(index)["state"] == [f"delivered by entry {delivered}"]
    assert f"target: has a DELIVERY, entry {delivered}" in scene.refused("deliver", index)
    place = scene.here.call("ledger", "history", index, "-p", scene.anyone).stdout
    assert "DELIVERY" in place


def test_what_was_not_handed_over_is_said_too(scene: Scene) -> None:
    """An aborted handover has its reason sealed with it, and is a place of its own in the log."""
    index = scene.record(disclosure(2))
    scene.here.path("why.json").write_text('{"notes": "line cut"}')
    aborted = scene.say("deliver", index, "--aborted", "--record", "why.json", "--receipts", "receipts")
    assert scene.history(index)["state"] == [f"aborted by entry {aborted}"]
    (receipt,) = scene.here.path("receipts").iterdir()
    assert "DELIVERY" in scene.here.call("ledger", "verify", receipt, "--log", "led/log.vkey").stdout
    amended = scene.say("correct", aborted, "-", given='{"notes": "line was cut"}')
    rows = scene.history(amended)["entries"]
    assert isinstance(rows, list)
    assert [row["body"] for row in rows] == ["DISCLOSURE", "DELIVERY", "CORRECTION"]


def test_corrections_stand_behind_what_they_correct(scene: Scene) -> None:
    """Readers see the entry and each correction of it, in order, whichever of them they ask about."""
    index = scene.record(disclosure(3))
    wrong = disclosure(3, outcome="WITHDRAWN")
    first = scene.say("correct", index, "-", given=json.dumps(wrong))
    second = scene.say("correct", index, "-", given=json.dumps(disclosure(3)))
    for where in (index, first, second):
        rows = scene.history(where)["entries"]
        assert isinstance(rows, list)
        assert [row["index"] for row in rows] == [index, first, second]
    assert "is a CORRECTION; correct the entry that it is about" in scene.refused("correct", first, "-", given="{}")
    for given, why in (
        (lines(disclosure(3), disclosure(4)), "must have one disclosure"),
        (json.dumps(gagged(3)), "embargo: a CORRECTION inherits its target's"),
    ):
        assert why in scene.refused("correct", index, "-", given=given)


def test_the_life_of_an_embargo(scene: Scene) -> None:
    """Committed now, listed with its end, prolonged in numbered steps, lifted with its keys, then listed no more."""
    index = scene.record(gagged(5))
    (row,) = [row for row in scene.listed() if row["index"] == index]
    assert (row["until"], row["extensions"], row["state"]) == (month(3), 0, "due in 3 months")
    extended = scene.say("embargo", "extend", index, "--until", month(6), "--order", "order.json")
    corrected = scene.say("correct", index, "-", given=json.dumps(disclosure(5, outcome="PARTIAL")))
    state = scene.history(index)["state"]
    assert state == [
        "unresolved: no DELIVERY says what became of it",
        f"under embargo until {month(6)}, extended 1 times",
    ]
    assert [row["until"] for row in scene.listed("--source", "alpha") if row["index"] == index] == [month(6)]
    assert [row["state"] for row in scene.listed("--at", month(6), code=1) if row["index"] == index] == ["OVERDUE"]
    lifted = scene.say("embargo", "lift", index)
    rows = scene.history(index)["entries"]
    assert isinstance(rows, list)
    assert [row["index"] for row in rows] == [index, extended, corrected, lifted, lifted + 1]
    assert not [row for row in scene.listed() if row["index"] == index]
    assert [row["state"] for row in scene.listed("--all") if row["index"] == index] == [f"lifted by entry {lifted}"]
    assert "is under no embargo, or that was lifted" in scene.refused("embargo", "lift", index)
    words = ("embargo", "extend", index, "--until", month(9), "--order", "order.json")
    assert "is no DISCLOSURE under embargo" in scene.refused(*words)


def test_a_third_extension_needs_an_officer(scene: Scene) -> None:
    """Two are the source's own to say, the third is not; what is past the cap or before the end is refused first."""
    index = scene.record(gagged(6, ahead=1))
    for ahead in (2, 3):
        scene.say("embargo", "extend", index, "--until", month(ahead), "--order", "order.json")
    third = ("embargo", "extend", index, "--until", month(4), "--order", "order.json")
    assert "approvals: 1 are needed" in scene.refused(*third)
    scene.say(*third, "--officer", "officer.key")
    for ahead in (4, 41):
        words = ("embargo", "extend", index, "--until", month(ahead), "--order", "order.json")
        assert f"until: must be 1 to 36 months after its end, {month(4)}" in scene.refused(*words)
    scene.here.path("none.json").write_text('{"notes": "no order"}')
    fourth = ("embargo", "extend", index, "--until", month(5), "--order", "none.json", "--officer", "officer.key")
    assert "nondisclosure_order: required for an embargo" in scene.refused(*fourth)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({**without_order(7), "embargo": month(3)}, "nondisclosure_order: required for an embargo"),
        ({**gagged(7), "embargo": "2026"}, "embargo: must be a month, YYYY-MM"),
        (gagged(7, ahead=37), "embargo.until: must be 1 to 36 months after recorded_at's month"),
        (gagged(7, ahead=0), "embargo.until: must be 1 to 36 months after recorded_at's month"),
    ],
)
def test_an_embargo_has_an_order_and_an_end(scene: Scene, given: object, why: str) -> None:
    """What has no order, no month or lies past the cap is refused by field and bound, and nothing is logged."""
    ran = scene.here.call("ledger", "record", "-", "-p", scene.source, given=lines(given), code=2)
    assert why in ran.stderr


def test_only_its_source_says_more_of_an_entry(scene: Scene) -> None:
    """Another source and a member of the public are refused; so is a place where nothing is."""
    index = scene.record(disclosure(8))
    ran = scene.here.call("ledger", "deliver", index, "-p", scene.other, code=2)
    assert "entry: of another source, which alone can say more of it" in ran.error
    ran = scene.here.call("ledger", "deliver", index, "-p", scene.anyone, code=2)
    assert "profile: this needs a profile of the role source" in ran.error
    for where, why in (("9999", "must be at most"), ("alpha:9999", "no such sequence"), ("x", "must be INDEX or")):
        assert why in scene.refused("deliver", where)


def test_what_is_no_object_of_fields_is_refused(scene: Scene) -> None:
    """Fields are a JSON object; nothing else is sealed."""
    index = scene.record(disclosure(9))
    for given, why in (
        ("[]", "must be an object of fields"),
        ("{", "not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"notes": "a", "notes": "b"}', "an object has a member twice"),
        ('{"x": 1}', "unknown field"),
    ):
        scene.here.path("given.json").write_text(given)
        assert why in scene.refused("deliver", index, "--record", "given.json")


def test_tables_are_for_people(scene: Scene) -> None:
    """Without --json the list and the answers are lines to read."""
    index = scene.record(gagged(10))
    ran: Ran = scene.here.call("ledger", "embargo", "list", "-p", scene.anyone)
    assert "due in 3 months" in ran.stdout
    assert "embargoes, 0 overdue; verified under a checkpoint of" in ran.stderr
    said = scene.here.call("ledger", "embargo", "lift", index, "-p", scene.source)
    assert "EMBARGO_LIFTED" in said.stdout


def test_an_embargo_outlives_the_key_that_it_was_laid_with(scene: Scene) -> None:
    """What was sealed to an earlier key of the source is lifted under the new one, with the earlier one at hand."""
    here = scene.here
    ran = here.call("ledger", "record", "-", "-p", scene.other, "--json", given=lines(gagged(11)))
    index = ran.objects[0]["index"]
    here.call("ledger", "keygen", "source", "-o", "new.key")
    words = ("-k", "new.key", "--old-key", "beta/source.key", "-o", "change.request", "-p", scene.other)
    here.call("ledger", "request", "key-change", *words)
    here.call("ledgerctl", "change-key", "change.request", "-d", "led")
    here.path("beta/source.key").rename(here.path("old.key"))
    here.path("new.key").rename(here.path("beta/source.key"))
    ran = here.call("ledger", "embargo", "lift", index, "-p", scene.other, code=2)
    assert "to an earlier key" in ran.error
    ran = here.call("ledger", "embargo", "lift", index, "-p", scene.other, "--old-key", "old.key", "--json")
    assert [row["what"] for row in ran.objects] == ["EMBARGO_LIFTED"]


def test_a_key_change_keeps_the_terms_or_brings_others(scene: Scene) -> None:
    """Grace and officers stay as they are unless others are named; a new officer takes the place of all."""
    here = scene.here
    for name in ("next", "further"):
        here.call("ledger", "keygen", "source", "-o", f"{name}.key")
    here.call("ledger", "keygen", "approver", "-o", "second.key")
    words = ("ledger", "request", "key-change", "-p", scene.source)
    here.call(*words, "-k", "next.key", "-o", "same.request")
    changed = ("--grace", 0, "--officer", "second.key.pub", "--officer", "officer.key.pub", "--officers-needed", 2)
    here.call(*words, "-k", "further.key", "-o", "other.request", *changed)
    first, second = (
        (body.grace_hours, len(body.officers), body.officer_threshold)
        for body in (Request.load(here.path(f"{name}.request")).body for name in ("same", "other"))
        if isinstance(body, bodies.SourceKeyChanged)
    )
    assert (first, second) == ((24, 1, 1), (0, 2, 2))
    refused = here.call(*words, "-k", "next.key", "-o", "none.request", "--officers-needed", 2, code=2).error
    assert refused.startswith("officer_threshold: ")
