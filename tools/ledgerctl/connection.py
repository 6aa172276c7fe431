"""Calls to a running ledger over its local socket."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from ledger.client.admin import AdminClient
from ledger.client.reads import LogClient, Pins
from ledger.client.transport import channel
from ledger.core import bodies
from ledger.core.encoding import check_hash
from ledger.core.errors import Unavailable
from ledger.core.note import VKey
from ledger.service import config
from ledger.v1 import admin_pb2, log_pb2

Answer = TypeVar("Answer")


def status(directory: Path) -> admin_pb2.Status:
    """Return the running ledger's state; raise Unavailable when none runs."""
    return _call(directory, lambda admin: admin.status())


def policies(directory: Path) -> log_pb2.Policies:
    """Return the policy files behind the digests in the log."""
    return _call(directory, lambda admin: admin.policies())


def govern(
    directory: Path, body: bodies.Governance, witness_policy: bytes = b"", sealing_policy: bytes = b""
) -> admin_pb2.GovernResponse:
    """Log ``body`` and return index and receipt; raise as AdminService says."""
    return _call(directory, lambda admin: admin.govern(body, witness_policy, sealing_policy))


def cosigned_receipt(directory: Path, index: int) -> bytes:
    """Return the receipt of an entry under the witnesses' quorum; raise Unavailable where none comes."""
    return _call(directory, lambda admin: admin.cosigned_receipt(index))


def reading(directory: Path, call: Callable[[LogClient], Awaitable[Answer]]) -> Answer:
    """Return what ``call`` reads, verified, from the running ledger's log."""
    found = status(directory)
    pins = Pins(found.origin, VKey.parse(found.vkey), check_hash(found.log_id, "log_id"))

    async def run() -> Answer:
        async with channel(f"unix:{_socket(directory)}", None) as transport:
            return await call(LogClient(transport, pins))

    return asyncio.run(run())


def _call(directory: Path, call: Callable[[AdminClient], Awaitable[Answer]]) -> Answer:
    async def run() -> Answer:
        async with AdminClient.local(_socket(directory)) as admin:
            return await call(admin)

    return asyncio.run(run())


def _socket(directory: Path) -> Path:
    """Return the running ledger's local socket; raise Unavailable when there is none."""
    settings = config.load(directory)
    socket = settings.path(settings.admin_socket)
    if not socket.exists():
        raise Unavailable(f"{socket}: no server is running there; start it with: ledger serve {directory}")
    return socket
