"""``ledgerctl init`` and ``ledgerctl certs``: a ledger, and what its clients need."""

import time
from pathlib import Path
from typing import Annotated

import typer

from ledger.cli.issuing import issue
from ledger.cli.options import JsonOption, load_public
from ledger.cli.outcome import command, emit, say
from ledger.client import keyfile, profile
from ledger.client.profile import AllowedAuditor
from ledger.core import sealing_policy as sealing
from ledger.service.certificates import DEFAULT_DAYS
from ledger.service.setup import NO_WITNESSES, Opening, open_log
from ledgerctl.governing import APPROVER, LedgerOption


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A directory of its own, empty or missing.")],
    origin: Annotated[str, typer.Option(help="The log's name for good, such as ledger.example/2026.")],
    policy: Annotated[Path | None, typer.Option(help="Witness policy (tlog-policy); by default: quorum none.")] = None,
    sealing_policy: Annotated[Path | None, typer.Option(help="Sealing policy; by default one auditor.")] = None,
    approver: Annotated[
        list[Path] | None, typer.Option(help="Public key file of an approver; by default a key is made in DIR/keys.")
    ] = None,
    threshold: Annotated[
        int | None, typer.Option(min=1, help="Approvals a statement needs; by default a majority.")
    ] = None,
    host: Annotated[list[str] | None, typer.Option(help="Name or address in the server's certificate.")] = None,
    public_listen: Annotated[str, typer.Option(help="HOST:PORT for anyone.")] = "127.0.0.1:7440",
    role_listen: Annotated[str, typer.Option(help="HOST:PORT for role certificates.")] = "127.0.0.1:7441",
    metrics_listen: Annotated[str, typer.Option(help="HOST:PORT for Prometheus; empty for none.")] = "127.0.0.1:7442",
    http_listen: Annotated[
        str, typer.Option(help="HOST:PORT for mirrors and web caches: the log as static files. By default none.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Set a ledger up in DIR and open its log; prints what strangers need: verifier key and log id."""
    with command():
        own = None if approver else keyfile.generate("approver")
        halves = [own.public] if own is not None else [load_public(path, "approver") for path in approver or ()]
        opening = Opening(
            origin,
            tuple(half.public for half in halves),
            len(halves) // 2 + 1 if threshold is None else threshold,
            NO_WITNESSES if policy is None else policy.read_bytes(),
            sealing.DEFAULT if sealing_policy is None else sealing_policy.read_bytes(),
            tuple(host or ("localhost", "127.0.0.1", "::1")),
            public_listen,
            role_listen,
            metrics_listen,
            http_listen,
        )
        opened = open_log(directory, opening, time.time())
        if own is not None:
            keyfile.save(directory / APPROVER, own)
        facts = {"origin": origin, "vkey": opened.vkey.format(), "log_id": opened.log_id.hex()}
        if as_json:
            emit(facts)
            return
        for name, value in facts.items():
            print(f"{name:7} {value}")
        say(f"next: ledger serve {directory}")


def certs(
    role: Annotated[str, typer.Argument(help="source, auditor, admin or public")],
    name: Annotated[str, typer.Argument(help="Source id, or the client's name.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="New folder for key, certificate and profile.")],
    directory: LedgerOption = Path(),
    auditor: Annotated[
        list[Path] | None, typer.Option(help="For a source: public key file of an auditor it seals to.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=825, help="Days until the certificate expires.")] = DEFAULT_DAYS,
) -> None:
    """Make key, certificate and a ready profile for a client of ROLE."""
    with command():
        allowed = tuple(_allowed(path) for path in auditor or ())
        issue(directory, role, name, out, allowed, days)
        say(f"{out / profile.FILE}: profile of {role} {name}")
        if role == "source" and not allowed:
            say("it names no auditor yet: add [[auditors]] tables (name, ed25519, x25519) before recording")


def _allowed(path: Path) -> AllowedAuditor:
    half = load_public(path, "auditor")
    return AllowedAuditor(half.name or path.name.removesuffix(".pub"), half.ed25519, half.x25519)
