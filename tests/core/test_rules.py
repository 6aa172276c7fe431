"""Each rule of a single body holds on its bound and breaks one past it, naming field and bound and no value."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ledger.core import bodies
from ledger.core.errors import InvalidInput
from ledger.core.rules import LEDGER, MAX_MINUTE, check_body, check_name, check_source_id, month_of
from ledger.core.signing import PublicKey
from tests.core.examples import (
    ANSWER,
    AUDITOR_ADDED,
    AUDITOR_REMOVED,
    BODIES,
    CLOSING,
    DISCLOSURE,
    LOG_OPENED,
    OPENING,
    SOURCE_ENROLLED,
    SOURCE_REVOKED,
    stated,
)
from tests.core.world import START

SHORT, LONG, QUANTUM = PublicKey(1, bytes(31)), PublicKey(1, bytes(33)), PublicKey(2, bytes(32))
SOURCE_ID = "source_id: must be 1 to 63 characters of a-z, 0-9, '.' and '-', the first a-z or 0-9"
LENGTH, ALGORITHM = "an Ed25519 key must be 32 bytes", r"algorithm must be 1 \(Ed25519\)"
EMBARGO = "embargo.until: must be 1 to 36 months after recorded_at's month"
PART = "part: count must be 2 to 64 and index below it"
NAME = "must be 1 to 253 printable ASCII characters without outer spaces"
MONTH = month_of(START)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_the_examples_break_no_rule(body: bodies.Body) -> None:
    """What the other tests change one thing of is lawful."""
    check_body(body, stated(body).recorded_at)


@pytest.mark.parametrize("name", ["a", "0", "a" * 63, "mail.example-1", "9.", "a-", "ledger"])
def test_source_ids(name: str) -> None:
    """A source id is 1 to 63 of a-z, 0-9, dot and hyphen, the first a letter or digit."""
    assert check_source_id(name) == name


@pytest.mark.parametrize(
    "name", ["", "a" * 64, ".a", "-a", "A", "a_b", "a b", "a\n", "é", "a٣", "a\x00", "a/b", "ａ", "İ"]
)
def test_other_source_ids_are_refused(name: str) -> None:
    """Anything else is refused, a last line feed and digits of other scripts too."""
    with pytest.raises(InvalidInput, match=f"^{SOURCE_ID}$"):
        check_source_id(name)


@pytest.mark.parametrize("name", ["a", "~", "!", "An Auditor, Ltd.", "a" * 253, "a" + " " * 251 + "b"])
def test_names(name: str) -> None:
    """A name is 1 to 253 printable ASCII characters with spaces inside only."""
    assert check_name(name, "name") == name


@pytest.mark.parametrize("name", ["", " ", "a" * 254, " a", "a ", "a\n", "a\tb", "é", "a\x7f", "\x1f", "a\u200bb"])
def test_other_names_are_refused(name: str) -> None:
    """Anything else is refused under the field's own name."""
    with pytest.raises(InvalidInput, match=f"^origin: {NAME}$"):
        check_name(name, "origin")


