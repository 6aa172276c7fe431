"""One table leads from errors to gRPC status: what is not in it is INTERNAL without a word, and no value gets out."""

import io
import json
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
import structlog
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import BadRequest, RetryInfo

from ledger.core import errors
from ledger.core.errors import Head, LedgerError
from ledger.host.lines import set_up
from ledger.service.errors import CODES, status_of
from ledger.v1.disclosure_pb2 import AuditorMinimum, GetHeadRequest, PolicyInForce, SourceHead
from ledger.v1.log_pb2 import GetCheckpointRequest, StreamEntriesRequest
from tests.served import serving
from tests.service.calls import PHONE, PRIVATE, drained, public_channel, refusal, stub, unchanged
from tests.service.hand import Hand, private_disclosure

HEAD = Head("alpha", 7, b"p" * 32, 9, b"k" * 32)
WIRE_HEAD = SourceHead(source_id="alpha", next_sequence=7, previous=b"p" * 32, recorded_at=9, key_statement=b"k" * 32)


def bad(field: str, description: str) -> BadRequest:
    """Return a BadRequest with one violation."""
    return BadRequest(field_violations=[BadRequest.FieldViolation(field=field, description=description)])


TABLE: list[tuple[LedgerError, str, list[Any]]] = [
    (errors.InvalidInput("shred", "must be 32 bytes"), "INVALID_ARGUMENT", [bad("shred", "must be 32 bytes")]),
    (errors.VerificationFailed("approvals: by a stranger"), "INVALID_ARGUMENT", [bad("approvals", "by a stranger")]),
    (errors.TwoHistories("checkpoint: forked", b""), "INVALID_ARGUMENT", [bad("checkpoint", "forked")]),
    (errors.Uncheckable("suite: only 1: is known"), "INVALID_ARGUMENT", [bad("suite", "only 1: is known")]),
    (errors.Refused("number: another is next"), "FAILED_PRECONDITION", []),
    (errors.WrongLog("log_id: another log's"), "FAILED_PRECONDITION", []),
    (errors.UnknownSource("source_id: revoked"), "FAILED_PRECONDITION", []),
    (errors.PolicySuperseded("openings: old"), "FAILED_PRECONDITION", [PolicyInForce()]),
    (errors.KeySuperseded("key: old", b"c" * 32), "FAILED_PRECONDITION", [SourceHead(key_statement=b"c" * 32)]),
    (errors.ChainBroken("sequence: a gap", HEAD), "FAILED_PRECONDITION", [WIRE_HEAD]),
    (errors.AlreadyLogged("sequence: used", HEAD), "ALREADY_EXISTS", [WIRE_HEAD]),
    (errors.TooFewAuditors("boxes: two", 2), "FAILED_PRECONDITION", [AuditorMinimum(minimum=2)]),
    (errors.Contradicted("witness: a larger tree", 9), "FAILED_PRECONDITION", []),
    (errors.NotAuthenticated("seal: forged"), "UNAUTHENTICATED", []),
    (errors.NotPermitted("role: another"), "PERMISSION_DENIED", []),
    (errors.BeyondTree("index: past"), "OUT_OF_RANGE", []),
    (errors.Unavailable("stopping"), "UNAVAILABLE", []),
    (errors.NotStored("journal: full"), "UNAVAILABLE", []),
    (errors.StoreDamaged("tile: missing"), "DATA_LOSS", []),
]
"""Errors that a caller is told, the status of each, and its details."""

UNTOLD: list[BaseException] = [
    errors.StoreBehind(PHONE),
    errors.Locked(PHONE),
    errors.ConfigInvalid([PHONE]),
    errors.GateShut(PHONE),
    errors.Unresolved(PHONE),
    LedgerError(PHONE),
    ValueError(PHONE),
    KeyError(PHONE),
    MemoryError(),
]
"""Errors that concern the operator, and those that nobody expected."""


def every_error(cls: type[LedgerError] = LedgerError) -> Iterator[type[LedgerError]]:
    """Yield every error class of the ledger."""
    yield cls
    for child in cls.__subclasses__():
        yield from every_error(child)


