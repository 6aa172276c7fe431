"""Channels, and gRPC status turned back into the ledger's errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2
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
RETRY_AFTER: Final = timedelta(seconds=0.25)
"""When to come back to a ledger that is busy and does not say when."""

DETAILS: Final[tuple[type[Message], ...]] = (
    disclosure_pb2.SourceHead,
    disclosure_pb2.AuditorMinimum,
    disclosure_pb2.PolicyInForce,
    error_details_pb2.BadRequest,
    error_details_pb2.RetryInfo,
)
"""The details of a status that this client reads."""


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
    detail = _detail(error)
    head = _head(detail) if isinstance(detail, disclosure_pb2.SourceHead) else None
    match error.code():
        case grpc.StatusCode.INVALID_ARGUMENT:
            if isinstance(detail, error_details_pb2.BadRequest) and detail.field_violations:
                violation = detail.field_violations[0]
                return errors.InvalidInput(violation.field, violation.description)
            return errors.InvalidInput("request", message)
        case grpc.StatusCode.ALREADY_EXISTS if head is not None:
            return errors.AlreadyLogged(message, head)
        case grpc.StatusCode.FAILED_PRECONDITION if head is not None and head.source_id:
            return errors.ChainBroken(message, head)
        case grpc.StatusCode.FAILED_PRECONDITION if head is not None:
            return errors.KeySuperseded(message, head.key_statement)
        case grpc.StatusCode.FAILED_PRECONDITION if isinstance(detail, disclosure_pb2.AuditorMinimum):
            return errors.TooFewAuditors(message, detail.minimum)
        case grpc.StatusCode.FAILED_PRECONDITION if isinstance(detail, disclosure_pb2.PolicyInForce):
            return errors.PolicySuperseded(message)
        case grpc.StatusCode.FAILED_PRECONDITION | grpc.StatusCode.ALREADY_EXISTS:
            return errors.Refused(message)
        case grpc.StatusCode.UNAUTHENTICATED:
            return errors.NotAuthenticated(message)
        case grpc.StatusCode.PERMISSION_DENIED:
            return errors.NotPermitted(message)
        case grpc.StatusCode.OUT_OF_RANGE:
            return errors.BeyondTree(message)
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            wait = detail.retry_delay.ToTimedelta() if isinstance(detail, error_details_pb2.RetryInfo) else RETRY_AFTER
            return errors.Busy(message, wait.total_seconds())
        case grpc.StatusCode.DATA_LOSS:
            return errors.StoreDamaged(message)
        case _:
            return errors.Unavailable(message)


def _detail(error: grpc.aio.AioRpcError) -> Message | None:
    """Return the first detail that says what to do; none where the status contradicts itself or does not parse."""
    try:
        status = rpc_status.from_call(error)
    except (ValueError, DecodeError):
        return None
    for packed in status.details if status is not None else ():
        for cls in DETAILS:
            detail = cls()
            if packed.Is(cls.DESCRIPTOR) and packed.Unpack(detail):
                return detail
    return None


def _head(head: disclosure_pb2.SourceHead) -> errors.Head:
    return errors.Head(
        head.source_id, head.next_sequence, Hash(head.previous), head.recorded_at, Hash(head.key_statement)
    )
