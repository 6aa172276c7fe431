"""``ledger approve``: proposals and drafts of closings are approved where the approver's key is."""

from pathlib import Path
from typing import Annotated

import typer

from ledger.cli.options import load_key, refuse_existing
from ledger.cli.outcome import command, printable, say
from ledger.client.approvals import Draft
from ledger.client.requests import Request, parse_file, read_text
from ledger.core import bodies
from ledger.core.errors import InvalidInput
from ledger.core.statement import body_name


def approve(
    proposal: Annotated[
        Path,
        typer.Argument(help="Proposal, made with ledgerctl's --propose, or draft, made with ledger close --draft."),
    ],
    key: Annotated[Path | None, typer.Option("--key", "-k", help="Key file, made by `ledger keygen approver`.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="For a draft: the file to write.")] = None,
    plan: Annotated[bool, typer.Option("--show", help="Tell what it says, and approve nothing.")] = False,
) -> None:
    """Approve what a file holds: a proposal gathers its approvals in place, a closing's draft is approved in OUT.

    No connection is needed. What is approved is told in words, with --show before it is.
    """
    with command():
        if plan and (key or out):
            raise InvalidInput("show", "approves nothing, so it takes neither --key nor --out")
        if key is None and not plan:
            raise InvalidInput("key", "give --key KEY, or --show")
        text = read_text(proposal, "proposal")
        if isinstance(parse_file(text, "proposal")[2].body, bodies.Closing):
            _closing(proposal, Draft.parse(text), key, out)
        elif out is not None:
            raise InvalidInput("out", "a proposal keeps its approvals itself: leave it away")
        else:
            _proposal(proposal, Request.parse(text), key)


def _closing(place: Path, draft: Draft, key: Path | None, out: Path | None) -> None:
    about_it = f"the closing of {draft.period} of {draft.source_id}"
    if key is None:
        tell_draft(draft)
        say(f"{place}: draft of {about_it}; nothing was approved")
        return
    if out is None:
        raise InvalidInput("out", "give --out FILE")
    refuse_existing(out)
    approval = draft.approve(load_key(key, "approver").secret)
    with out.open("x") as file:
        file.write(approval.format())
    tell_draft(draft)
    say(
        f"{out}: approval of {about_it}, by key id {approval.approval.key_id.hex()}. "
        "It holds no private key: send it to who closes"
    )


def tell_draft(draft: Draft) -> None:
    """Tell all that officers approve with a closing."""
    for fact, value in draft.facts.items():
        print(f"{fact:11} {value}")


def _proposal(place: Path, request: Request, key: Path | None) -> None:
    if not request.body.number:
        raise InvalidInput("proposal", "is a request: the operator makes a proposal of it with --propose")
    words = f"{body_name(type(request.body))}{about(request.body)}, governance statement {request.body.number}"
    if key is None:
        say(f"{place}: {words}, with {len(request.body.approvals)} approvals; nothing was approved")
        return
    approved = request.approved([load_key(key, "approver").secret])
    place.write_text(approved.format())
    say(f"{place}: {words}, now with {len(approved.body.approvals)} approvals")


def about(body: bodies.Governance) -> str:
    """Return whom or what a statement is about, in words for who approves it."""
    match body:
        case bodies.Erasure():
            return printable(f" of {body.source_id}:{body.target.sequence} ({body.legal_basis})")
        case bodies.SourceEnrolled() | bodies.SourceKeyChanged():
            officers = f"{body.officer_threshold} of {len(body.officers)} officers"
            return f" of {body.source_id} ({body.grace_hours} h of grace, {officers})"
        case bodies.SourceRevoked():
            return f" of {body.source_id}"
        case bodies.AuditorAdded() | bodies.AuditorRemoved():
            return printable(f" of {body.name}")
        case _:
            return ""