@pytest.mark.parametrize(("error", "code", "details"), TABLE, ids=lambda value: type(value).__name__)
def test_an_error_that_is_told_has_code_words_and_details(error: LedgerError, code: str, details: list[Any]) -> None:
    """Each error of the table has one status, its message as it is, and the details that say what to do."""
    status = status_of(error)
    assert (status.code, status.message) == (code_pb2.Code.Value(code), str(error))
    assert len(status.details) == len(details)
    for packed, expected in zip(status.details, details, strict=True):
        found = type(expected)()
        assert packed.Unpack(found)
        assert found == expected


def test_a_busy_ledger_says_when_to_come_back() -> None:
    """The time to retry after travels to the nanosecond."""
    (packed,) = status_of(errors.Busy("queue: full", 1.25)).details
    retry = RetryInfo()
    assert packed.Unpack(retry)
    assert (retry.retry_delay.seconds, retry.retry_delay.nanos) == (1, 250_000_000)


@pytest.mark.parametrize("error", UNTOLD, ids=lambda error: type(error).__name__)
def test_an_error_that_is_not_told_is_internal_without_a_word(error: BaseException) -> None:
    """What is not in the table is INTERNAL, and nothing of its message leaves."""
    status = status_of(error)
    assert (status.code, status.message, len(status.details)) == (code_pb2.INTERNAL, "internal error", 0)


def test_every_error_of_the_ledger_stands_in_one_of_both() -> None:
    """No error class is forgotten: each is told with its status, or is the operator's alone."""
    told = {type(error) for error, _, _ in TABLE} | {errors.Busy}
    untold = {type(error) for error in UNTOLD if isinstance(error, LedgerError)}
    assert told | untold == {cls for cls in every_error() if cls.__module__ == errors.__name__}
    assert not told & untold
    assert set(CODES) <= told


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """The ledger's log at its most talkative."""
    stream = io.StringIO()
    set_up("debug", stream)
    yield stream
    structlog.reset_defaults()


async def test_what_nobody_expected_is_logged_by_its_type_alone(
    lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception inside a call or a stream is INTERNAL to the caller, and its type and place to the operator."""
    async with serving(metrics_listen="") as served:

        def broken(*_: object) -> Any:
            raise ValueError(PHONE)

        hand = await Hand.enrolled(served)
        monkeypatch.setattr("ledger.service.convert.head", broken)
        monkeypatch.setattr("ledger.service.convert.entry_chunk", broken)
        async with hand.channel() as transport, unchanged(served):
            one = await refusal(stub(transport, "disclosure").GetHead(GetHeadRequest(source_id="alpha")))
            many = await refusal(drained(stub(transport, "log").StreamEntries(StreamEntriesRequest(end=1))))
        for answer in (one, many):
            assert (answer.code, answer.message) == (grpc.StatusCode.INTERNAL, "internal error")
            assert answer.details == ()
    logged = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [(row["event"], row["method"], row["type"]) for row in logged] == [
        ("internal error", "GetHead", "ValueError"),
        ("internal error", "StreamEntries", "ValueError"),
    ]
    assert all(row["where"].startswith("broken:") for row in logged)
    assert PHONE not in lines.getvalue()


async def test_a_run_at_debug_level_logs_nothing_of_a_record(
    lines: io.StringIO, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Batches logged, refused and read leave no value of a record in the log, the streams or the store."""
    with caplog.at_level("DEBUG"):
        async with serving(metrics_listen="", log_level="debug") as served:
            hand = await Hand.enrolled(served)
            async with hand.channel() as transport, public_channel(served) as public:
                service, request = stub(transport, "disclosure"), hand.request(private_disclosure())
                await service.SubmitBatch(request)
                other = hand.request(private_disclosure())
                assert (await refusal(service.SubmitBatch(other))).code is grpc.StatusCode.ALREADY_EXISTS
                other.attachments[0].keys[0].salt = bytes(16)
                assert (await refusal(service.SubmitBatch(other))).code is grpc.StatusCode.INVALID_ARGUMENT
                await stub(public, "log").GetCheckpoint(GetCheckpointRequest())
            await served.stop()
            stored = b"".join(key + value for key, value in served.stored().items())
            files = b"".join(path.read_bytes() for path in served.directory.rglob("*") if path.is_file())
            await served.start()
    out, err = capfd.readouterr()
    told = (lines.getvalue() + caplog.text + out + err).encode() + stored + files
    assert not [value for value in PRIVATE if value.encode() in told]
