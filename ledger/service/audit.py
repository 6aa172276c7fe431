"""AuditService: what accredited auditors call (protos/ledger/v1/audit.proto)."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from ledger.core.errors import NotPermitted
from ledger.engine.reader import Reader, check_range
from ledger.engine.sequencer import Sequencer
from ledger.service import convert
from ledger.service.context import Identify, require, stream
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
        view = self._sequencer.view
        if not any(auditor.name == identity.name and not auditor.removed for auditor in view.auditors.values()):
            raise NotPermitted("auditor: the log names none of this name, or it was removed")
        check_range(request.begin, request.end, view.size)
        for batch in self._reader.sealed(request.begin, request.end):
            self.fetches[identity.name] += len(batch.entries)
            self.metrics.fetched(identity.name, len(batch.entries))
            yield convert.sealed_batch(batch)
