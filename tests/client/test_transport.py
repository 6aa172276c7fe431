"""A status turns back into the error it was made from, and what nobody knows is Unavailable."""

from typing import Any

import grpc
import pytest
from google.rpc import code_pb2, status_pb2
from grpc.aio import AioRpcError, Metadata

from ledger.client.transport import RETRY_AFTER, channel, translate
from ledger.core import errors
from ledger.core.errors import Head
from ledger.service.errors import CODES, status_of
from ledger.v1 import log_pb2, log_pb2_grpc
from tests.client.lying import lying
from tests.core.world import World

HEAD = Head("alpha", 7, b"\x01" * 32, 29_400_000, b"\x02" * 32)
DETAILS = "grpc-status-details-bin"


def failure(status: status_pb2.Status, details: bytes | None = None) -> AioRpcError:
    """Return the call's failure that ``status`` arrives as; ``details`` in place of the status itself."""
    code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
    blob = status.SerializeToString() if details is None else details
    return AioRpcError(code, Metadata(), Metadata((DETAILS, blob)), status.message)


def translated(error: AioRpcError) -> errors.LedgerError:
    """Return what ``translate`` raises for ``error``."""
    with pytest.raises(errors.LedgerError) as raised, translate():
        raise error
    return raised.value


ERRORS: list[errors.LedgerError] = [
    errors.InvalidInput("payload", "must be smaller"),
    errors.Refused("state forbids it"),
    errors.KeySuperseded("key_statement: not current", b"\x03" * 32),
    errors.ChainBroken("sequence: a gap", HEAD),
    errors.AlreadyLogged("sequence: other bytes stand there", HEAD),
    errors.TooFewAuditors("sealed_keys: too few", 3),
    errors.NotAuthenticated("certificate: expired"),
    errors.NotPermitted("this call is for the role source"),
    errors.BeyondTree("index: past the tree"),
    errors.Busy("queue: full", 1.5),
    errors.Unavailable("the ledger is stopping"),
    errors.StoreDamaged("store: a row is missing"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_comes_back_as_what_it_was(error: errors.LedgerError) -> None:
    """Class, message and what it carries survive the way over the wire."""
    found = translated(failure(status_of(error)))
    assert type(found) is type(error)
    assert str(found) == str(error)
    for carried in ("field", "head", "current", "minimum", "retry_after"):
        assert getattr(found, carried, None) == getattr(error, carried, None)


def test_every_code_that_the_ledger_uses_is_covered() -> None:
    """The table above holds an error for each status code that the service's table gives."""
    assert {status_of(error).code for error in ERRORS} == {code.value[0] for code in CODES.values()}


PLAIN: dict[str, tuple[str, type[errors.LedgerError]]] = {
    "evidence that does not hold": ("INVALID_ARGUMENT", errors.InvalidInput),
    "a used sequence without a head": ("ALREADY_EXISTS", errors.Refused),
    "a busy ledger that names no time": ("RESOURCE_EXHAUSTED", errors.Busy),
    "a deadline": ("DEADLINE_EXCEEDED", errors.Unavailable),
    "a cancelled call": ("CANCELLED", errors.Unavailable),
    "an internal error": ("INTERNAL", errors.Unavailable),
    "an unknown error": ("UNKNOWN", errors.Unavailable),
    "another service": ("UNIMPLEMENTED", errors.Unavailable),
}


@pytest.mark.parametrize(("code", "cls"), PLAIN.values(), ids=PLAIN)
def test_a_status_without_details_is_read_by_its_code(code: str, cls: type[errors.LedgerError]) -> None:
    """Without a message the code's name stands in."""
    found = translated(AioRpcError(grpc.StatusCode[code], Metadata(), Metadata()))
    assert type(found) is cls
    assert str(found).removeprefix("request: ") == code
    assert getattr(found, "retry_after", 0.25) == RETRY_AFTER.total_seconds()


MISMATCHED: dict[str, Any] = {
    "bytes that are no status": b"\xff\xff\xff",
    "another code": status_pb2.Status(code=code_pb2.INTERNAL, message="gone").SerializeToString(),
    "another message": status_pb2.Status(code=code_pb2.UNAVAILABLE, message="other").SerializeToString(),
}


@pytest.mark.parametrize("details", MISMATCHED.values(), ids=MISMATCHED)
def test_details_that_contradict_the_status_are_left_out(details: bytes) -> None:
    """A malformed detail never turns into another exception than the ledger's."""
    found = translated(failure(status_pb2.Status(code=code_pb2.UNAVAILABLE, message="gone"), details))
    assert type(found) is errors.Unavailable
    assert str(found) == "gone"


def test_details_of_another_kind_are_passed_over() -> None:
    """What a later ledger may add does not hide what is known."""
    status = status_of(errors.AlreadyLogged("used", HEAD))
    status.details.add(type_url="type.googleapis.com/elsewhere.Detail", value=b"\xff")
    status.details.reverse()
    found = translated(failure(status))
    assert isinstance(found, errors.AlreadyLogged)
    assert found.head == HEAD


def test_other_exceptions_pass_through() -> None:
    """Only a call's failure is translated."""
    with pytest.raises(ZeroDivisionError), translate():
        raise ZeroDivisionError


async def test_a_channel_needs_an_authority_for_tls() -> None:
    """Without one the channel is plaintext, for local sockets; with one it is TLS, which a plain server fails."""
    async with lying(World.open()) as ledger:
        async with channel(ledger.address, None) as plain:
            await plain.channel_ready()
        async with channel(ledger.address, b"") as secure:
            with pytest.raises(AioRpcError) as refused:
                await log_pb2_grpc.LogServiceStub(secure).GetCheckpoint(log_pb2.GetCheckpointRequest())
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
