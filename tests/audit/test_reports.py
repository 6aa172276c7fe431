"""A report says what was checked and found without a value of any record, and is logged under the auditor's key."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from ledger.audit.reports import Report, submit
from ledger.client.reads import LogClient
from ledger.core.bodies import AuditCheck
from ledger.core.canonical_json import decode_json
from ledger.core.encoding import sha256
from ledger.core.errors import InvalidInput, VerificationFailed
from ledger.core.inner import verify_inner
from ledger.core.policy import verify_quorum
from ledger.core.receipt import verify_receipt
from tests.audit.audited import ONE, audited
from tests.client.cosigned import pinned, with_lines
from tests.client.honest import pins
from tests.client.lying import Lying, lying
from tests.core.world import World

FINDINGS: Final = [(3, "the payload is missing, and no erasure explains it"), (5, "box: garbage for this auditor")]


def reported(world: World, **changes: Any) -> Report:
    """Return the report of auditor one on the whole log."""
    key_id = next(key for key, item in world.state.auditors.items() if item.name == "one")
    counts = {"opened": 3, "findings": 2, "erased": 0, "not_opened": 0}
    return replace(Report(world.log_id, key_id, 0, world.size, counts, FINDINGS, [8]), **changes)


def test_the_file_is_canonical_and_says_what_was_checked() -> None:
    """RFC 8785 JSON: range, checks, counts, findings by index, and whose papers are overdue."""
    world = audited()
    report = reported(world)
    assert decode_json(report.format()) == {
        "auditor": report.auditor.hex(),
        "begin": 0,
        "checks": ["LOG", "PAYLOADS"],
        "counts": {"opened": 3, "findings": 2, "erased": 0, "not_opened": 0},
        "end": 9,
        "findings": [{"index": index, "finding": words} for index, words in FINDINGS],
        "log_id": world.log_id.hex(),
        "papers_overdue": [8],
    }


def test_the_statement_is_signed_and_names_the_file() -> None:
    """What is logged has the digest of the file, how many findings it has, and the auditor's one signature."""
    report = reported(audited())
    body = report.statement(ONE.signing)
    assert (body.auditor, body.begin, body.end, body.findings) == (report.auditor, 0, 9, 2)
    assert body.checks == (AuditCheck.LOG, AuditCheck.PAYLOADS)
    assert body.report_digest == sha256(report.format())
    verify_inner(report.log_id, body, "signatures", [ONE.signing.public])


async def test_a_report_is_logged_and_its_receipt_verifies() -> None:
    """The receipt that comes back proves this very statement."""
    world = audited()
    body = reported(world).statement(ONE.signing)
    async with lying(world) as ledger:
        index, receipt = await submit(ledger.channel, LogClient(ledger.channel, pins(world)), body)
    found = verify_receipt(receipt, world.vkey)
    assert (index, found.index, found.statement.body) == (9, 9, body)


async def test_under_a_policy_the_receipt_has_its_quorum() -> None:
    """Where the profile asks for witnesses, the receipt that is kept is one that they cosigned."""
    world = audited()
    body = reported(world).statement(ONE.signing)
    async with lying(world) as ledger:
        reader = LogClient(ledger.channel, pinned(world))
        ledger.lies["GetReceipt"] = lambda answer: with_lines(answer, "one", "two")
        _, receipt = await submit(ledger.channel, reader, body)
        found = verify_receipt(receipt, world.vkey)
        assert reader.pins.policy is not None
        verify_quorum(found.checkpoint, reader.pins.policy)
        assert found.statement.body == body
        ledger.lies["GetReceipt"] = lambda answer: with_lines(answer, "one")
        with pytest.raises(VerificationFailed, match=r"^quorum: "):
            await submit(ledger.channel, reader, body)


Lie = Callable[[Lying], Callable[[Any], Any]]


def changed(change: Callable[[Lying, Any], object]) -> Lie:
    """Return a lie that changes the answer to a report."""

    def prepared(ledger: Lying) -> Callable[[Any], Any]:
        def lie(answer: Any) -> Any:
            change(ledger, answer)
            return answer

        return lie

    return prepared


def other_receipt(ledger: Lying, answer: Any) -> None:
    """Answer with the receipt of a disclosure."""
    answer.index, answer.tlog_proof = 3, ledger.world.receipt(3)


LIES: dict[str, tuple[Lie, str]] = {
    "another entry's receipt": (changed(other_receipt), "receipt: of another entry than the report's"),
    "another index": (
        changed(lambda _, answer: setattr(answer, "index", 3)),
        "receipt: of another entry than the report's",
    ),
}


@pytest.mark.parametrize(("lie", "words"), LIES.values(), ids=LIES)
async def test_a_receipt_of_something_else_is_refused(lie: Lie, words: str) -> None:
    """An answer that does not prove that this report was logged is none."""
    world = audited()
    body = reported(world).statement(ONE.signing)
    async with lying(world) as ledger:
        ledger.lies["SubmitReport"] = lie(ledger)
        with pytest.raises(VerificationFailed, match=f"^{words}$"):
            await submit(ledger.channel, LogClient(ledger.channel, pins(world)), body)


async def test_a_receipt_that_is_none_is_refused() -> None:
    """What does not parse is not kept."""
    world = audited()
    async with lying(world) as ledger:
        ledger.lies["SubmitReport"] = changed(lambda _, answer: setattr(answer, "tlog_proof", b"x"))(ledger)
        with pytest.raises(InvalidInput):
            await submit(ledger.channel, LogClient(ledger.channel, pins(world)), reported(world).statement(ONE.signing))
