"""``ledgerctl enroll``, ``change-key``, ``revoke``, ``auditor``, ``policy``, ``apply``: logged, approved statements."""

from pathlib import Path
from typing import Annotated, Final

import typer

from ledger.cli.options import JsonOption, load_key, load_public, write_whole
from ledger.cli.outcome import command, emit, say, show
from ledger.client.requests import Request
from ledger.core import bodies
from ledger.core.bodies import RevocationReason
from ledger.core.encoding import Hash, sha256
from ledger.core.errors import InvalidInput, Refused, Unavailable, UnknownSource
from ledger.core.policy import Policy
from ledger.core.rules import check_approval_policy
from ledger.core.sealing_policy import SealingPolicy
from ledger.core.signing import PublicKey, approver_id
from ledger.core.statement import body_field, body_name
from ledger.v1 import admin_pb2
from ledgerctl import connection

APPROVER: Final = Path("keys/approver.key")
"""The approver key that ``init`` made, below the ledger's directory."""

auditor_app = typer.Typer(no_args_is_help=True, help="Accredited auditors.")

LedgerOption = Annotated[Path, typer.Option("--ledger", "-d", envvar="LEDGER_DIR", help="The ledger's directory.")]
ApproveOption = Annotated[
    list[Path] | None, typer.Option("--approve", help="Approver key file; by default DIR/keys/approver.key.")
]
ProposeOption = Annotated[
    Path | None, typer.Option(help="Write a proposal for approvers elsewhere instead of logging it now.")
]
RequestArgument = Annotated[Path, typer.Argument(metavar="REQUEST", help="File made by `ledger request`.")]


