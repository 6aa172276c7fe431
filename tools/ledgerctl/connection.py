"""Calls to a running ledger's AdminService over its local socket."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc

from ledger.client.transport import channel, translate
from ledger.core import bodies, mirror
from ledger.core.errors import Unavailable
from ledger.core.statement import body_name
from ledger.service import config
from ledger.v1 import admin_pb2, admin_pb2_grpc, log_pb2, log_pb2_grpc


def status(directory: Path) -> admin_pb2.Status:
    """Return the running ledger's state; raise Unavailable when none runs."""
    found: admin_pb2.Status = _call(
        directory, lambda transport: _admin(transport).GetStatus(admin_pb2.GetStatusRequest())
    )
    return found


def policies(directory: Path) -> log_pb2.Policies:
    """Return the policy files behind the digests in the log."""
    ask = log_pb2.GetPoliciesRequest()
    found: log_pb2.Policies = _call(directory, lambda transport: _log(transport).GetPolicies(ask))
    return found


def govern(
    directory: Path, body: bodies.Governance, witness_policy: bytes = b"", sealing_policy: bytes = b""
) -> admin_pb2.GovernResponse:
    """Log ``body`` and return index and receipt; raise as AdminService says."""
    request = admin_pb2.GovernRequest(witness_policy=witness_policy, sealing_policy=sealing_policy)
    message = getattr(request, body_name(type(body)).lower())
    message.SetInParent()
    mirror.write(body, message)
    answer: admin_pb2.GovernResponse = _call(directory, lambda transport: _admin(transport).Govern(request))
    return answer


def _admin(transport: grpc.aio.Channel) -> Any:
    return admin_pb2_grpc.AdminServiceStub(transport)


def _log(transport: grpc.aio.Channel) -> Any:
    return log_pb2_grpc.LogServiceStub(transport)


def _call(directory: Path, call: Callable[[grpc.aio.Channel], Awaitable[Any]]) -> Any:
    settings = config.load(directory)
    socket = settings.path(settings.admin_socket)
    if not socket.exists():
        raise Unavailable(f"{socket}: no server is running there; start it with: ledger serve {directory}")

    async def run() -> Any:
        async with channel(f"unix:{socket}", None) as transport:
            with translate():
                return await call(transport)

    return asyncio.run(run())
