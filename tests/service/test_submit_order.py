"""SubmitBatch refuses a well-formed batch that its time, its rules or the state of the log forbid."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import grpc
import pytest

from ledger.core import bodies
from ledger.core.encoding import Hash, sha256
from ledger.core.statement import Statement
from ledger.v1.disclosure_pb2 import SubmitBatchRequest
from tests.core.world import secret
from tests.service.calls import refusal, stub, unchanged
from tests.service.hand import Hand, malformed, private_disclosure

pytestmark = pytest.mark.asyncio(loop_scope="module")


def body(**changes: Any) -> Callable[[Statement], Statement]:
    """Change the body of a DISCLOSURE."""

    def change(statement: Statement) -> Statement:
        assert isinstance(statement.body, bodies.Disclosure)
        return replace(statement, body=replace(statement.body, **changes))

    return change


def later(minutes: tuple[int, int]) -> Callable[[Statement], Statement]:
    """Date the statements of sequences 0 and 1 so many minutes later."""
    return lambda statement: replace(statement, recorded_at=statement.recorded_at + minutes[statement.sequence])


def second(**changes: Any) -> Callable[[Statement], Statement]:
    """Change the statement of sequence 1."""
    return lambda statement: replace(statement, **changes) if statement.sequence else statement


HASH = sha256(b"anything")
TARGET = bodies.Target(0, HASH)
CORRECTION = bodies.Correction(TARGET, HASH, HASH, HASH, 4, HASH)


@pytest.mark.parametrize(
    ("change", "field", "bound"),
    [
        pytest.param(later((0, 6)), "recorded_at", "at most 5 minutes ahead of the ledger's clock", id="ahead"),
        pytest.param(later((2, 1)), "recorded_at", "must not decrease within the batch", id="decreasing"),
        pytest.param(
            second(recorded_at=4_223_371_680), "recorded_at", "must be at most 4223371679", id="past the year 9999"
        ),
        pytest.param(second(sequence=2), "sequence", "must go up by one within the batch", id="a gap within"),
        pytest.param(second(sequence=0), "sequence", "must go up by one within the batch", id="a sequence twice"),
        pytest.param(second(source_id="beta"), "source_id", "differs within the batch", id="two sources"),
        pytest.param(second(source_id="Beta!"), "source_id", "must be 1 to 63 characters", id="no source id"),
        pytest.param(second(source_id="ledger"), "body", "never mix", id="a disclosure of the ledger"),
        pytest.param(body(key_class=5), "key_class", "must be one of 4, 16, 64, 256", id="an unknown key class"),
        pytest.param(body(key_class=16), "key_class", "not the smallest class", id="another key class"),
        pytest.param(
            body(embargo=bodies.Embargo(0)), "embargo.until", "must be 1 to 36 months after", id="an embargo long over"
        ),
        pytest.param(body(embargo=bodies.Embargo(680)), "keys", "not under an embargo", id="an embargo, and the keys"),
        pytest.param(body(part=bodies.Part(0, 2)), "part", "parts go up from 0", id="the first part twice"),
        pytest.param(second(body=CORRECTION), "payload_digest", "not match the payload", id="another's attachment"),
    ],
)
async def test_a_batch_that_breaks_a_rule_is_refused(
    source: Hand, change: Callable[[Statement], Statement], field: str, bound: str
) -> None:
    """A sealed batch whose times, sequences, sources or bodies break a rule is refused by name and bound."""

    def resealed(request: SubmitBatchRequest) -> None:
        request.CopyFrom(source.resealed(request, change))

    found, description = await malformed(source, resealed)
    assert found == field
    assert bound in description


@pytest.mark.parametrize(("seal", "words"), [(0, "missing on the last"), (1, "only the last statement")])
async def test_only_the_last_statement_has_a_seal(source: Hand, seal: int, words: str) -> None:
    """A batch without a seal, or with one before its end, is refused."""

    def change(request: SubmitBatchRequest) -> None:
        alone = source.request(private_disclosure()).statements[0]
        plain = request.statements[0]
        del request.statements[:]
        request.statements.extend([plain] if not seal else [alone, plain])

    field, description = await malformed(source, change)
    assert field == "seal"
    assert words in description


REFUSED = grpc.StatusCode.FAILED_PRECONDITION


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("log_id", "log_id: another log's"),
        ("key_statement", "key_statement: not the source's current one"),
        ("previous", "previous: does not follow the source's latest batch"),
    ],
)
async def test_a_batch_bound_to_something_else_is_refused(source: Hand, field: str, message: str) -> None:
    """A batch sealed for another log, key or predecessor is refused, with the current key or the head."""
    request = source.request(private_disclosure())
    setattr(request, field, sha256(b"another"))
    request = source.resealed(request)
    async with source.channel() as transport, unchanged(source.served):
        answer = await refusal(stub(transport, "disclosure").SubmitBatch(request))
    assert (answer.code, answer.message) == (REFUSED, message)
    if field == "log_id":
        assert answer.details == ()
        return
    (head,) = answer.details
    assert isinstance(head, type(source.head()))
    assert head.key_statement == source.key_statement
    assert head == source.head() or field == "key_statement"


async def test_a_gap_is_refused_with_the_head(source: Hand) -> None:
    """A batch that leaves a sequence out is refused, and told where the chain stands."""
    source.next_sequence = 3
    request = source.request(private_disclosure())
    source.next_sequence = 0
    async with source.channel() as transport, unchanged(source.served):
        answer = await refusal(stub(transport, "disclosure").SubmitBatch(request))
    assert (answer.code, answer.message) == (REFUSED, "sequence: does not follow the source's latest statement")
    assert answer.details == (source.head(),)


async def test_a_seal_by_another_key_is_refused(source: Hand) -> None:
    """A batch that the source's registered key did not sign shows nobody who speaks."""
    request = source.resealed(source.request(private_disclosure()), secret=secret("a thief"))
    async with source.channel() as transport, unchanged(source.served):
        answer = await refusal(stub(transport, "disclosure").SubmitBatch(request))
    assert answer.code is grpc.StatusCode.UNAUTHENTICATED
    assert answer.message == "seal: the signature does not verify"
    assert answer.details == ()


@pytest.mark.parametrize("stranger", [False, True], ids=["too few", "a stranger"])
async def test_too_few_auditors_are_refused_with_the_minimum(source: Hand, stranger: bool) -> None:
    """A batch boxed to no auditor, or to one that the log does not name, is refused, with the policy's minimum."""
    recipients = dict(source.recipients)
    *_, auditor = source.recipients
    own = source.recipients.pop(auditor)
    if stranger:
        source.recipients[Hash(sha256(b"stranger"))] = own
    request = source.request(private_disclosure())
    source.recipients = recipients
    async with source.channel() as transport, unchanged(source.served):
        answer = await refusal(stub(transport, "disclosure").SubmitBatch(request))
    assert answer.code is REFUSED
    assert answer.message.startswith("sealed_keys: ")
    (minimum,) = answer.details
    assert getattr(minimum, "minimum", None) == 1


async def test_a_batch_that_the_source_could_not_open_is_refused(source: Hand) -> None:
    """A batch without a box for the source itself is malformed."""
    recipients = dict(source.recipients)
    del source.recipients[source.key_statement]
    request = source.request(private_disclosure())
    source.recipients = recipients
    async with source.channel() as transport, unchanged(source.served):
        answer = await refusal(stub(transport, "disclosure").SubmitBatch(request))
    assert answer.violations == [("sealed_keys", "one box for the source itself is needed")]
