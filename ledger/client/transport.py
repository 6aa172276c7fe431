"""Channels, and gRPC status turned back into the ledger's errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import grpc
from grpc_status import rpc_status

from ledger.core import errors
from ledger.core.encoding import Hash
from ledger.v1 import disclosure_pb2

MAX_MESSAGE: Final = 6 * 1024 * 1024
OPTIONS: Final = [
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.max_send_message_length", MAX_MESSAGE),
    ("grpc.keepalive_time_ms", 30_000),
]


def channel(
    address: str, ca: bytes | None, certificate: bytes | None = None, key: bytes | None = None
) -> grpc.aio.Channel:
    """Return a channel: TLS under ``ca``, mutual with a certificate, plaintext only for a local socket or no ``ca``."""
    if ca is None:
        return grpc.aio.insecure_channel(address, options=OPTIONS)
    credentials = grpc.ssl_channel_credentials(ca, key, certificate)
    return grpc.aio.secure_channel(address, credentials, options=OPTIONS)


@contextmanager
def translate() -> Iterator[None]:
    """Raise a call's failure as the ledger's own error."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise _error(error) from None


def _error(error: grpc.aio.AioRpcError) -> errors.LedgerError:
    message = error.details() or error.code().name
    head = _head(error)
    match error.code():
        case grpc.StatusCode.INVALID_ARGUMENT:
            return errors.InvalidInput("request", message)
        case grpc.StatusCode.ALREADY_EXISTS if head is not None:
            return errors.AlreadyLogged(message, head)
        case grpc.StatusCode.FAILED_PRECONDITION if head is not None and head.source_id:
            return errors.ChainBroken(message, head)
        case grpc.StatusCode.FAILED_PRECONDITION if head is not None:
            return errors.KeySuperseded(message, head.key_statement)
        case grpc.StatusCode.FAILED_PRECONDITION:
            return errors.Refused(message)
        case grpc.StatusCode.UNAUTHENTICATED:
            return errors.NotAuthenticated(message)
        case grpc.StatusCode.PERMISSION_DENIED:
            return errors.NotPermitted(message)
        case grpc.StatusCode.OUT_OF_RANGE:
            return errors.BeyondTree(message)
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return errors.Busy(message, 0.25)
        case _:
            return errors.Unavailable(message)


def _head(error: grpc.aio.AioRpcError) -> errors.Head | None:
    status = rpc_status.from_call(error)
    for detail in status.details if status is not None else ():
        head = disclosure_pb2.SourceHead()
        if detail.Unpack(head):
            return errors.Head(
                head.source_id,
                head.next_sequence,
                Hash(head.previous),
                head.recorded_at,
                Hash(head.key_statement),
            )
    return None