@pytest.mark.parametrize(
    ("moment", "month"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(1970, 1, 31, 23, 59, tzinfo=UTC), 0),
        (datetime(1970, 2, 1, tzinfo=UTC), 1),
        (datetime(1971, 1, 1, tzinfo=UTC), 12),
        (datetime(2000, 2, 29, 23, 59, tzinfo=UTC), 361),
        (datetime(2000, 3, 1, tzinfo=UTC), 362),
        (datetime(2025, 12, 31, 23, 59, tzinfo=UTC), 671),
        (datetime(9999, 12, 31, 23, 59, tzinfo=UTC), 96_359),
    ],
)
def test_months(moment: datetime, month: int) -> None:
    """A minute belongs to its UTC month, counted from 1970-01."""
    assert month_of(int(moment.timestamp()) // 60) == month


@pytest.mark.parametrize(
    ("body", "change"),
    [
        pytest.param(DISCLOSURE, {"key_class": 4}, id="the least key class"),
        pytest.param(DISCLOSURE, {"key_class": 16}, id="the second key class"),
        pytest.param(DISCLOSURE, {"key_class": 64}, id="the third key class"),
        pytest.param(DISCLOSURE, {"key_class": 256}, id="the largest key class"),
        pytest.param(DISCLOSURE, {"embargo": bodies.Embargo(MONTH + 1)}, id="an embargo of a month"),
        pytest.param(DISCLOSURE, {"embargo": bodies.Embargo(MONTH + 36)}, id="an embargo of 36 months"),
        pytest.param(DISCLOSURE, {"part": bodies.Part(0, 2)}, id="the first of two parts"),
        pytest.param(DISCLOSURE, {"part": bodies.Part(1, 2)}, id="the last of two parts"),
        pytest.param(DISCLOSURE, {"part": bodies.Part(63, 64)}, id="the last of 64 parts"),
        pytest.param(DISCLOSURE, {"openings": (replace(OPENING, position=0), OPENING)}, id="two openings"),
        pytest.param(SOURCE_ENROLLED, {"grace_hours": 0}, id="no grace"),
        pytest.param(SOURCE_ENROLLED, {"grace_hours": 744}, id="a month of grace"),
        pytest.param(SOURCE_ENROLLED, {"officers": (), "officer_threshold": 0}, id="no officers"),
        pytest.param(SOURCE_ENROLLED, {"officer_threshold": 0}, id="officers of whom none has to approve"),
        pytest.param(LOG_OPENED, {"approvers": (), "thresholds": ()}, id="no approvers"),
        pytest.param(LOG_OPENED, {"thresholds": (bodies.Threshold(0, 2),)}, id="all approvers"),
        pytest.param(CLOSING, {"start": 0, "end": 1}, id="a period of a minute"),
        pytest.param(CLOSING, {"first_sequence": 11}, id="a period without entries"),
        pytest.param(CLOSING, {"late": bodies.Count(0, 0)}, id="a count of none"),
    ],
)
def test_lawful_on_the_bound(body: bodies.Body, change: dict[str, Any]) -> None:
    """The last value on the lawful side of each bound passes."""
    check_body(replace(body, **change), START)


@pytest.mark.parametrize(
    ("body", "change", "message"),
    [
        pytest.param(DISCLOSURE, {"key_class": 0}, "key_class: must be one of 4, 16, 64, 256", id="no key class"),
        pytest.param(DISCLOSURE, {"key_class": 5}, "key_class: must be one of 4, 16, 64, 256", id="a class between"),
        pytest.param(DISCLOSURE, {"key_class": 1024}, "key_class: must be one of 4, 16, 64, 256", id="a class beyond"),
        pytest.param(DISCLOSURE, {"embargo": bodies.Embargo(MONTH)}, EMBARGO, id="an embargo of no month"),
        pytest.param(DISCLOSURE, {"embargo": bodies.Embargo(0)}, EMBARGO, id="an embargo since 1970"),
        pytest.param(DISCLOSURE, {"embargo": bodies.Embargo(MONTH + 37)}, EMBARGO, id="an embargo of 37 months"),
        pytest.param(
            DISCLOSURE,
            {"embargo": bodies.Embargo(MONTH + 1), "openings": (OPENING,)},
            "openings: an embargoed disclosure has no public openings",
            id="an embargo with openings",
        ),
        pytest.param(DISCLOSURE, {"part": bodies.Part(0, 1)}, PART, id="one part"),
        pytest.param(DISCLOSURE, {"part": bodies.Part(0, 65)}, PART, id="65 parts"),
        pytest.param(DISCLOSURE, {"part": bodies.Part(2, 2)}, PART, id="a third of two parts"),
        pytest.param(DISCLOSURE, {"part": bodies.Part(0, 0)}, PART, id="no parts"),
        pytest.param(
            DISCLOSURE, {"openings": (OPENING, OPENING)}, "openings: positions must ascend, one each", id="doubled"
        ),
        pytest.param(
            DISCLOSURE,
            {"openings": (OPENING, replace(OPENING, position=0))},
            "openings: positions must ascend, one each",
            id="openings out of order",
        ),
        pytest.param(LOG_OPENED, {"origin": ""}, f"origin: {NAME}", id="no origin"),
        pytest.param(LOG_OPENED, {"ledger_keys": ()}, "ledger_keys: at least one key is needed", id="no ledger key"),
        pytest.param(LOG_OPENED, {"ledger_keys": (SHORT,)}, f"ledger_keys: {LENGTH}", id="a short ledger key"),
        pytest.param(SOURCE_REVOKED, {"source_id": "a/b"}, SOURCE_ID, id="a source id with a slash"),
        pytest.param(SOURCE_REVOKED, {"source_id": LEDGER}, "source_id: is the ledger's own", id="the ledger revoked"),
        pytest.param(AUDITOR_ADDED, {"name": "x" * 254}, f"name: {NAME}", id="a long name"),
        pytest.param(AUDITOR_ADDED, {"signing_key": LONG}, f"signing_key: {LENGTH}", id="a long auditor's key"),
        pytest.param(AUDITOR_REMOVED, {"name": ""}, f"name: {NAME}", id="no name to remove"),
        pytest.param(AUDITOR_REMOVED, {"signing_key": QUANTUM}, f"signing_key: {ALGORITHM}", id="a key to remove"),
        pytest.param(CLOSING, {"end": CLOSING.start}, "end: must lie after start", id="a period of no minute"),
        pytest.param(CLOSING, {"end": CLOSING.start - 1}, "end: must lie after start", id="a period backwards"),
        pytest.param(
            CLOSING, {"first_sequence": 12}, "end_sequence: must not lie below first_sequence", id="a range backwards"
        ),
        *(
            pytest.param(CLOSING, {name: bodies.Count(2, 1)}, f"{name}: lo must not exceed hi", id=f"{name} backwards")
            for name in ("disclosures", "aborted", "embargoed", "late")
        ),
        pytest.param(
            ANSWER, {"inclusion": None}, "challenge_answer: exactly one of inclusion and denial is needed", id="neither"
        ),
        pytest.param(
            ANSWER,
            {"denial": bodies.Denial("alpha")},
            "challenge_answer: exactly one of inclusion and denial is needed",
            id="an answer with both",
        ),
    ],
)
def test_unlawful_past_the_bound(body: bodies.Body, change: dict[str, Any], message: str) -> None:
    """The first value past each bound is refused with the field and the bound."""
    with pytest.raises(InvalidInput, match=f"^{message}$"):
        check_body(replace(body, **change), START)


@pytest.mark.parametrize("minute", [0, START, MAX_MINUTE])
def test_embargoes_count_from_their_own_month(minute: int) -> None:
    """The bound moves with recorded_at, from the first minute that can be recorded to the last."""
    for months, lawful in ((0, False), (1, True), (36, True), (37, False)):
        body = replace(DISCLOSURE, embargo=bodies.Embargo(month_of(minute) + months))
        if lawful:
            check_body(body, minute)
            continue
        with pytest.raises(InvalidInput, match=f"^{EMBARGO}$"):
            check_body(body, minute)