def enroll(
    request: RequestArgument,
    directory: LedgerOption = Path(),
    approve: ApproveOption = None,
    propose: ProposeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enroll the source that REQUEST asks for."""
    with command():
        asked = Request.load(request)
        if not isinstance(asked.body, bodies.SourceEnrolled):
            raise InvalidInput("request", "is not for a new source")
        body = asked.body
        what = f"source {body.source_id} of service {body.service}, key {body.keys[0].key.hex()}"
        log_statement(directory, asked, approve, propose, as_json, what)


def change_key(
    request: RequestArgument,
    directory: LedgerOption = Path(),
    forced: Annotated[bool, typer.Option(help="Accept it without the old key's signature, visibly for good.")] = False,
    approve: ApproveOption = None,
    propose: ProposeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a source another key."""
    with command():
        asked = Request.load(request)
        if not isinstance(asked.body, bodies.SourceKeyChanged):
            raise InvalidInput("request", "is not for a key change")
        if forced == bool(asked.body.old_key_signatures):
            raise InvalidInput(
                "forced",
                "the old key signed: leave --forced out"
                if forced
                else "the old key did not sign; --forced logs it so, and every report will say it",
            )
        what = f"{'FORCED ' if forced else ''}key change of {asked.body.source_id}"
        log_statement(directory, asked, approve, propose, as_json, what)


def revoke(
    source_id: Annotated[str, typer.Argument(help="The source.")],
    reason: Annotated[str, typer.Option(help="retired, key_compromised, misconduct or other")],
    directory: LedgerOption = Path(),
    approve: ApproveOption = None,
    propose: ProposeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Revoke a source: nothing it says is admitted from here on."""
    with command():
        if reason.upper() not in RevocationReason.__members__:
            known = ", ".join(name.lower() for name in RevocationReason.__members__)
            raise InvalidInput("reason", f"must be one of {known}")
        status = connection.status(directory)
        head = next((row.head for row in status.sources if row.head.source_id == source_id), None)
        if head is None or head.revoked:
            raise UnknownSource("source_id: not enrolled in this log, or revoked already")
        body = bodies.SourceRevoked(0, source_id, head.next_sequence, RevocationReason[reason.upper()])
        asked = Request(Hash(status.log_id), body)
        log_statement(directory, asked, approve, propose, as_json, f"revocation of {source_id}")


@auditor_app.command("add")
def add_auditor(
    request: RequestArgument,
    directory: LedgerOption = Path(),
    approve: ApproveOption = None,
    propose: ProposeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Accredit the auditor that REQUEST asks for."""
    with command():
        asked = Request.load(request)
        if not isinstance(asked.body, bodies.AuditorAdded):
            raise InvalidInput("request", "is not for an auditor")
        log_statement(directory, asked, approve, propose, as_json, f"auditor {asked.body.name}")


@auditor_app.command("remove")
def remove_auditor(
    name: Annotated[str, typer.Argument(help="Its name in the log.")],
    directory: LedgerOption = Path(),
    approve: ApproveOption = None,
    propose: ProposeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove an auditor: nothing is sealed to it or handed to it from here on; what it fetched stays open to it."""
    with command():
        status = connection.status(directory)
        row = next((row for row in status.auditors if row.name == name and not row.removed), None)
        if row is None:
            raise Refused("name: no accredited auditor has it")
        key = PublicKey(row.signing_key.algorithm, row.signing_key.key)
        body = bodies.AuditorRemoved(0, name, key, Hash(row.x25519_key))
        asked = Request(Hash(status.log_id), body)
        log_statement(directory, asked, approve, propose, as_json, f"removal of auditor {name}")


@auditor_app.command("list")
def list_auditors(directory: LedgerOption = Path(), as_json: JsonOption = False) -> None:
    """List the auditors that the log names, and what they fetched since the server started."""
    with command():
        rows = connection.status(directory).auditors
        states = ["removed" if row.removed else "accredited" for row in rows]
        if as_json:
            for row, state in zip(rows, states, strict=True):
                facts = {"name": row.name, "index": row.index, "state": state, "fetches": row.fetches}
                emit({**facts, "key_id": row.key_id.hex()})
            return
        cells = [
            (row.name, str(row.index), state, str(row.fetches), row.key_id.hex())
            for row, state in zip(rows, states, strict=True)
        ]
        show(("name", "entry", "state", "payloads fetched", "key id"), cells)


def policy(
    directory: LedgerOption = Path(),
    witness_policy: Annotated[Path | None, typer.Option(help="New witness policy (tlog-policy).")] = None,
    sealing_policy: Annotated[Path | None, typer.Option(help="New sealing policy (JSON).")] = None,
    approver: Annotated[list[Path] | None, typer.Option(help="Public key files of all approvers from now on.")] = None,
    threshold: Annotated[int | None, typer.Option(min=1, help="Approvals that a statement needs from now on.")] = None,
    approve: ApproveOption = None,
    propose: ProposeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change policies, approvers or threshold; what is not named stays."""
    with command():
        if not (witness_policy or sealing_policy or approver or threshold):
            raise InvalidInput("policy", "nothing to change: give a policy, --approver or --threshold")
        status = connection.status(directory)
        files = connection.policies(directory)
        witness = witness_policy.read_bytes() if witness_policy else files.witness_policy
        sealing = sealing_policy.read_bytes() if sealing_policy else files.sealing_policy
        Policy.parse(witness)
        SealingPolicy.parse(sealing)
        approvers = tuple(load_public(path, "approver").public for path in approver or ())
        asked = policy_request(status, witness, sealing, approvers, threshold)
        if propose is not None and (witness_policy or sealing_policy):
            say("the policy files travel with the proposal: give them again to ledgerctl apply")
        log_statement(directory, asked, approve, propose, as_json, "policy change", (witness, sealing))


def policy_request(
    status: admin_pb2.Status,
    witness: bytes,
    sealing: bytes,
    approvers: tuple[PublicKey, ...] = (),
    threshold: int | None = None,
) -> Request:
    """Return what asks for these policy files; approvers and thresholds stay, where none are given, as they are."""
    accredited = sum(not row.removed for row in status.auditors)
    if SealingPolicy.parse(sealing).min_auditors > max(accredited, 1):
        say(f"careful: the log names {accredited} auditors; with fewer than the minimum nothing can be recorded")
    keys = approvers or tuple(PublicKey(key.algorithm, key.key) for key in status.approvers)
    held = {row.body: row.count for row in status.thresholds}
    counts = held if threshold is None else {**held, 0: threshold}
    thresholds = tuple(bodies.Threshold(field, count) for field, count in sorted(counts.items()))
    check_approval_policy(keys, thresholds)
    body = bodies.PolicyChanged(0, sha256(witness), sha256(sealing), keys, thresholds)
    return Request(Hash(status.log_id), body)


def apply(
    proposal: Annotated[Path, typer.Argument(help="Proposal with its approvals.")],
    directory: LedgerOption = Path(),
    witness_policy: Annotated[Path | None, typer.Option(help="With a policy change: the new witness policy.")] = None,
    sealing_policy: Annotated[Path | None, typer.Option(help="With a policy change: the new sealing policy.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Log a proposal that enough approvers have signed with `ledger approve`."""
    with command():
        asked = Request.load(proposal)
        files = (b"", b"")
        if isinstance(asked.body, bodies.PolicyChanged):
            held = connection.policies(directory)
            files = (
                witness_policy.read_bytes() if witness_policy else held.witness_policy,
                sealing_policy.read_bytes() if sealing_policy else held.sealing_policy,
            )
        _send(directory, asked, files, as_json, body_name(type(asked.body)))


def log_statement(
    directory: Path,
    asked: Request,
    approve: list[Path] | None,
    propose: Path | None,
    as_json: bool,
    what: str,
    files: tuple[bytes, bytes] = (b"", b""),
) -> None:
    """Approve ``asked`` with the keys at hand and log it, or write it as a proposal; ``what`` says it in words."""
    status = connection.status(directory)
    if asked.log_id != status.log_id:
        raise Refused("request: made for another log")
    proposal = asked.numbered(status.next_number)
    paths = approve or ([directory / APPROVER] if (directory / APPROVER).is_file() else [])
    keys = [load_key(path, "approver").secret for path in paths]
    known = {approver_id(PublicKey(key.algorithm, key.key)) for key in status.approvers}
    proposal = proposal.approved([key for key in keys if approver_id(key.public) in known])
    if propose is not None:
        with propose.open("x") as file:
            file.write(proposal.format())
        say(f"{propose}: proposal for {what}; approvers run: ledger approve {propose} --key KEY")
        return
    needed = _threshold(status, proposal.body)
    if len(proposal.body.approvals) < needed:
        raise Refused(
            f"approvals: {needed} are needed, {len(proposal.body.approvals)} at hand. Give more --approve KEYFILE, or "
            "write a proposal with --propose FILE, have it signed with `ledger approve`, and log it with "
            "`ledgerctl apply`"
        )
    _send(directory, proposal, files, as_json, what)


def _threshold(status: admin_pb2.Status, body: bodies.Governance) -> int:
    counts = {row.body: row.count for row in status.thresholds}
    return counts.get(body_field(type(body)), counts.get(0, 0))


def _send(directory: Path, asked: Request, files: tuple[bytes, bytes], as_json: bool, what: str) -> None:
    answer = connection.govern(directory, asked.body, *files)
    folder = directory / "receipts"
    folder.mkdir(exist_ok=True)
    path = folder / f"{answer.index}.tlog-proof"
    write_whole(path, _receipt(directory, answer))
    traces = {"traces": list(answer.traces)} if isinstance(asked.body, bodies.Erasure) else {}
    if answer.traces:
        say(f"not all is destroyed: {', '.join(answer.traces)} still hold some of it; restart the server: it finishes")
    if as_json:
        emit({"index": answer.index, "body": body_name(type(asked.body)), "receipt": str(path), **traces})
    else:
        print(f"entry {answer.index}: {what}")
        say(f"receipt: {path}")


def _receipt(directory: Path, answer: admin_pb2.GovernResponse) -> bytes:
    """Return the receipt of a statement, cosigned where the log has witnesses and their quorum comes."""
    if connection.status(directory).witnesses:
        try:
            return connection.cosigned_receipt(directory, answer.index)
        except Unavailable as error:
            say(f"logged, with a receipt that is not cosigned ({error}); later: ledger receipt {answer.index}")
    return bytes(answer.tlog_proof)
