"""Who may call what: roles by certificate, on the role listener alone."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import grpc
import pytest

from ledger.cli.issuing import issue
from ledger.client.transport import channel
from ledger.core.errors import InvalidInput
from ledger.service.certificates import issue_client
from ledger.service.setup import load_authority
from ledger.v1.admin_pb2 import GetStatusRequest
from ledger.v1.disclosure_pb2 import (
    DepositSealedKeysRequest,
    GetHeadRequest,
    StreamOwnPayloadsRequest,
    SubmitBatchRequest,
)
from ledger.v1.log_pb2 import GetCheckpointRequest
from tests.served import serving
from tests.service.calls import (
    ROLE_CALLS,
    ROLE_OF,
    answered,
    public_channel,
    refusal,
    role_channel,
    stub,
    unchanged,
)
from tests.service.hand import Hand, private_disclosure


async def test_calls_of_a_role_are_refused_without_a_certificate() -> None:
    """On the public listener every call of a role shows nobody who calls, whatever it asks."""
    async with serving(metrics_listen="") as served, public_channel(served) as transport, unchanged(served):
        for service, method, request in ROLE_CALLS:
            answer = await refusal(answered(transport, service, method, request))
            assert answer.code is grpc.StatusCode.UNAUTHENTICATED
            assert answer.message == "this call needs a client certificate: use the role listener"


@pytest.mark.parametrize("role", ["source", "auditor", "admin"])
async def test_a_role_may_make_its_own_calls_only(role: str) -> None:
    """A certificate of one role opens no call of another."""
    async with serving(metrics_listen="") as served:
        member = served.member(role, "alpha")
        async with role_channel(served, member) as transport, unchanged(served):
            for service, method, request in ROLE_CALLS:
                if ROLE_OF[service] == role:
                    continue
                answer = await refusal(answered(transport, service, method, request))
                assert answer.code is grpc.StatusCode.PERMISSION_DENIED
                assert answer.message == f"this call is for the role {ROLE_OF[service]}"
            await stub(transport, "log").GetCheckpoint(GetCheckpointRequest())


async def test_a_source_speaks_for_itself_alone() -> None:
    """A source's certificate is bound to its id: another's batch, head and payloads are refused."""
    async with serving(metrics_listen="") as served:
        alpha, beta = await Hand.enrolled(served), served.member("source", "beta")
        requests: dict[str, Any] = {
            "SubmitBatch": alpha.request(private_disclosure()),
            "GetHead": GetHeadRequest(source_id="alpha"),
            "StreamOwnPayloads": StreamOwnPayloadsRequest(source_id="alpha", begin=0, end=1),
            "DepositSealedKeys": DepositSealedKeysRequest(source_id="alpha"),
        }
        async with role_channel(served, beta) as transport, unchanged(served):
            for method, request in requests.items():
                answer = await refusal(answered(transport, "disclosure", method, request))
                assert answer.code is grpc.StatusCode.PERMISSION_DENIED
                assert answer.message == "source_id: not the one the certificate is bound to"


async def test_a_source_that_was_never_enrolled_is_told_so() -> None:
    """A certificate alone makes no source: the log has to name it."""
    async with serving(metrics_listen="") as served:
        hand = await Hand.enrolled(served)
        beta = served.member("source", "beta", hand.member.own_key)
        stranger = Hand(served, beta, hand.key_statement, hand.recipients, hand.minute)
        requests: dict[str, Any] = {
            "SubmitBatch": stranger.request(private_disclosure()),
            "GetHead": GetHeadRequest(source_id="beta"),
            "StreamOwnPayloads": StreamOwnPayloadsRequest(source_id="beta", begin=0, end=1),
        }
        async with role_channel(served, stranger.member) as transport, unchanged(served):
            for method, request in requests.items():
                answer = await refusal(answered(transport, "disclosure", method, request))
                assert answer.code is grpc.StatusCode.FAILED_PRECONDITION
                assert answer.message == "source_id: not enrolled in this log"


async def test_the_local_socket_is_the_operators() -> None:
    """The socket is readable by its owner alone, and whoever opens it is admin and nothing else."""
    async with serving(metrics_listen="") as served:
        socket = served.settings.path(served.settings.admin_socket)
        assert await asyncio.to_thread(lambda: socket.stat().st_mode & 0o777) == 0o600
        async with channel(f"unix:{socket}", None) as transport, unchanged(served):
            assert (await stub(transport, "admin").GetStatus(GetStatusRequest())).log_id == served.log_id
            answer = await refusal(stub(transport, "disclosure").GetHead(GetHeadRequest(source_id="alpha")))
            assert answer.code is grpc.StatusCode.PERMISSION_DENIED


async def test_the_ledgers_own_chain_is_no_sources() -> None:
    """A source certificate that bears the ledger's own name submits nothing, whatever it signs."""
    async with serving(metrics_listen="") as served:
        member = served.member("source", "messages")
        impostor = issue_client(load_authority(served.directory), "source", "ledger", datetime.now(UTC))
        folder = member.profile.directory
        (folder / "client.crt").write_bytes(impostor.certificate)
        (folder / "client.key").write_bytes(impostor.key)
        async with role_channel(served, member) as transport, unchanged(served):
            answer = await refusal(stub(transport, "disclosure").SubmitBatch(SubmitBatchRequest()))
        assert answer.code is grpc.StatusCode.PERMISSION_DENIED
        assert answer.message == "source_id: is the ledger's own"


async def test_no_certificate_bears_the_ledgers_name() -> None:
    """The source id of the ledger's own chain is refused before anything is issued."""
    async with serving(started=False) as served:
        with pytest.raises(InvalidInput, match="source_id: is the ledger's own"):
            issue(served.directory, "source", "ledger", served.clients / "impostor")
        assert not (served.clients / "impostor").exists()


async def test_the_local_socket_is_closed_to_others() -> None:
    """The socket is made with mode 0600, whatever the process's mask allows."""
    async with serving(metrics_listen="") as served:
        socket = served.settings.path(served.settings.admin_socket)
        assert socket.stat().st_mode & 0o777 == 0o600
