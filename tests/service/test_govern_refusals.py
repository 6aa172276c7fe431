"""AdminService refuses governance statements that may not follow: forged, out of order, out of bounds, unapproved."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Final

import grpc
import pytest
import pytest_asyncio

from ledger.client.requests import Request
from ledger.core import bodies
from ledger.core.encoding import sha256
from ledger.core.sealing_policy import DEFAULT
from ledger.core.signing import Signature
from ledger.v1.admin_pb2 import GovernRequest
from tests.core.world import secret
from tests.served import Served, serving
from tests.service.calls import Refusal, local_channel, refusal, stub, unchanged
from tests.service.governing import auditor, policy, ready, request_of, source

pytestmark = pytest.mark.asyncio(loop_scope="module")

BAD, STATE = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served() -> AsyncIterator[Served]:
    """A ledger with one auditor "One" and one source "alpha", whose keys are made from these names."""
    async with serving(metrics_listen="") as made:
        await made.govern(auditor(made, "One"))
        await made.govern(source(made, "alpha"))
        yield made


async def govern(served: Served, body: bodies.Governance, **files: bytes) -> Refusal:
    """Return how a body is refused, once nothing is shown to be written."""
    async with local_channel(served) as transport, unchanged(served):
        return await refusal(stub(transport, "admin").Govern(request_of(body, **files)))


FORGED: Final = (Signature(1, bytes(64)),)


@pytest.mark.parametrize(
    ("kind", "changes", "code", "message"),
    [
        ("source", {"proofs_of_possession": ()}, BAD, "proofs_of_possession: exactly one signature"),
        ("source", {"proofs_of_possession": FORGED}, BAD, "proofs_of_possession: the signature does not verify"),
        ("source", {"service": "web"}, BAD, "proofs_of_possession: the signature does not verify"),
        ("source", {"number": 9}, STATE, "number: the next governance statement is number 3"),
        ("source", {"number": 2}, STATE, "number: the next governance statement is number 3"),
        ("source", {"closing_period": 7}, BAD, "closing_period: must be one of DAY, WEEK, MONTH"),
        ("auditor", {"signatures": FORGED}, BAD, "signatures: the signature does not verify"),
        ("auditor", {"x25519_key": b"short"}, BAD, "x25519_key: must be 32 bytes"),
        ("auditor", {"name": "Someone else"}, BAD, "signatures: the signature does not verify"),
    ],
)
async def test_a_statement_that_may_not_follow_is_refused(
    served: Served, kind: str, changes: dict[str, Any], code: grpc.StatusCode, message: str
) -> None:
    """A forged or missing signature, another number, and a field out of bounds are refused by name."""
    asked = source(served, "beta") if kind == "source" else auditor(served, "Two")
    answer = await govern(served, ready(served, asked, **changes))
    assert answer.code is code
    assert answer.message.startswith(message)
    assert [": ".join(item) for item in answer.violations] == ([answer.message] if code is BAD else [])


@pytest.mark.parametrize(
    ("source_id", "key", "how", "code", "message"),
    [
        ("alpha", "fresh", {}, STATE, "source_id: was enrolled before"),
        ("beta", "alpha", {}, STATE, "keys: a key is never enrolled twice"),
        ("beta", "One", {}, STATE, "keys: a key is never enrolled twice"),
        ("Beta", "fresh", {}, BAD, "source_id: must be 1 to 63 characters"),
        ("beta", "fresh", {"service": "Mail!"}, BAD, "service: must be 1 to 63 characters"),
        ("beta", "fresh", {"grace_hours": 745}, BAD, "grace_hours: must be at most 744"),
        ("beta", "fresh", {"officer_threshold": 1}, BAD, "officer_threshold: more approvals asked for"),
    ],
)
async def test_a_source_that_may_not_be_enrolled_is_refused(
    served: Served, source_id: str, key: str, how: dict[str, Any], code: grpc.StatusCode, message: str
) -> None:
    """An id or key that was enrolled before, or a field that breaks its rule, enrols nobody."""
    answer = await govern(served, ready(served, source(served, source_id, key, **how)))
    assert answer.code is code
    assert answer.message.startswith(message)


async def test_too_few_approvals_and_strangers_are_refused(served: Served) -> None:
    """Without the approver's signature nothing is logged; an approval by anybody else is malformed."""
    numbered = source(served, "beta").numbered(3)
    answer = await govern(served, numbered.body)
    assert (answer.code, answer.message) == (STATE, "approvals: 1 are needed")
    answer = await govern(served, numbered.approved([secret("stranger")]).body)
    assert (answer.code, answer.message) == (BAD, "approvals: not by an approver of this log")
    approved: Any = ready(served, source(served, "beta"))
    answer = await govern(served, replace(approved, approvals=approved.approvals * 2))
    assert (answer.code, answer.message) == (BAD, "approvals: must ascend by key id, each key once")


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (bodies.SourceRevoked(3, "beta", 0, bodies.RevocationReason.RETIRED), STATE, "source_id: not enrolled"),
        (bodies.SourceRevoked(3, "alpha", 4, bodies.RevocationReason.RETIRED), STATE, "final_sequence: must be"),
        (bodies.SourceRevoked(3, "ledger", 3, bodies.RevocationReason.RETIRED), BAD, "source_id: is the ledger's own"),
        (
            bodies.AuditorRemoved(3, "Two", secret("Two").public, sha256(b"x25519 Two")),
            STATE,
            "signing_key: no accredited auditor has this name",
        ),
    ],
)
async def test_what_is_not_there_cannot_be_ended(
    served: Served, body: bodies.Governance, code: grpc.StatusCode, message: str
) -> None:
    """An unknown source or auditor, another head, and the ledger's own chain cannot be revoked or removed."""
    answer = await govern(served, Request(served.log_id, body).approved([served.approver.secret]).body)
    assert answer.code is code
    assert answer.message.startswith(message)


@pytest.mark.parametrize(
    ("changes", "files", "field", "message"),
    [
        ({}, {}, "witness_policy", "does not match its digest"),
        ({}, {"witness_policy": b"quorum none\n"}, "sealing_policy", "does not match its digest"),
        (
            {"sealing_policy_digest": sha256(b"{}")},
            {"witness_policy": b"quorum none\n", "sealing_policy": b"{}"},
            "sealing_policy",
            "must be RFC 8785 JSON {min_auditors, publish}",
        ),
        (
            {"thresholds": (bodies.Threshold(0, 2),)},
            {"witness_policy": b"quorum none\n", "sealing_policy": DEFAULT},
            "thresholds",
            "more approvals asked for than there are approvers",
        ),
    ],
)
async def test_a_policy_that_does_not_fit_is_refused(
    served: Served, changes: dict[str, Any], files: dict[str, bytes], field: str, message: str
) -> None:
    """A policy travels with the files behind its digests, and both have to be well-formed."""
    answer = await govern(served, ready(served, policy(served, **changes)), **files)
    assert answer.code is BAD
    assert answer.violations == [(field, message)]


async def test_policy_files_travel_with_a_policy_only(served: Served) -> None:
    """Beside any other statement a policy file is refused, and so is a request without a statement."""
    body = ready(served, source(served, "beta"))
    for files in ({"witness_policy": b"x"}, {"sealing_policy": b"x"}):
        answer = await govern(served, body, **files)
        assert answer.violations == [("witness_policy", "policy files travel with policy_changed only")]
    async with local_channel(served) as transport, unchanged(served):
        answer = await refusal(stub(transport, "admin").Govern(GovernRequest()))
        assert answer.violations == [("body", "missing")]
