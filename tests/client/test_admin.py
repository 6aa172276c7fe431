"""The admin client asks a running ledger how it is and logs governance, over socket or certificate."""

from dataclasses import replace
from pathlib import Path

import pytest

from ledger.client.admin import AdminClient
from ledger.client.requests import Request, request_source
from ledger.core import bodies
from ledger.core.encoding import sha256
from ledger.core.errors import InvalidInput, NotAuthenticated, Refused, Unavailable
from ledger.core.receipt import verify_receipt
from ledger.core.sealing_policy import DEFAULT
from tests.core.world import secret
from tests.served import ORIGIN, serving

STRICTER = b'{"min_auditors":2,"publish":[]}'


async def test_the_status_says_what_governance_continues() -> None:
    """Number, approvers, sources and auditors are those of the log, over the socket and over a certificate."""
    async with serving() as served:
        await served.enrol("alpha", await served.accredit("Auditor One"))
        async with served.admin() as local, AdminClient(served.member("admin", "ops").profile.role_channel()) as remote:
            status = await local.status()
            assert await remote.status() == status
    assert (status.log_id, status.origin, status.next_number) == (served.log_id, ORIGIN, 3)
    assert [source.head.source_id for source in status.sources] == ["ledger", "alpha"]
    assert [auditor.name for auditor in status.auditors] == ["Auditor One"]


async def test_a_governance_statement_is_answered_with_its_receipt() -> None:
    """Index and receipt come back, and a policy's files with them into the log."""
    async with serving() as served, served.admin() as admin:
        found = await admin.policies()
        assert (found.witness_policy, found.sealing_policy) == (b"quorum none\n", DEFAULT)
        body = bodies.PolicyChanged(
            0,
            witness_policy_digest=sha256(found.witness_policy),
            sealing_policy_digest=sha256(STRICTER),
            approvers=(served.approver.public.public,),
            thresholds=(bodies.Threshold(0, 1),),
        )
        approved = Request(served.log_id, body).numbered(1).approved([served.approver.secret]).body
        answer = await admin.govern(approved, found.witness_policy, STRICTER)
        assert verify_receipt(answer.tlog_proof, served.vkey).statement.body == approved
        assert (answer.index, (await admin.policies()).sealing_policy) == (1, STRICTER)


async def test_a_refused_statement_says_why_and_changes_nothing() -> None:
    """Another number, too few approvals and a wrong proof arrive as the errors they are."""
    async with serving() as served, served.admin() as admin:
        asked = request_source(served.log_id, secret("alpha"), "alpha", "mail")
        with pytest.raises(Refused, match=r"^number: the next governance statement is number 1$"):
            await admin.govern(asked.numbered(7).approved([served.approver.secret]).body)
        with pytest.raises(Refused, match=r"^approvals: 1 are needed$"):
            await admin.govern(asked.numbered(1).body)
        assert isinstance(asked.body, bodies.SourceEnrolled)
        unproven = replace(asked, body=replace(asked.body, proofs_of_possession=()))
        with pytest.raises(InvalidInput):
            await admin.govern(unproven.numbered(1).approved([served.approver.secret]).body)
        assert (await admin.status()).next_number == 1


async def test_only_an_admin_may_ask() -> None:
    """The public listener has no admin."""
    async with (
        serving() as served,
        AdminClient(served.member("public", "anyone").profile.public_channel()) as anyone,
    ):
        with pytest.raises(NotAuthenticated):
            await anyone.status()
        assert (await anyone.policies()).sealing_policy == DEFAULT


async def test_a_socket_that_nobody_serves_is_out_of_reach(tmp_path: Path) -> None:
    """No ledger is an error like any other."""
    async with AdminClient.local(tmp_path / "socket") as admin:
        with pytest.raises(Unavailable):
            await admin.status()
