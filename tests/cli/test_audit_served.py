"""A source that seals another record than its leaf says, before a real ledger and its auditor: found and reported."""

from dataclasses import replace
from pathlib import Path

from ledger.audit.payloads import Opened
from ledger.audit.reports import Report, submit
from ledger.cli.auditing import OUTCOMES, auditing
from ledger.client.exchange import to_request
from ledger.core import bodies
from ledger.core.building import build, prepare
from ledger.core.conviction import verify_conviction
from ledger.core.receipt import verify_receipt
from tests.served import serving
from tests.service.calls import PRIVATE, stub
from tests.service.hand import Hand, private_disclosure

FAULT = "slots root: the record does not give it"


async def test_an_audit_ends_in_evidence_and_a_logged_report(tmp_path: Path) -> None:
    """The ledger logs what it cannot look into; the auditor convicts the source and reports it, without a value."""
    async with serving() as served:
        auditor = await served.accredit("Auditor One")
        hand = await Hand.enrolled(served, "alpha", [auditor])
        said, sealed = [prepare(private_disclosure(accounts_disclosed=count), hand.entropy) for count in (1, 2)]
        parts = [replace(said, plaintext=sealed.plaintext), sealed]
        signers, binding = [hand.secret.sign], hand.binding
        submission = build(parts, "alpha", 0, hand.minute, binding, hand.recipients, signers, hand.entropy)
        async with hand.channel() as channel:
            first = (await stub(channel, "disclosure").SubmitBatch(to_request(submission, 0))).first_index
        taken: list[Opened] = []
        async with auditing(auditor.profile, auditor.own_key) as audit:
            found = await audit.run(0, None, taken.append, tmp_path)
            key_id = audit.auditor.key_id
            assert key_id is not None
            counts = {name: found.counts[name] for name in OUTCOMES}
            report = Report(served.log_id, key_id, 0, found.end, counts, found.findings, [])
            body = report.statement(auditor.own_key.secret)
            index, receipt = await submit(audit.channel, audit.reader, body)
    assert found.findings == [(first, FAULT)]
    assert [item.payload is None for item in taken] == [True, False]
    convicted = verify_conviction((tmp_path / f"{first}.conviction").read_bytes(), served.vkey)
    assert (convicted.source_id, convicted.index, convicted.fault) == ("alpha", first, FAULT)
    logged = verify_receipt(receipt, served.vkey)
    assert isinstance(logged.statement.body, bodies.AuditReport)
    assert (logged.index, logged.statement.body.findings) == (index, 1)
    assert not any(value in report.format().decode() for value in PRIVATE)
