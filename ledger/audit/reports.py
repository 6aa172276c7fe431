"""An auditor's report: what was checked and found, without a value of any record, signed and logged (protocol §4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import grpc

from ledger.client.reads import LogClient
from ledger.client.transport import translate
from ledger.core import bodies, mirror
from ledger.core.bodies import AuditCheck
from ledger.core.canonical_json import encode_json
from ledger.core.encoding import Hash, sha256
from ledger.core.errors import VerificationFailed
from ledger.core.inner import sign_inner
from ledger.core.receipt import verify_receipt
from ledger.core.signing import SecretKey
from ledger.v1 import audit_pb2, audit_pb2_grpc, statement_pb2

CHECKS: Final = (AuditCheck.LOG, AuditCheck.PAYLOADS)
"""What opening a range covers: entries are proven to be in the log, and payloads are held against their leaves."""


@dataclass(frozen=True, slots=True)
class Report:
    """What an audit of entries [begin, end) came to; ``findings`` are words by index, and name no value of a record."""

    log_id: Hash
    auditor: Hash
    begin: int
    end: int
    counts: Mapping[str, int]
    findings: Sequence[tuple[int, str]]
    overdue: Sequence[int]

    def format(self) -> bytes:
        """Return the file: RFC 8785 JSON."""
        return encode_json(
            {
                "auditor": self.auditor.hex(),
                "begin": self.begin,
                "checks": [check.name for check in CHECKS],
                "counts": dict(self.counts),
                "end": self.end,
                "findings": [{"finding": words, "index": index} for index, words in self.findings],
                "log_id": self.log_id.hex(),
                "papers_overdue": list(self.overdue),
            }
        )

    def statement(self, key: SecretKey) -> bodies.AuditReport:
        """Return what is logged of it, signed with the auditor's key."""
        body = bodies.AuditReport(self.auditor, self.begin, self.end, CHECKS, len(self.findings), sha256(self.format()))
        return replace(body, signatures=sign_inner(self.log_id, body, "signatures", [key]))


async def submit(channel: grpc.aio.Channel, reader: LogClient, body: bodies.AuditReport) -> tuple[int, bytes]:
    """Have a signed report logged; return its index and its receipt, verified, under a quorum if the pins ask for one.

    Raises:
        NotPermitted, Refused: the channel is not that of the auditor, or the log does not name it now.
        VerificationFailed: the receipt is not one of this report.
    """
    stub: Any = audit_pb2_grpc.AuditServiceStub(channel)
    message: Any = mirror.write(body, statement_pb2.AuditReport())
    with translate():
        answer = await stub.SubmitReport(audit_pb2.SubmitReportRequest(report=message))
    data, pins = answer.tlog_proof, reader.pins
    if pins.policy is None:
        found = verify_receipt(data, pins.vkey, pins.origin)
    else:
        data, found = await reader.receipt(answer.index)
    if (found.log_id, found.index, found.statement.body) != (pins.log_id, answer.index, body):
        raise VerificationFailed("receipt: of another entry than the report's")
    return found.index, data
