"""SubmitReport: an accredited auditor's signed report is logged, and nobody else's."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

import grpc
import pytest
import pytest_asyncio

from ledger.client.requests import Request
from ledger.core import bodies, mirror
from ledger.core.bodies import AuditCheck
from ledger.core.encoding import Hash, sha256
from ledger.core.inner import sign_inner
from ledger.core.receipt import verify_receipt
from ledger.v1.audit_pb2 import SubmitReportRequest
from tests.served import ORIGIN, Member, Served, serving
from tests.service.calls import refusal, role_channel, stub, unchanged

pytestmark = pytest.mark.asyncio(loop_scope="module")

BAD, STATE, DENIED = (
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.PERMISSION_DENIED,
)


@dataclass(frozen=True, slots=True)
class Audited:
    """A log of four entries: two auditors, and a third one that was removed."""

    served: Served
    one: Member
    two: Member
    gone: Member

    def report(self, member: Member, signed: bool = True, **changes: object) -> bodies.AuditReport:
        """Return a member's report of entries [0, 3), changed, then signed."""
        auditors = self.served.server.sequencer.view.auditors.values()
        key_id = next(item.key_id for item in auditors if item.x25519_key == member.own_key.public.x25519)
        checks = (AuditCheck.LOG, AuditCheck.PAYLOADS)
        body = replace(bodies.AuditReport(key_id, 0, 3, checks, 0, sha256(b"report")), **changes)  # type: ignore[arg-type]  # a table's
        if not signed:
            return body
        signatures = sign_inner(self.served.log_id, body, "signatures", [member.own_key.secret])
        return replace(body, signatures=signatures)


def request_of(body: bodies.AuditReport) -> SubmitReportRequest:
    """Return a report as it travels."""
    request = SubmitReportRequest()
    mirror.write(body, request.report)
    return request


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def audited() -> AsyncIterator[Audited]:
    """Give one log to all tests of this file."""
    async with serving(metrics_listen="") as served:
        members = [await served.accredit(name) for name in ("One", "Two", "Gone")]
        half = members[2].own_key.public
        gone = bodies.AuditorRemoved(0, "Gone", half.public, Hash(half.x25519 or b""))
        await served.govern(Request(served.log_id, gone))
        yield Audited(served, *members)


async def test_a_report_is_logged_and_its_receipt_verifies(audited: Audited) -> None:
    """The report stands in the log as it was signed, up to the entry before its own, and anyone can check so."""
    size = audited.served.server.sequencer.view.size
    body = audited.report(audited.one, end=size, findings=2)
    async with role_channel(audited.served, audited.one) as transport:
        answer = await stub(transport, "audit").SubmitReport(request_of(body))
    verified = verify_receipt(answer.tlog_proof, audited.served.vkey, ORIGIN)
    assert (answer.index, verified.index, verified.statement.body) == (size, size, body)


REPORTS: dict[str, tuple[Callable[[Audited], bodies.AuditReport], grpc.StatusCode, str]] = {
    "another auditor's": (
        lambda log: log.report(log.two),
        DENIED,
        "auditor: reports are signed by the auditor who sends them",
    ),
    "of nobody the log knows": (
        lambda log: log.report(log.one, auditor=sha256(b"nobody")),
        DENIED,
        "auditor: reports are signed by the auditor who sends them",
    ),
    "unsigned": (lambda log: log.report(log.one, signed=False), BAD, "signatures: exactly one signature"),
    "signed by another": (
        lambda log: replace(log.report(log.one), signatures=log.report(log.two).signatures),
        BAD,
        "signatures: the signature does not verify",
    ),
    "changed since it was signed": (
        lambda log: replace(log.report(log.one), findings=1),
        BAD,
        "signatures: the signature does not verify",
    ),
    "past the log": (lambda log: log.report(log.one, end=99), STATE, "end: must be at most "),
    "begin = end": (lambda log: log.report(log.one, begin=3), BAD, "end: must lie after begin"),
    "begin past end": (lambda log: log.report(log.one, begin=2**64 - 1), BAD, "end: must lie after begin"),
    "of no check": (lambda log: log.report(log.one, checks=()), BAD, "checks: at least one, ascending, each once"),
    "of one check twice": (
        lambda log: log.report(log.one, checks=(AuditCheck.LOG, AuditCheck.LOG)),
        BAD,
        "checks: at least one, ascending, each once",
    ),
}


@pytest.mark.parametrize(("made", "code", "message"), REPORTS.values(), ids=REPORTS)
async def test_a_report_that_does_not_hold_is_refused(
    audited: Audited, made: Callable[[Audited], bodies.AuditReport], code: grpc.StatusCode, message: str
) -> None:
    """Another's report, an unsigned or changed one, and one whose range or checks do not fit are not logged."""
    async with role_channel(audited.served, audited.one) as transport, unchanged(audited.served):
        answer = await refusal(stub(transport, "audit").SubmitReport(request_of(made(audited))))
    assert answer.code is code
    assert answer.message.startswith(message)


async def test_a_removed_auditor_reports_nothing(audited: Audited) -> None:
    """Whom the log removed is refused with a report of its own, though certificate and signature are good."""
    async with role_channel(audited.served, audited.gone) as transport, unchanged(audited.served):
        answer = await refusal(stub(transport, "audit").SubmitReport(request_of(audited.report(audited.gone))))
    assert (answer.code, answer.message) == (DENIED, "auditor: the log names none of this name, or it was removed")


async def test_an_empty_request_is_refused_by_field(audited: Audited) -> None:
    """A request without a report names the first field that is missing, and a check that nobody knows is named."""
    async with role_channel(audited.served, audited.one) as transport, unchanged(audited.served):
        service = stub(transport, "audit")
        answer = await refusal(service.SubmitReport(SubmitReportRequest()))
        assert (answer.code, answer.violations) == (BAD, [("auditor", "must be 32 bytes")])
        request = request_of(audited.report(audited.one))
        request.report.checks.append(99)  # type: ignore[arg-type]  # an enum's number that the contract does not have
        answer = await refusal(service.SubmitReport(request))
        assert answer.violations == [("checks", "must be one of LOG, PAYLOADS, LOOKUP_MAP, CLOSINGS")]
