"""Requests say what is asked for in the statement's own bytes, and nothing else is taken for one."""

import json
from pathlib import Path
from typing import Any

import pytest

from ledger.client.requests import Request, request_auditor, request_key_change, request_source
from ledger.core import bodies
from ledger.core.batch import OPENING, sign_batch
from ledger.core.encoding import ZERO_HASH, encode_base64
from ledger.core.errors import InvalidInput, Uncheckable
from ledger.core.statement import Statement, encode_statement
from tests.core.world import START, AuditorKeys, World, secret


def wanted(world: World) -> dict[str, Request]:
    """Return a request of each kind, which ``world`` would grant."""
    auditor = AuditorKeys.of("two")
    current = world.enrolment("alpha")
    replaces = world.state.sources["alpha"].key_statement
    old, new = world.secrets["alpha"], secret("alpha 1")
    return {
        "a source": request_source(world.log_id, secret("beta 0"), "beta", "mail"),
        "a key change": request_key_change(world.log_id, current, replaces, new, old),
        "a forced key change": request_key_change(world.log_id, current, replaces, new, None),
        "an auditor": request_auditor(world.log_id, auditor.signing, auditor.x25519, "two"),
    }


def opened() -> World:
    """Return a log with one source."""
    world = World.open(approvers=3, threshold=2)
    world.enrol("alpha")
    return world


KIND_NAMES = list(wanted(opened()))


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_a_request_travels_is_approved_and_is_granted(tmp_path: Path, kind: str) -> None:
    """Its proofs hold whatever number it gets, approvals gather over files, and the ledger takes it."""
    world = opened()
    request = wanted(world)[kind]
    assert Request.parse(request.format()) == request
    proposal = request.numbered(world.state.governing.next_number)
    for approver in world.approvers[:2]:
        (tmp_path / "proposal").write_text(proposal.approved([approver]).format())
        proposal = Request.load(tmp_path / "proposal")
    assert len(proposal.body.approvals) == 2
    world.say_as_ledger(proposal.body)
    assert world.size == 3


def test_renumbering_drops_what_was_approved_under_another_number() -> None:
    """An approval is for one number only."""
    world = opened()
    approved = wanted(world)["a source"].numbered(2).approved(world.approvers)
    assert approved.numbered(3).body.approvals == ()


def test_a_source_may_name_officers_period_and_grace() -> None:
    """What is asked for stands in the body as given."""
    officer = secret("officer").public
    request = request_source(
        opened().log_id, secret("beta 0"), "beta", "mail", bodies.Period.DAY, 12, (officer,), officer_threshold=1
    )
    assert isinstance(request.body, bodies.SourceEnrolled)
    body = request.body
    assert (body.closing_period, body.grace_hours) == (bodies.Period.DAY, 12)
    assert (body.officers, body.officer_threshold) == ((officer,), 1)


def text(statement: Any, **members: Any) -> str:
    """Return a request file's text with any statement."""
    log_id = opened().log_id.hex()
    return json.dumps({"log_id": log_id, "statement": statement, **members})


WORLD = opened()
BODY = wanted(WORLD)["a source"].body
GOOD = encode_base64(encode_statement(Statement("ledger", 0, 0, BODY)))
SEALED = sign_batch([Statement("ledger", 0, 0, BODY)], OPENING, ZERO_HASH, [secret("x").sign])[0]
BAD: dict[str, tuple[str, str]] = {
    "nothing": ("", "^request: not a request file$"),
    "no JSON": ("{", "^request: not a request file$"),
    "a list": ("[]", "^request: not a request file$"),
    "a text": ('"log_id"', "^request: not a request file$"),
    "deep nesting": ("[" * 100_000, "^request: not a request file$"),
    "no log id": (json.dumps({"statement": GOOD}), "^request: not a request file$"),
    "a member too many": (text(GOOD, comment="please"), "^request: not a request file$"),
    "a statement that is no text": (text(7), "^request: not a request file$"),
    "a log id that is no text": (text(GOOD, log_id=7), "^request: not a request file$"),
    "a log id in capitals": (text(GOOD, log_id="AB" * 32), "^log_id: not lower-case hex"),
    "a short log id": (text(GOOD, log_id="ab"), "^log_id: must be 32 bytes$"),
    "no base64": (text("&"), "^statement: not standard base64$"),
    "base64 of nothing": (text(""), ": "),
    "no governance": (text(encode_base64(WORLD.leaves[0])), "^request: not a governance statement$"),
    "a sequence": (text(encode_base64(encode_statement(Statement("ledger", 5, 0, BODY)))), "^statement: has a place"),
    "a time": (text(encode_base64(encode_statement(Statement("ledger", 0, START, BODY)))), "^statement: has a place"),
    "a seal": (text(encode_base64(SEALED)), "^statement: has a place, a time or a seal"),
}


@pytest.mark.parametrize(("given", "message"), BAD.values(), ids=BAD)
def test_what_is_no_request_is_refused(given: str, message: str) -> None:
    """A file is taken whole, with exactly what a request has, or not at all."""
    with pytest.raises(InvalidInput, match=message):
        Request.parse(given)


def test_a_statement_of_a_later_release_could_not_be_checked() -> None:
    """An unknown body is neither taken nor called wrong."""
    with pytest.raises(Uncheckable):
        Request.parse(text(encode_base64(b"\x08\x02")))


def test_bytes_that_are_no_text_are_no_request(tmp_path: Path) -> None:
    """A binary file is refused as what it is."""
    (tmp_path / "request").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidInput, match=r"^request: not a request file$"):
        Request.load(tmp_path / "request")
