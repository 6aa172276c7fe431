"""The server listens where it is told, and says how it is."""

import json
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from ledger.client.transport import channel
from ledger.service import server as server_module
from ledger.service.server import SERVICES, Bound
from ledger.service.server import serving as bound_of
from ledger.v1.disclosure_pb2 import GetHeadRequest
from ledger.v1.log_pb2 import GetCheckpointRequest
from tests.served import serving
from tests.service.calls import ROLE_CALLS, answered, drained, public_channel, refusal, stub, unchanged
from tests.service.hand import Hand, private_disclosure

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


async def test_health_is_serving_for_the_whole_and_for_each_service() -> None:
    """Standard health checks answer SERVING for the server and for every service by name, and know no other."""
    async with serving(metrics_listen="") as served, public_channel(served) as transport:
        health: Any = health_pb2_grpc.HealthStub(transport)
        for name in ("", *SERVICES):
            assert (await health.Check(health_pb2.HealthCheckRequest(service=name))).status == SERVING
        answer = await refusal(health.Check(health_pb2.HealthCheckRequest(service="ledger.v1.Nothing")))
        assert answer.code is grpc.StatusCode.NOT_FOUND


async def test_a_write_that_fails_halts_the_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the store refuses a write, nothing more is signed: calls are unavailable and health says so; reads go on."""
    monkeypatch.setattr(server_module, "_HALT_CHECK", 0.01)
    async with serving(metrics_listen="") as served:
        hand = await Hand.enrolled(served)

        def full(*_: object) -> None:
            raise OSError(28, "+12025550143")

        monkeypatch.setattr(served.server._store, "write", full)
        async with hand.channel() as transport:
            health: Any = health_pb2_grpc.HealthStub(transport)
            watching = health.Watch(health_pb2.HealthCheckRequest(service=SERVICES[1]))
            assert (await watching.read()).status == SERVING
            async with unchanged(served):
                for _ in range(2):
                    answer = await refusal(
                        stub(transport, "disclosure").SubmitBatch(hand.request(private_disclosure()))
                    )
                    assert answer.code is grpc.StatusCode.UNAVAILABLE
                    assert answer.message.startswith("the ledger is halted: ")
                    assert "(No space left on device)" in answer.message
            assert (await watching.read()).status == NOT_SERVING
            note = (await stub(transport, "log").GetCheckpoint(GetCheckpointRequest())).note
            assert note == served.server.sequencer.view.note
            watching.cancel()
        async with served.admin() as admin:
            assert (await admin.status()).halted == answer.message.removeprefix("the ledger is halted: ")


async def test_health_ends_with_the_server() -> None:
    """A stopping server says NOT_SERVING to whoever watches before it closes."""
    async with serving(metrics_listen="", stop_seconds=0.1) as served, public_channel(served) as transport:
        health: Any = health_pb2_grpc.HealthStub(transport)
        watching = health.Watch(health_pb2.HealthCheckRequest())
        assert (await watching.read()).status == SERVING
        await served.stop()
        assert (await watching.read()).status == NOT_SERVING
        await served.start()


async def test_reflection_lists_every_service() -> None:
    """A client without the contract finds the ledger's services, health and reflection by asking."""
    async with serving(metrics_listen="") as served, public_channel(served) as transport:
        asking: Any = reflection_pb2_grpc.ServerReflectionStub(transport).ServerReflectionInfo(
            iter([reflection_pb2.ServerReflectionRequest(list_services="")])
        )
        answer = await asking.read()
    names = {item.name for item in answer.list_services_response.service}
    expected = {f"ledger.v1.{name}Service" for name in ("Log", "Disclosure", "Audit", "Admin")}
    assert names == expected | {"grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}


async def test_an_unknown_method_is_unimplemented() -> None:
    """A call that the contract does not know is refused as such."""
    async with serving(metrics_listen="") as served, public_channel(served) as transport:
        call: Any = transport.unary_unary("/ledger.v1.LogService/Nothing")
        assert (await refusal(call(b""))).code is grpc.StatusCode.UNIMPLEMENTED


async def test_the_plaintext_listener_answers_public_calls_only() -> None:
    """Without TLS, on loopback, anyone may read, and every call of a role is refused."""
    async with serving(metrics_listen="", plaintext_listen="127.0.0.1:0") as served:
        host, _, port = served.server.bound.plaintext.rpartition(":")
        assert host == "127.0.0.1"
        assert int(port) > 0
        async with channel(served.server.bound.plaintext, None) as transport, unchanged(served):
            note = (await stub(transport, "log").GetCheckpoint(GetCheckpointRequest())).note
            assert note == served.server.sequencer.view.note
            for service, method, request in ROLE_CALLS:
                answer = await refusal(answered(transport, service, method, request))
                assert answer.code is grpc.StatusCode.UNAUTHENTICATED


async def test_listeners_can_be_switched_off() -> None:
    """An empty address binds nothing, and where the server listens stands in its file while it does."""
    async with serving(metrics_listen="", public_listen="", role_listen="") as served:
        bound = served.server.bound
        assert (bound.public, bound.role, bound.plaintext, bound.metrics) == ("", "", "", "")
        assert bound_of(served.directory) == bound
        await served.stop()
        assert bound_of(served.directory) is None
        await served.start()


@pytest.mark.parametrize("content", ["", "[]", "null", '{"public": "x", "other": 1}', "\udcff"])
def test_a_file_that_names_no_listeners_is_as_good_as_none(tmp_path: Path, content: str) -> None:
    """Whatever else stands in serving.json, nobody is said to serve."""
    (tmp_path / "serving.json").write_bytes(content.encode(errors="surrogateescape"))
    assert bound_of(tmp_path) is None
    (tmp_path / "serving.json").write_text(json.dumps({"public": "127.0.0.1:1"}))
    assert bound_of(tmp_path) == Bound(public="127.0.0.1:1")


async def test_a_call_that_outlasts_the_stop_is_ended() -> None:
    """A stop waits for calls under way no longer than it is told, and then ends them."""
    async with serving(metrics_listen="", stop_seconds=0.01) as served:
        hand = await Hand.enrolled(served)
        async with hand.channel() as transport:
            health: Any = health_pb2_grpc.HealthStub(transport)
            watching = health.Watch(health_pb2.HealthCheckRequest())
            await watching.wait_for_connection()
            await served.stop()
            assert (await refusal(drained(watching))).code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
            answer = await refusal(stub(transport, "disclosure").GetHead(GetHeadRequest(source_id="alpha")))
            assert answer.code is grpc.StatusCode.UNAVAILABLE
        await served.start()
