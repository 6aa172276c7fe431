"""``ledgerctl publish-policy``: which fields of a disclosure stand open in its leaf, for anyone to count."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ledger.cli.options import JsonOption
from ledger.cli.outcome import command, emit, say
from ledger.core.errors import InvalidInput
from ledger.core.sealing_policy import PUBLISHABLE, SealingPolicy
from ledger.v1 import log_pb2
from ledgerctl import connection
from ledgerctl.governing import ApproveOption, LedgerOption, ProposeOption, log_statement, policy_request


def publish_policy(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="The fields, all of them.")] = None,
    none: Annotated[bool, typer.Option("--none", help="No field.")] = False,
    min_auditors: Annotated[
        int | None, typer.Option(min=1, help="Auditors that each batch is sealed to at least.")
    ] = None,
    directory: LedgerOption = Path(),
    approve: ApproveOption = None,
    propose: ProposeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say which fields of disclosures without an embargo are public from here on; with nothing named, show them."""
    with command():
        files = connection.policies(directory)
        held = SealingPolicy.parse(files.sealing_policy)
        if not (names or none or min_auditors):
            _show(held, files, as_json)
            return
        wanted = _wanted(held, names or [], none, min_auditors)
        said = f"public from here on: {published(wanted)}; sealed to at least {wanted.min_auditors} auditors"
        sealing = wanted.format()
        asked = policy_request(connection.status(directory), files.witness_policy, sealing)
        both = (files.witness_policy, sealing)
        log_statement(directory, asked, approve, propose, as_json, f"policy change; {said}", both)
        if propose is not None:
            path = propose.with_name(f"{propose.name}.sealing-policy")
            with path.open("xb") as file:
                file.write(sealing)
            say(f"{path}: travels with it: ledgerctl apply {propose} --sealing-policy {path}")


def published(policy: SealingPolicy) -> str:
    """Return the public fields in words."""
    return ", ".join(policy.publish) or "none"


def _wanted(held: SealingPolicy, names: list[str], none: bool, min_auditors: int | None) -> SealingPolicy:
    """Return the policy asked for, fields in the order of their slots; raise InvalidInput for what it may not name."""
    if names and none:
        raise InvalidInput("publish-policy", "give names or --none")
    unknown = [name for name in names if name not in PUBLISHABLE]
    publish = (*unknown, *(name for name in PUBLISHABLE if name in names)) if names or none else held.publish
    wanted = replace(held, publish=publish, min_auditors=min_auditors or held.min_auditors)
    if wanted == held:
        raise InvalidInput("publish-policy", "is in force already")
    return wanted


def _show(held: SealingPolicy, files: log_pb2.Policies, as_json: bool) -> None:
    if as_json:
        facts = {"published": list(held.publish), "min_auditors": held.min_auditors, "since": files.index}
        emit({**facts, "publishable": list(PUBLISHABLE)})
        return
    print(f"published     {published(held)}")
    print(f"min_auditors  {held.min_auditors}")
    print(f"since         entry {files.index}")
    print(f"may be named  {', '.join(PUBLISHABLE)}")
