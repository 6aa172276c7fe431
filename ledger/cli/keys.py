"""``ledger keygen`` and ``ledger request …``: private keys stay where they are made."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ledger.cli.options import PASSPHRASE, JsonOption, ProfileOption, load_key, load_public
from ledger.cli.outcome import command, emit, say
from ledger.client import keyfile, profile
from ledger.client.opening import open_reader
from ledger.client.requests import Request, request_auditor, request_key_change, request_source
from ledger.core import bodies
from ledger.core.bodies import Period
from ledger.core.encoding import Hash, check_hash, decode_hex
from ledger.core.errors import InvalidInput, UnknownSource, VerificationFailed
from ledger.core.merkle import leaf_hash
from ledger.core.rules import MAX_GRACE_HOURS
from ledger.core.signing import PublicKey, approver_id

request_app = typer.Typer(no_args_is_help=True, help="Requests to the operator, with their proof of possession.")

OutOption = Annotated[Path, typer.Option("--out", "-o", help="The file to write.")]
KeyOption = Annotated[Path, typer.Option("--key", "-k", help="Key file, made by `ledger keygen`.")]
GRACE_HELP = "Hours after a period's end until its closing is due."
OFFICER_HELP = "Public key file of an officer (approver key)."
LogIdOption = Annotated[str, typer.Option(help="Log id in hex, as the operator announced it; or give --profile.")]
AnyProfile = Annotated[Path | None, typer.Option("--profile", "-p", help="Profile that names the log.")]


def keygen(
    kind: Annotated[str, typer.Argument(help="source, auditor, approver or witness")],
    out: OutOption,
    name: Annotated[str, typer.Option(help="A witness's, which its cosignatures bear, or an auditor's.")] = "",
    passphrase: Annotated[bool, typer.Option(help=f"Ask for a passphrase, or take ${PASSPHRASE}.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a key: OUT (mode 0600) stays here, OUT.pub may travel."""
    with command():
        if kind == "witness" and not name:
            raise InvalidInput("name", "a witness needs one: give --name")
        secret = _new_passphrase() if passphrase else None
        key = keyfile.generate(kind, name)
        half = keyfile.save(out, key, secret)
        facts = {"kind": kind, "public": str(half), **key.public.to_object()}
        if kind == "witness":
            facts["vkey"] = key.public.vkey().format()
        if kind == "approver":
            facts["key_id"] = approver_id(key.public.public).hex()
        if as_json:
            emit(facts)
            return
        for fact, value in facts.items():
            print(f"{fact:8} {value}")


def _new_passphrase() -> bytes:
    given = os.environ.get(PASSPHRASE)
    if given is None:
        given = typer.prompt("New passphrase", hide_input=True, confirmation_prompt=True, err=True)
    if not given:
        raise InvalidInput("passphrase", "must not be empty")
    return str(given).encode()


def _log_id(log_id: str, profile_path: Path | None) -> Hash:
    if bool(log_id) == (profile_path is not None):
        raise InvalidInput("log_id", "give either --log-id or --profile")
    if profile_path is not None:
        return profile.load(profile_path).pins.log_id
    return check_hash(decode_hex(log_id, "log_id"), "log_id")


def _officers(paths: list[Path] | None) -> tuple[PublicKey, ...]:
    return tuple(load_public(path, "approver").public for path in paths or ())


def _write(request: Request, out: Path, what: str) -> None:
    with out.open("x") as file:
        file.write(request.format())
    say(f"{out}: {what}. It holds no private key: send it to the operator.")


