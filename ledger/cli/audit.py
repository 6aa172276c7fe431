"""``ledger audit open``: what an accredited auditor is entitled to read, opened on the auditor's own machine."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from ledger.audit.payloads import SEALED_TO_OTHERS, Opened, open_range
from ledger.cli.options import JsonOption, ProfileOption, load_key, minute_text, parse_range
from ledger.cli.outcome import DISPROVEN, UNCHECKED, command, emit, say, show
from ledger.client import profile
from ledger.client.opening import open_reader
from ledger.core.errors import BeyondTree

audit_app = typer.Typer(no_args_is_help=True, help="For accredited auditors.")

SHOWN = ("authority_country", "authority_name", "legal_process", "outcome", "accounts_disclosed")


@audit_app.callback()
def _audit() -> None:
    """For accredited auditors."""


@audit_app.command("open")
def open_payloads(
    where: Annotated[str, typer.Argument(metavar="RANGE", help="INDEX, BEGIN:END, BEGIN: or :END")],
    profile_path: ProfileOption,
    key: Annotated[Path | None, typer.Option("--key", "-k", help="Auditor key; by default the profile's.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch sealed payloads, open them here, check each against its leaf. Prints what is confidential."""
    with command():
        begin, end = parse_range(where)
        held = profile.load(profile_path)
        pair = load_key(key if key is not None else held.path(held.key or "auditor.key"), "auditor")
        found = asyncio.run(_open(held, pair.x25519_secret, begin, end, as_json))
        closed = f", {found['closed']} not opened" if found["closed"] else ""
        say(f"{found['opened']} payloads opened and held against their leaves, {found['findings']} findings{closed}")
        if found["findings"] or found["closed"]:
            raise typer.Exit(DISPROVEN if found["findings"] else UNCHECKED)


async def _open(held: profile.Profile, secret: bytes, begin: int, end: int | None, as_json: bool) -> Counter[str]:
    counts: Counter[str] = Counter()
    rows = []
    async with open_reader(held, as_role=True) as reader, held.role_channel() as channel:
        signed = await reader.checkpoint()
        size = signed.checkpoint.size
        if begin > size:
            raise BeyondTree(f"range: the published tree has {size} entries")
        stop = size if end is None else end
        async for opened in open_range(channel, reader, secret, begin, stop):
            counts[_outcome(opened)] += 1
            if as_json:
                emit(_facts(opened))
            else:
                rows.append(_row(opened))
    if not as_json:
        show(("entry", "source", "recorded at (UTC)", *SHOWN, "keys", "finding"), rows)
    return counts


def _outcome(opened: Opened) -> str:
    if opened.finding == SEALED_TO_OTHERS:
        return "closed"
    return "findings" if opened.finding else "opened"


def _facts(opened: Opened) -> dict[str, Any]:
    statement, payload = opened.entry.statement, opened.payload
    facts: dict[str, Any] = {
        "index": opened.entry.index,
        "source": statement.source_id,
        "sequence": statement.sequence,
        "finding": opened.finding or None,
    }
    if payload is not None:
        facts["record"] = payload.record_object
        facts["keys"] = [{"type": key.type, "value": key.value.decode("utf-8", "replace")} for key in payload.keys]
    return facts


def _row(opened: Opened) -> tuple[str, ...]:
    statement, payload = opened.entry.statement, opened.payload
    fields = {} if payload is None else payload.record_object
    shown = (str(fields.get(name, "")) for name in SHOWN)
    keys = "" if payload is None else str(len(payload.keys))
    return (
        str(opened.entry.index),
        f"{statement.source_id}:{statement.sequence}",
        minute_text(statement.recorded_at),
        *shown,
        keys,
        opened.finding,
    )
