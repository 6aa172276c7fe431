"""What a certificate is worth: expired, withdrawn, of another authority, without a grant, or granted by fingerprint."""

from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from ledger.core.errors import NotAuthenticated
from ledger.service.certificates import issue_client, make_authority
from ledger.service.config import GrantSettings
from ledger.service.setup import load_authority
from ledger.v1.admin_pb2 import GetStatusRequest
from ledger.v1.disclosure_pb2 import GetHeadRequest
from ledger.v1.log_pb2 import GetCheckpointRequest
from tests.served import Member, Served, serving
from tests.service.calls import refusal, role_channel, stub, unchanged


def made(served: Served, member: Member, now: datetime, authority: Any = None, name: str = "alpha") -> Member:
    """Give ``member`` another certificate for the role source, issued at ``now``."""
    pair = issue_client(authority or load_authority(served.directory), "source", name, now)
    folder = member.profile.directory
    (folder / "client.crt").write_bytes(pair.certificate)
    (folder / "client.key").write_bytes(pair.key)
    return member


async def test_an_expired_certificate_opens_no_connection() -> None:
    """TLS itself turns an expired certificate away, and the client library does before it dials."""
    async with serving(metrics_listen="") as served:
        member = made(served, await served.enrol("alpha"), datetime.now(UTC) - timedelta(days=398))
        async with role_channel(served, member) as transport, unchanged(served):
            call = stub(transport, "disclosure").GetHead(GetHeadRequest(source_id="alpha"))
            assert (await refusal(call)).code is grpc.StatusCode.UNAVAILABLE
        with pytest.raises(NotAuthenticated, match=r"^certificate: expired"):
            member.profile.role_channel()


async def test_a_certificate_that_expires_on_an_open_connection_is_refused() -> None:
    """A connection outlives no certificate: from the second it expires on, calls are not authenticated."""
    now = [datetime.now(UTC).timestamp()]
    async with serving(metrics_listen="", clock=lambda: now[0]) as served:
        member = await served.enrol("alpha")
        certificate = x509.load_pem_x509_certificate((member.profile.directory / "client.crt").read_bytes())
        async with role_channel(served, member) as transport, unchanged(served):
            service, request = stub(transport, "disclosure"), GetHeadRequest(source_id="alpha")
            now[0] = certificate.not_valid_after_utc.timestamp() - 1
            assert (await service.GetHead(request)).source_id == "alpha"
            now[0] += 1
            answer = await refusal(service.GetHead(request))
            assert answer.code is grpc.StatusCode.UNAUTHENTICATED
            assert answer.message == "certificate: expired; ask the operator for a new one"
            await stub(transport, "log").GetCheckpoint(GetCheckpointRequest())


@pytest.mark.parametrize("stranger", [False, True], ids=["none at all", "another authority's"])
async def test_the_role_listener_wants_a_certificate_of_its_authority(stranger: bool) -> None:
    """Without a certificate, or with one that another authority signed, the role listener is closed even for reads."""
    async with serving(metrics_listen="") as served:
        member = served.member("source", "alpha") if stranger else None
        if member is not None:
            now = datetime.now(UTC)
            made(served, member, now, make_authority("elsewhere", now))
        async with role_channel(served, member) as transport, unchanged(served):
            answer = await refusal(stub(transport, "log").GetCheckpoint(GetCheckpointRequest()))
        assert answer.code is grpc.StatusCode.UNAVAILABLE


async def test_a_certificate_that_no_grant_names_has_no_role() -> None:
    """A certificate of the ledger's authority that configuration grants nothing may read and no more."""
    async with serving(metrics_listen="", grants=()) as served:
        member = served.member("source", "alpha")
        async with role_channel(served, member) as transport, unchanged(served):
            answer = await refusal(stub(transport, "disclosure").GetHead(GetHeadRequest(source_id="alpha")))
            assert answer.code is grpc.StatusCode.PERMISSION_DENIED
            assert answer.message == "certificate: has no role at this ledger"
            await stub(transport, "log").GetCheckpoint(GetCheckpointRequest())


def fingerprint(member: Member) -> str:
    """Return the SHA-256 of a member's certificate, as configuration spells it."""
    data = (member.profile.directory / "client.crt").read_bytes()
    return x509.load_pem_x509_certificate(data).fingerprint(SHA256()).hex()


async def test_a_withdrawn_certificate_is_refused_and_its_successor_is_not() -> None:
    """A fingerprint in the settings ends one certificate; another of the same name still works."""
    async with serving(metrics_listen="") as served:
        stolen, fresh = await served.enrol("alpha"), served.member("source", "alpha")
        await served.stop()
        served.how["refused_certificates"] = frozenset([fingerprint(stolen)])
        await served.start()
        request = GetHeadRequest(source_id="alpha")
        async with role_channel(served, stolen) as transport, unchanged(served):
            answer = await refusal(stub(transport, "disclosure").GetHead(request))
            assert answer.code is grpc.StatusCode.PERMISSION_DENIED
            assert answer.message == "certificate: withdrawn by the operator"
        async with role_channel(served, fresh) as transport:
            assert (await stub(transport, "disclosure").GetHead(request)).source_id == "alpha"


async def test_a_fingerprint_grants_a_role() -> None:
    """A grant by fingerprint gives exactly that certificate its role and name."""
    async with serving(metrics_listen="") as served:
        one, other = served.member("source", "one"), served.member("source", "one")
        await served.stop()
        served.how["grants"] = (GrantSettings(role="admin", fingerprint=fingerprint(one), name="operator"),)
        await served.start()
        async with role_channel(served, one) as transport:
            assert (await stub(transport, "admin").GetStatus(GetStatusRequest())).log_id == served.log_id
        async with role_channel(served, other) as transport:
            answer = await refusal(stub(transport, "admin").GetStatus(GetStatusRequest()))
            assert answer.code is grpc.StatusCode.PERMISSION_DENIED
