"""AdminService logs governance statements with their approvals, and tells the state they build on."""

from typing import Final

from ledger.client import keyfile
from ledger.client.requests import request_auditor
from ledger.core.encoding import Hash, sha256
from ledger.core.receipt import verify_receipt
from ledger.core.sealing_policy import DEFAULT
from ledger.v1.admin_pb2 import GetStatusRequest
from tests.served import ORIGIN, serving
from tests.service.calls import local_channel, role_channel, stub
from tests.service.governing import auditor, policy, ready, request_of, source

STRICTER: Final = b'{"min_auditors":2,"publish":[]}'


async def test_a_logged_statement_is_answered_with_its_receipt() -> None:
    """An admin's certificate does what the socket does, and the receipt proves the statement to anyone."""
    async with serving(metrics_listen="") as served:
        member = served.member("admin", "operator")
        body = ready(served, auditor(served, "One"))
        async with role_channel(served, member) as transport:
            answer = await stub(transport, "admin").Govern(request_of(body))
        verified = verify_receipt(answer.tlog_proof, served.vkey, ORIGIN)
        assert (answer.index, verified.index, verified.statement.body) == (1, 1, body)


async def test_a_stricter_policy_holds_at_once_and_after_a_restart() -> None:
    """After a logged policy change its files are served, and its minimum of auditors is in force for good."""
    async with serving(metrics_listen="") as served:
        body = ready(served, policy(served, sealing_policy_digest=sha256(STRICTER)))
        async with local_channel(served) as transport:
            files = {"witness_policy": b"quorum none\n", "sealing_policy": STRICTER}
            await stub(transport, "admin").Govern(request_of(body, **files))
        assert served.server.sequencer.view.sealing.min_auditors == 2
        await served.stop()
        await served.start()
        assert served.server.sequencer.view.sealing.min_auditors == 2
        async with served.admin() as admin:
            assert (await admin.policies()).sealing_policy == STRICTER


async def test_the_status_tells_what_governance_builds_on() -> None:
    """Status names the log, the next number, approvers, thresholds, sources and auditors, and that all is well."""
    async with serving(metrics_listen="") as served:
        key = keyfile.generate("auditor")
        await served.govern(request_auditor(served.log_id, key.secret, key.public.x25519, "One"))
        await served.govern(source(served, "alpha"))
        async with local_channel(served) as transport:
            status = await stub(transport, "admin").GetStatus(GetStatusRequest())
        view = served.server.sequencer.view
        assert (Hash(status.log_id), status.origin, status.vkey) == (served.log_id, ORIGIN, served.vkey.format())
        assert (status.checkpoint, status.next_number, status.halted, status.queued_bytes) == (view.note, 3, "", 0)
        assert [key.key for key in status.approvers] == [served.approver.public.ed25519]
        assert [(row.body, row.count) for row in status.thresholds] == [(0, 1)]
        assert status.witness_policy_digest == sha256(b"quorum none\n")
        assert status.sealing_policy_digest == sha256(DEFAULT)
        rows = {row.head.source_id: row for row in status.sources}
        assert sorted(rows) == ["alpha", "ledger"]
        assert (rows["alpha"].service, rows["alpha"].forced, rows["alpha"].key_statement_index) == ("mail", False, 2)
        (one,) = status.auditors
        assert (one.name, one.index, one.removed, one.fetches) == ("One", 1, False, 0)
        assert (one.signing_key.key, one.x25519_key) == (key.public.ed25519, key.public.x25519)
