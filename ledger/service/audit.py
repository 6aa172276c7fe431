"""AuditService: what accredited auditors call (protos/ledger/v1/audit.proto)."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from ledger.core import bodies, mirror
from ledger.core.errors import NotPermitted
from ledger.core.parties import Auditor
from ledger.engine.reader import Reader, check_range
from ledger.engine.sequencer import Sequencer
from ledger.service import convert
from ledger.service.context import Identify, require, stream, unary
from ledger.service.metrics import Metrics
from ledger.v1 import audit_pb2, audit_pb2_grpc, disclosure_pb2


class AuditServicer(audit_pb2_grpc.AuditServiceServicer):
    """Hands sealed payloads to auditors, and counts each."""

    def __init__(self, sequencer: Sequencer, reader: Reader, identify: Identify, metrics: Metrics) -> None:
        self.metrics = metrics
        self.fetches: Counter[str] = Counter()
        self._sequencer, self._reader, self._identify = sequencer, reader, identify

    @stream
    async def StreamSealedPayloads(
        self, request: audit_pb2.StreamSealedPayloadsRequest, context: Any
    ) -> AsyncIterator[disclosure_pb2.SealedBatch]:
        """Yield sealed payloads with shreds and boxes, batch by batch."""
        identity = require(self._identify(context), "auditor")
        self._accredited(identity.name)
        view = self._sequencer.view
        check_range(request.begin, request.end, view.size)
        for batch in self._reader.sealed(request.begin, request.end):
            self._accredited(identity.name)  # a slow reader may have been removed since
            message = convert.sealed_batch(batch, self._sequencer.view.size)
            self.fetches[identity.name] += len(batch.entries)
            self.metrics.fetched(identity.name, len(batch.entries))
            yield message

    def _accredited(self, name: str) -> list[Auditor]:
        """Return the auditors of this name; raise NotPermitted where the log names none now."""
        found = [item for item in self._sequencer.view.auditors.values() if item.name == name and not item.removed]
        if not found:
            raise NotPermitted("auditor: the log names none of this name, or it was removed")
        return found

    @unary
    async def SubmitReport(self, request: audit_pb2.SubmitReportRequest, context: Any) -> Any:
        """Log the caller's report and return its receipt."""
        identity = require(self._identify(context), "auditor")
        body = mirror.read(bodies.AuditReport, request.report)
        if body.auditor not in {item.key_id for item in self._accredited(identity.name)}:
            raise NotPermitted("auditor: reports are signed by the auditor who sends them")
        index = await asyncio.wrap_future(self._sequencer.report(body))
        receipt = self._reader.receipt(index, self._sequencer.view)
        return audit_pb2.SubmitReportResponse(index=index, tlog_proof=receipt)