@request_app.command("source")
def source(
    key: KeyOption,
    out: OutOption,
    source_id: Annotated[str, typer.Option("--id", help="Source id; with --profile, the profile's name.")] = "",
    service: Annotated[str, typer.Option(help="The service it is an instance of; by default the source id.")] = "",
    period: Annotated[str, typer.Option(help="Closing period: day, week or month.")] = "month",
    grace: Annotated[int, typer.Option(min=0, max=MAX_GRACE_HOURS, help=GRACE_HELP)] = 24,
    officer: Annotated[list[Path] | None, typer.Option(help=OFFICER_HELP)] = None,
    officers_needed: Annotated[int, typer.Option(min=0, help="How many officers must approve a closing.")] = 0,
    log_id: LogIdOption = "",
    profile_path: AnyProfile = None,
) -> None:
    """Ask to be enrolled as a source."""
    with command():
        pinned = _log_id(log_id, profile_path)
        if not source_id and profile_path is not None:
            source_id = profile.load(profile_path).name
        if period.upper() not in Period.__members__ or period.upper() == "UNSPECIFIED":
            raise InvalidInput("period", "must be one of day, week, month")
        request = request_source(
            pinned,
            load_key(key, "source").secret,
            source_id,
            service or source_id,
            Period[period.upper()],
            grace,
            _officers(officer),
            officers_needed,
        )
        _write(Request.parse(request.format()), out, f"request to enroll source {source_id}")


@request_app.command("auditor")
def auditor(
    key: KeyOption,
    out: OutOption,
    name: Annotated[str, typer.Option(help="The name the log will bear.")],
    log_id: LogIdOption = "",
    profile_path: AnyProfile = None,
) -> None:
    """Ask to be accredited as an auditor."""
    with command():
        pinned = _log_id(log_id, profile_path)
        held = load_key(key, "auditor")
        request = request_auditor(pinned, held.secret, held.public.x25519, name)
        _write(Request.parse(request.format()), out, f"request to accredit auditor {name}")


@request_app.command("key-change")
def key_change(
    key: KeyOption,
    out: OutOption,
    profile_path: ProfileOption,
    old_key: Annotated[
        Path | None, typer.Option(help="The key it replaces; without it the change can only be forced.")
    ] = None,
    source_id: Annotated[str, typer.Option("--id", help="Source id; by default the profile's name.")] = "",
    grace: Annotated[
        int | None, typer.Option(min=0, max=MAX_GRACE_HOURS, help=f"{GRACE_HELP} By default as before.")
    ] = None,
    officer: Annotated[
        list[Path] | None, typer.Option(help=f"{OFFICER_HELP} All there are from now on; by default as before.")
    ] = None,
    officers_needed: Annotated[
        int | None, typer.Option(min=0, help="How many officers must approve a closing; by default as before.")
    ] = None,
) -> None:
    """Ask for another key, perhaps under other terms; reads the current key statement from the log.

    Periods that are over keep the terms of their last minute. Every report finds a change that asks for fewer officers,
    keeps fewer of them than had to approve, or brings enough others to approve without them.
    """
    with command():
        held = profile.load(profile_path)
        old = None if old_key is None else load_key(old_key, "source").secret
        current, replaces = asyncio.run(_current(held, source_id or held.name))
        current = replace(
            current,
            grace_hours=current.grace_hours if grace is None else grace,
            officers=_officers(officer) if officer else current.officers,
            officer_threshold=current.officer_threshold if officers_needed is None else officers_needed,
        )
        new = load_key(key, "source").secret
        request = request_key_change(held.pins.log_id, current, replaces, new, old)
        words = "signed by the old key" if old else "WITHOUT the old key: it can only be forced"
        _write(Request.parse(request.format()), out, f"request for a new key, {words}")


async def _current(
    held: profile.Profile, source_id: str
) -> tuple[bodies.SourceEnrolled | bodies.SourceKeyChanged, Hash]:
    async with open_reader(held) as reader:
        await reader.checkpoint()
        rows = (await reader.directory()).sources
        row = next((row for row in rows if row.head.source_id == source_id), None)
        if row is None:
            raise UnknownSource("source_id: not enrolled in this log")
        entry = await reader.entry(row.key_statement_index)
        body = entry.statement.body
        if not isinstance(body, bodies.SourceEnrolled | bodies.SourceKeyChanged) or body.source_id != source_id:
            raise VerificationFailed("directory: the source's row names another statement")
        return body, leaf_hash(entry.leaf)
