"""What every servicer shares: who calls, what may be told, and how errors leave."""

import functools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, NoReturn

import grpc
import structlog
from google.protobuf.message import DecodeError
from google.rpc import code_pb2
from grpc_status import rpc_status

from ledger.core.errors import InvalidInput, LedgerError, NotAuthenticated, NotPermitted
from ledger.service.authorise import Identity
from ledger.service.errors import status_of

log: Final = structlog.get_logger("ledger")

OK: Final = code_pb2.OK
CANCELLED: Final = code_pb2.CANCELLED
"""What a call ended with that neither answered nor failed: its caller went away."""

Identify = Callable[[grpc.aio.ServicerContext[Any, Any]], Identity]
"""Names the caller of a call; raises NotAuthenticated for an expired certificate."""


def require(identity: Identity, role: str, name: str | None = None) -> Identity:
    """Return ``identity`` if it has ``role`` (and is ``name``).

    Raises:
        NotAuthenticated: no role certificate was shown.
        NotPermitted: another role, or another name.
    """
    if identity.role == "public":
        raise NotAuthenticated("this call needs a client certificate: use the role listener")
    if identity.role != role:
        raise NotPermitted(f"this call is for the role {role}")
    if name is not None and identity.name != name:
        raise NotPermitted("source_id: not the one the certificate is bound to")
    return identity


async def refuse(context: grpc.aio.ServicerContext[Any, Any], error: BaseException, method: str) -> NoReturn:
    """End the call with the status of ``error``; what nobody expected is logged by type, never by value."""
    status = status_of(error)
    if not isinstance(error, LedgerError):
        frame = error.__traceback__
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        where = f"{frame.tb_frame.f_code.co_name}:{frame.tb_lineno}" if frame is not None else ""
        log.error("internal error", method=method, type=type(error).__name__, where=where)
    await context.abort_with_status(rpc_status.to_status(status))
    raise AssertionError


UNPARSED: Final = frozenset({"/ledger.v1.DisclosureService/SubmitBatch"})
"""Methods that take their request as it came: it is parsed elsewhere."""


class Registering:
    """Stands for ``server`` where services are added, once and for all calls, instead of an interceptor for each.

    A request that does not parse reaches its method as None: gRPC would answer with a traceback.
    """

    def __init__(self, server: grpc.aio.Server) -> None:
        self._server = server

    def add_generic_rpc_handlers(self, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        """Add none: whatever is generic is registered by name as well."""

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        """Add the methods of ``service`` with deserializers that do not raise."""
        attempting = {name: _attempting(f"/{service}/{name}", handler) for name, handler in handlers.items()}
        self._server.add_registered_method_handlers(service, attempting)


def _attempting(method: str, handler: Any) -> Any:
    if method in UNPARSED:
        return handler._replace(request_deserializer=None)
    deserialize = handler.request_deserializer

    def attempt(data: bytes) -> Any:
        try:
            return deserialize(data)
        except DecodeError:
            return None

    return handler._replace(request_deserializer=attempt)


def parsed(request: Any) -> Any:
    """Return ``request``; raise InvalidInput where it was found to be no message."""
    if request is None:
        raise InvalidInput("request", "does not parse")
    return request


def unary(method: Callable[[Any, Any, Any], Awaitable[Any]]) -> Callable[[Any, Any, Any], Awaitable[Any]]:
    """Turn a method's errors into status."""

    @functools.wraps(method)
    async def call(self: Any, request: Any, context: Any) -> Any:
        started, code = time.perf_counter(), CANCELLED
        try:
            answer = await method(self, parsed(request), context)
        except Exception as error:
            code = status_of(error).code
            await refuse(context, error, method.__name__)
        else:
            code = OK
            return answer
        finally:
            self.metrics.called(method.__name__, code, time.perf_counter() - started)

    return call


def stream(
    method: Callable[[Any, Any, Any], AsyncIterator[Any]],
) -> Callable[[Any, Any, Any], AsyncIterator[Any]]:
    """Turn a streaming method's errors into status."""

    @functools.wraps(method)
    async def call(self: Any, request: Any, context: Any) -> AsyncIterator[Any]:
        started, code = time.perf_counter(), CANCELLED
        try:
            async for item in method(self, parsed(request), context):
                yield item
            code = OK
        except Exception as error:
            code = status_of(error).code
            await refuse(context, error, method.__name__)
        finally:
            self.metrics.called(method.__name__, code, time.perf_counter() - started)

    return call
