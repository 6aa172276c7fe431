"""SubmitBatch refuses bytes that break a rule: INVALID_ARGUMENT, naming field and bound, and nothing is written."""

from collections.abc import Callable
from typing import Any, Final

import grpc
import pytest

from ledger.service.server import MAX_MESSAGE
from ledger.v1.disclosure_pb2 import SubmitBatchRequest
from tests.service.calls import refusal, role_channel, stub, unchanged
from tests.service.hand import Hand, malformed, private_disclosure

pytestmark = pytest.mark.asyncio(loop_scope="module")

Change = Callable[[SubmitBatchRequest], object]

EXTENSION: Final = b"\x2a\x02\x08\x07"
"""Statement.ext of type 7."""


def first(data: Callable[[bytes], bytes]) -> Change:
    """Change the first statement's bytes."""

    def change(request: SubmitBatchRequest) -> None:
        request.statements[0] = data(request.statements[0])

    return change


def splice(data: bytes, number: int, insert: bytes) -> bytes:
    """Put ``insert`` before the field ``number`` (a body, two bytes of tag) of a statement."""
    at = data.index(bytes((number << 3 & 0x7F | 0x82, number >> 4)))
    return data[:at] + insert + data[at:]


@pytest.mark.parametrize(
    ("change", "field", "bound"),
    [
        pytest.param(
            lambda r: r.ClearField("statements"), "batch", "must have 1 to 1024 statements", id="no statement"
        ),
        pytest.param(
            lambda r: r.statements.extend([b"x"] * 1023), "statements", "must be 1 to 1024", id="1,025 statements"
        ),
        pytest.param(first(lambda _: b""), "statement", "must be 1 to 16384 bytes", id="an empty statement"),
        pytest.param(
            first(lambda data: data.ljust(16_385, b"\0")),
            "statement",
            "must be 1 to 16384 bytes",
            id="16 KiB and a byte",
        ),
        pytest.param(first(lambda _: b"\xff" * 9), "statement", "does not parse", id="an unparsable statement"),
        pytest.param(first(lambda data: data[:-1]), "statement", "does not parse", id="a truncated statement"),
        pytest.param(
            first(lambda data: data + b"\x48\x01"), "statement", "is not in canonical form", id="an unknown field"
        ),
        pytest.param(
            first(lambda data: b"\x08\x01" + data), "statement", "is not in canonical form", id="a doubled field"
        ),
        pytest.param(
            first(lambda data: b"\x08\x81\x00" + data[2:]),
            "statement",
            "is not in canonical form",
            id="a number spelt longer than it needs",
        ),
        pytest.param(
            first(lambda data: b"\x08\x02" + data[2:]), "statement", "this version is not known", id="version 2"
        ),
        pytest.param(
            first(lambda data: data + b"\xe2\x03\x00"), "statement", "this body is not known", id="an unknown body"
        ),
        pytest.param(
            first(lambda data: splice(data, 33, EXTENSION)),
            "statement",
            "this extension is not known",
            id="an unknown extension",
        ),
        pytest.param(first(lambda data: b"\x08\x01\x12\x05alpha"), "body", "missing", id="a statement without a body"),
    ],
)
async def test_a_statement_that_breaks_a_rule_is_refused(source: Hand, change: Change, field: str, bound: str) -> None:
    """A statement that is oversized, empty, unparsable, not canonical or unknown is refused by name and bound."""
    found, description = await malformed(source, change)
    assert found == field
    assert bound in description


@pytest.mark.parametrize(
    ("service", "method"), [("DisclosureService", "SubmitBatch"), ("DisclosureService", "StreamOwnPayloads")]
)
async def test_a_request_that_is_no_message_is_refused(
    source: Hand, service: str, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Bytes that are no request at all are refused like any other, and leave no traceback in the log."""
    async with source.channel() as transport, unchanged(source.served):
        call: Any = transport.unary_unary(f"/ledger.v1.{service}/{method}")
        answer = await refusal(call(b"\xff" * 64))
    assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
    assert answer.violations == [("request", "does not parse")]
    assert not caplog.records


async def test_a_message_past_six_mebibytes_is_refused(source: Hand) -> None:
    """A message of more than 6 MiB is refused before it is read, and one of nearly that is not."""
    request = source.request(private_disclosure())
    request.attachments[0].payload = bytes(MAX_MESSAGE)
    async with role_channel(source.served, source.member) as transport, unchanged(source.served):
        answer = await refusal(stub(transport, "disclosure").SubmitBatch(request))
        request.attachments[0].payload = bytes(MAX_MESSAGE - 4096)
        read = await refusal(stub(transport, "disclosure").SubmitBatch(request))
    assert answer.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert not answer.details
    assert read.violations == [("batch", "statements and payloads must be at most 4194304 bytes in all")]
