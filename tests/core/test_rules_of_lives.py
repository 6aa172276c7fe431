"""Rules of what is said of earlier entries, each on its bound and past it, naming field and bound and no value."""

from dataclasses import replace
from typing import Any

import pytest

from ledger.core import bodies
from ledger.core.bodies import AuditCheck
from ledger.core.encoding import sha256
from ledger.core.errors import InvalidInput
from ledger.core.rules import check_body, check_legal_basis
from tests.core.examples import TARGET
from tests.core.world import START

ROOT = sha256(b"root")
CORRECTION = bodies.Correction(TARGET, ROOT, ROOT, ROOT, 16, ROOT)
AMENDMENT = bodies.Correction(TARGET, ROOT, ROOT)
EXTENDED = bodies.EmbargoExtended(TARGET, 1, 700, ROOT, ROOT)
REPORT = bodies.AuditReport(ROOT, 0, 1, (AuditCheck.LOG, AuditCheck.PAYLOADS), 0, ROOT)
CLASS = "key_class: must be one of 4, 16, 64, 256"
BASIS = "legal_basis: must be 1 to 500 bytes without control characters"


@pytest.mark.parametrize("body", [CORRECTION, AMENDMENT, EXTENDED, REPORT], ids=lambda body: type(body).__name__)
def test_lawful_on_the_bound(body: bodies.Body) -> None:
    """A correction has all that binds lookup keys or nothing of it, an extension a number, a report a range."""
    check_body(body, START)


@pytest.mark.parametrize(
    ("body", "change", "message"),
    [
        pytest.param(AMENDMENT, {"keys_root": ROOT}, CLASS, id="a keys root alone"),
        pytest.param(AMENDMENT, {"aggregates_root": ROOT}, CLASS, id="an aggregates root alone"),
        pytest.param(AMENDMENT, {"key_class": 16}, "keys_root: must be 32 bytes", id="a key class alone"),
        pytest.param(CORRECTION, {"keys_root": b""}, "keys_root: must be 32 bytes", id="no keys root"),
        pytest.param(CORRECTION, {"key_class": 0}, CLASS, id="no key class"),
        pytest.param(CORRECTION, {"key_class": 5}, CLASS, id="another key class"),
        pytest.param(CORRECTION, {"aggregates_root": b""}, "aggregates_root: must be 32 bytes", id="no aggregates"),
        pytest.param(EXTENDED, {"number": 0}, "number: must be at least 1", id="an extension before the first"),
        pytest.param(REPORT, {"end": 0}, "end: must lie after begin", id="a report of nothing"),
        pytest.param(
            REPORT, {"checks": ()}, "checks: at least one, ascending, each once", id="a report without checks"
        ),
        pytest.param(
            REPORT, {"checks": REPORT.checks[::-1]}, "checks: at least one, ascending, each once", id="checks backwards"
        ),
        pytest.param(
            REPORT, {"checks": REPORT.checks[:1] * 2}, "checks: at least one, ascending, each once", id="a check twice"
        ),
    ],
)
def test_unlawful_past_the_bound(body: Any, change: dict[str, Any], message: str) -> None:
    """The first value past each bound is refused with the field and the bound."""
    with pytest.raises(InvalidInput, match=f"^{message}$"):
        check_body(replace(body, **change), START)


@pytest.mark.parametrize("text", ["x", "Art. 17(1)(d) GDPR", "§" * 250, "x" * 500])
def test_a_legal_basis(text: str) -> None:
    """It is 1 to 500 bytes of UTF-8 and comes back as it is."""
    assert check_legal_basis(text) == text
    check_body(bodies.Erasure(1, "alpha", TARGET, text), START)


@pytest.mark.parametrize("text", ["", "§" * 250 + "x", "x" * 501, "a\nb", "a\x7f", "\x00"])
def test_no_legal_basis(text: str) -> None:
    """Nothing, more bytes, and control characters are refused, in a statement too."""
    with pytest.raises(InvalidInput, match=f"^{BASIS}$"):
        check_legal_basis(text)
    with pytest.raises(InvalidInput, match=f"^{BASIS}$"):
        check_body(bodies.Erasure(1, "alpha", TARGET, text), START)
