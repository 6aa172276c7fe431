"""AdminService as a client sees it, over a ledger's local socket or a role channel."""

from pathlib import Path
from types import TracebackType
from typing import Any

import grpc

from ledger.client.transport import channel, translate
from ledger.core import bodies, mirror
from ledger.core.statement import body_name
from ledger.v1 import admin_pb2, admin_pb2_grpc, log_pb2, log_pb2_grpc


class AdminClient:
    """Asks a running ledger how it is, and logs governance statements; an async context manager."""

    def __init__(self, transport: grpc.aio.Channel) -> None:
        self._channel = transport
        self._admin: Any = admin_pb2_grpc.AdminServiceStub(transport)
        self._log: Any = log_pb2_grpc.LogServiceStub(transport)

    @classmethod
    def local(cls, socket: Path) -> "AdminClient":
        """Return a client of the local socket at ``socket``."""
        return cls(channel(f"unix:{socket}", None))

    async def __aenter__(self) -> "AdminClient":
        return self

    async def __aexit__(
        self, cls: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._channel.close()

    async def status(self) -> admin_pb2.Status:
        """Return what a governance statement has to continue, and how the ledger is."""
        with translate():
            found: admin_pb2.Status = await self._admin.GetStatus(admin_pb2.GetStatusRequest())
        return found

    async def policies(self) -> log_pb2.Policies:
        """Return the policy files behind the digests in the log."""
        with translate():
            found: log_pb2.Policies = await self._log.GetPolicies(log_pb2.GetPoliciesRequest())
        return found

    async def cosigned_receipt(self, index: int) -> bytes:
        """Return the receipt of an entry under a cosigned checkpoint; raise Unavailable where no quorum comes."""
        request = log_pb2.GetReceiptRequest(index=log_pb2.EntryIndex(index=index), cosigned=True)
        with translate():
            found: log_pb2.Receipt = await self._log.GetReceipt(request)
        return found.tlog_proof

    async def govern(
        self, body: bodies.Governance, witness_policy: bytes = b"", sealing_policy: bytes = b""
    ) -> admin_pb2.GovernResponse:
        """Log ``body`` and return its index and receipt; raise as AdminService says."""
        request = admin_pb2.GovernRequest(witness_policy=witness_policy, sealing_policy=sealing_policy)
        message = getattr(request, body_name(type(body)).lower())
        message.SetInParent()
        mirror.write(body, message)
        with translate():
            answer: admin_pb2.GovernResponse = await self._admin.Govern(request)
        return answer
