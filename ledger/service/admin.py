"""AdminService: what the operator calls (protos/ledger/v1/admin.proto)."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ledger.core import bodies, mirror
from ledger.core.errors import InvalidInput
from ledger.engine import schema
from ledger.engine.reader import Reader
from ledger.engine.sequencer import Sequencer
from ledger.service import convert
from ledger.service.context import Identify, require, unary
from ledger.service.cosigning import Asked
from ledger.service.metrics import Metrics
from ledger.v1 import admin_pb2, admin_pb2_grpc


class AdminServicer(admin_pb2_grpc.AdminServiceServicer):
    """Logs governance statements and tells the state they build on."""

    def __init__(
        self,
        sequencer: Sequencer,
        reader: Reader,
        identify: Identify,
        metrics: Metrics,
        fetches: Mapping[str, int],
        witnesses: Callable[[], Sequence[Asked]],
        keep_policy: Callable[[bytes], None],
    ) -> None:
        self.metrics = metrics
        self._sequencer, self._reader, self._identify = sequencer, reader, identify
        self._fetches, self._witnesses, self._keep_policy = fetches, witnesses, keep_policy

    @unary
    async def GetStatus(self, request: admin_pb2.GetStatusRequest, context: Any) -> Any:
        """Return what a governance statement has to continue, and how the ledger is."""
        require(self._identify(context), "admin")
        view = self._sequencer.view
        governing = view.governing
        status = admin_pb2.Status(
            log_id=governing.log_id,
            origin=governing.origin,
            vkey=governing.checkpoint_vkey,
            checkpoint=view.note,
            next_number=governing.next_number,
            queued_bytes=self._sequencer.queued_bytes,
            halted=self._sequencer.hindrance or "",
            witness_policy_digest=governing.witness_policy_digest,
            sealing_policy_digest=governing.sealing_policy_digest,
            anchored_index=governing.anchored.index,
        )
        if view.cosigned is not None:
            status.cosigned_size, status.cosigned_time = view.cosigned.size, view.cosigned.time
        for witness in self._witnesses():
            status.witnesses.add(
                name=witness.name,
                size=witness.size,
                timestamp=witness.timestamp,
                failures=witness.failures,
                failure=witness.failure,
            )
        for key in governing.approvers:
            mirror.write(key, status.approvers.add())
        for row in governing.thresholds:
            mirror.write(row, status.thresholds.add())
        for source in view.sources.values():
            status.sources.add(
                head=convert.head(source),
                service=source.service,
                forced=source.forced,
                key_statement_index=source.key_index,
            )
        for auditor in view.auditors.values():
            status.auditors.add(
                name=auditor.name,
                key_id=auditor.key_id,
                index=auditor.index,
                removed=auditor.removed,
                fetches=self._fetches.get(auditor.name, 0),
                signing_key=convert.public_key(auditor.signing_key),
                x25519_key=auditor.x25519_key,
            )
        return status

    @unary
    async def Govern(self, request: admin_pb2.GovernRequest, context: Any) -> Any:
        """Log one governance body and return its receipt."""
        require(self._identify(context), "admin")
        body = convert.governance(request)
        files = _policy_rows(body, request)
        index = await asyncio.wrap_future(self._sequencer.govern(body, files))
        if isinstance(body, bodies.PolicyChanged):
            self._keep_policy(request.witness_policy)
        receipt = self._reader.receipt(index, self._sequencer.view)
        traces = self._sequencer.traces if isinstance(body, bodies.Erasure) else ()
        return admin_pb2.GovernResponse(index=index, tlog_proof=receipt, traces=traces)


def _policy_rows(body: bodies.Governance, request: admin_pb2.GovernRequest) -> list[tuple[bytes, bytes]]:
    if not isinstance(body, bodies.PolicyChanged):
        if request.witness_policy or request.sealing_policy:
            raise InvalidInput("witness_policy", "policy files travel with policy_changed only")
        return []
    return [
        (schema.meta_key("witness_policy"), request.witness_policy),
        (schema.meta_key("sealing_policy"), request.sealing_policy),
    ]
