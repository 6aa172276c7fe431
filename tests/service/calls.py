"""Calls by hand: raw stubs on a served ledger's listeners, refusals taken apart, batches made without a recorder.

async with serving() as served:
    hand = await Hand.enrolled(served)
    request = hand.request(disclosure())
    refused = await refusal(hand.stub.SubmitBatch(request))
"""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from ledger.client.transport import OPTIONS, channel
from ledger.v1 import (
    admin_pb2_grpc,
    audit_pb2_grpc,
    disclosure_pb2,
    disclosure_pb2_grpc,
    log_pb2_grpc,
)
from ledger.v1.admin_pb2 import GetStatusRequest, GovernRequest
from ledger.v1.audit_pb2 import StreamSealedPayloadsRequest, SubmitReportRequest
from ledger.v1.disclosure_pb2 import (
    DepositSealedKeysRequest,
    GetHeadRequest,
    StreamOwnPayloadsRequest,
    SubmitBatchRequest,
)
from tests.served import Member, Served

PHONE: Final = "+12025550143"
"""A number from the range that is kept for fiction."""

PRIVATE: Final = (PHONE, "12025550143", "Example Police", "SEARCH_WARRANT", "SUBSCRIBER", "application/zip", "ab" * 32)
"""Values of ``private_disclosure`` that must be found nowhere outside a sealed payload."""

DETAILS: Final = (
    error_details_pb2.BadRequest,
    error_details_pb2.RetryInfo,
    disclosure_pb2.SourceHead,
    disclosure_pb2.AuditorMinimum,
    disclosure_pb2.PolicyInForce,
)
NOW: Final = 1_780_000_000.0
"""The clock of a ledger whose time stands still, in May 2026."""

ROLE_CALLS: Final[tuple[tuple[str, str, Any], ...]] = (
    ("disclosure", "SubmitBatch", SubmitBatchRequest()),
    ("disclosure", "GetHead", GetHeadRequest(source_id="alpha")),
    ("disclosure", "StreamOwnPayloads", StreamOwnPayloadsRequest(source_id="alpha", begin=0, end=1)),
    ("disclosure", "DepositSealedKeys", DepositSealedKeysRequest(source_id="alpha")),
    ("audit", "StreamSealedPayloads", StreamSealedPayloadsRequest(begin=0, end=1)),
    ("audit", "SubmitReport", SubmitReportRequest()),
    ("admin", "GetStatus", GetStatusRequest()),
    ("admin", "Govern", GovernRequest()),
)
"""Every call that needs a role, and the service whose role it needs."""

ROLE_OF: Final = {"disclosure": "source", "audit": "auditor", "admin": "admin"}

_STUBS: Final = {
    "log": log_pb2_grpc.LogServiceStub,
    "disclosure": disclosure_pb2_grpc.DisclosureServiceStub,
    "audit": audit_pb2_grpc.AuditServiceStub,
    "admin": admin_pb2_grpc.AdminServiceStub,
}


def stub(transport: grpc.aio.Channel, service: str) -> Any:
    """Return a stub of log, disclosure, audit or admin."""
    factory: Any = _STUBS[service]
    return factory(transport)


def public_channel(served: Served) -> grpc.aio.Channel:
    """Return a channel to the public listener, without a certificate."""
    authority = (served.directory / "certs" / "ca.crt").read_bytes()
    return channel(served.server.bound.public, authority)


def role_channel(served: Served, member: Member | None = None) -> grpc.aio.Channel:
    """Return a channel to the role listener under a member's certificate, if any, that sends as much as one likes."""
    authority = (served.directory / "certs" / "ca.crt").read_bytes()
    key = certificate = None
    if member is not None:
        folder = member.profile.directory
        key, certificate = (folder / "client.key").read_bytes(), (folder / "client.crt").read_bytes()
    credentials = grpc.ssl_channel_credentials(authority, key, certificate)
    unbounded = [("grpc.max_send_message_length", -1)]
    return grpc.aio.secure_channel(served.server.bound.role, credentials, options=unbounded)


def local_channel(served: Served) -> grpc.aio.Channel:
    """Return a channel to the admin's socket."""
    return grpc.aio.insecure_channel(f"unix:{served.server.bound.socket}", options=OPTIONS)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused call: its code, its message, and its details unpacked."""

    code: grpc.StatusCode
    message: str
    details: tuple[Message, ...]

    @property
    def violations(self) -> list[tuple[str, str]]:
        """Field and description of each violation in a BadRequest."""
        found = [item for item in self.details if isinstance(item, error_details_pb2.BadRequest)]
        return [(row.field, row.description) for item in found for row in item.field_violations]


async def refusal(call: Awaitable[Any]) -> Refusal:
    """Return how ``call`` was refused, once it is shown that the refusal holds no value of a record."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    error = caught.value
    status = rpc_status.from_call(error)
    packed = list(status.details) if status is not None else []
    details = []
    for item in packed:
        message = next(cls() for cls in DETAILS if item.Is(cls.DESCRIPTOR))
        assert item.Unpack(message)
        details.append(message)
    told = (error.details() or "").encode() + b"".join(item.value for item in packed)
    assert not [value for value in PRIVATE if value.encode() in told]
    return Refusal(error.code(), error.details() or "", tuple(details))


@asynccontextmanager
async def unchanged(served: Served) -> AsyncIterator[None]:
    """Show that what happens within leaves no byte of the store and nothing that is published different."""
    rows, view = served.rows(), served.server.sequencer.view
    yield
    assert served.server.sequencer.view is view
    assert served.rows() == rows
    assert served.server.sequencer.queued_bytes == 0


async def drained(call: Any) -> list[Any]:
    """Return everything that a stream yields."""
    return [item async for item in call]


async def answered(transport: grpc.aio.Channel, service: str, method: str, request: Any) -> Any:
    """Return the answer of a call, or all that a stream yields."""
    call = getattr(stub(transport, service), method)(request)
    return await drained(call) if method.startswith("Stream") else await call
