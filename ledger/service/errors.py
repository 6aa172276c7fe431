"""The one table from errors to gRPC status; whatever is not in it is INTERNAL without detail."""

from typing import Final

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2

from ledger.core import errors
from ledger.service import convert
from ledger.v1 import disclosure_pb2

CODES: Final[dict[type[errors.LedgerError], grpc.StatusCode]] = {
    errors.AlreadyLogged: grpc.StatusCode.ALREADY_EXISTS,
    errors.InvalidInput: grpc.StatusCode.INVALID_ARGUMENT,
    errors.VerificationFailed: grpc.StatusCode.INVALID_ARGUMENT,
    errors.Uncheckable: grpc.StatusCode.INVALID_ARGUMENT,
    errors.Refused: grpc.StatusCode.FAILED_PRECONDITION,
    errors.NotAuthenticated: grpc.StatusCode.UNAUTHENTICATED,
    errors.NotPermitted: grpc.StatusCode.PERMISSION_DENIED,
    errors.BeyondTree: grpc.StatusCode.OUT_OF_RANGE,
    errors.Busy: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.Unavailable: grpc.StatusCode.UNAVAILABLE,
    errors.StoreDamaged: grpc.StatusCode.DATA_LOSS,
}

_NUMBERS: Final = {code: code_pb2.Code.Value(code.name) for code in grpc.StatusCode}


def status_of(error: BaseException) -> status_pb2.Status:
    """Return the status of an error: its code, its message, and the details that say what to do."""
    for cls in type(error).__mro__:
        code = CODES.get(cls)
        if code is not None:
            details = [_packed(item) for item in _details(error)]
            return status_pb2.Status(code=_NUMBERS[code], message=str(error), details=details)
    return status_pb2.Status(code=code_pb2.INTERNAL, message="internal error")


def _details(error: BaseException) -> list[Message]:
    match error:
        case errors.InvalidInput() | errors.VerificationFailed() | errors.Uncheckable():
            field, _, description = str(error).partition(": ")  # every message begins with what it is about
            violation = error_details_pb2.BadRequest.FieldViolation(field=field, description=description)
            return [error_details_pb2.BadRequest(field_violations=[violation])]
        case errors.ChainBroken() | errors.AlreadyLogged():
            return [convert.error_head(error.head)]
        case errors.KeySuperseded():
            return [disclosure_pb2.SourceHead(key_statement=error.current)]
        case errors.PolicySuperseded():
            return [disclosure_pb2.PolicyInForce()]
        case errors.TooFewAuditors():
            return [disclosure_pb2.AuditorMinimum(minimum=error.minimum)]
        case errors.Busy():
            delay = Duration()
            delay.FromNanoseconds(int(error.retry_after * 1e9))
            return [error_details_pb2.RetryInfo(retry_delay=delay)]
        case _:
            return []


def _packed(message: Message) -> Any:
    packed = Any()
    packed.Pack(message)
    return packed
