"""``ledger audit report``: a range audited, and what was found signed by the auditor and logged."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from ledger.audit.reports import Report, submit
from ledger.cli.auditing import OUTCOMES, Found, auditing, auditor_key, end_as
from ledger.cli.options import ProfileOption, parse_range, refuse_existing, write_whole
from ledger.cli.outcome import command, say
from ledger.client import profile
from ledger.client.keyfile import KeyFile
from ledger.client.profile import Profile
from ledger.core.errors import InvalidInput, NotPermitted


def report(
    where: Annotated[str, typer.Argument(metavar="RANGE", help="INDEX, BEGIN:END, BEGIN: or :END")],
    profile_path: ProfileOption,
    key: Annotated[Path | None, typer.Option("--key", "-k", help="Auditor key; by default the profile's.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; by default report-BEGIN-END.json.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write the file, and log nothing.")] = False,
) -> None:
    """Audit a range as ``open`` does, write what was found, without a value of any record, and have it logged.

    The receipt of the logged report is written beside the file.
    """
    with command():
        begin, end = parse_range(where)
        if end is not None:
            _refuse_existing(_path(out, begin, end))
        held = profile.load(profile_path)
        end_as(asyncio.run(_report(held, auditor_key(held, key), begin, end, out, dry_run)))


async def _report(held: Profile, pair: KeyFile, begin: int, end: int | None, out: Path | None, dry_run: bool) -> Found:
    async with auditing(held, pair) as audit:
        key_id = audit.auditor.key_id
        if key_id is None:
            raise NotPermitted("key: the log never named an auditor with it")
        found = await audit.run(begin, end, lambda _: None)
        if found.end == found.begin:
            raise InvalidInput("range", "has no entry to report on")
        path = _path(out, found.begin, found.end)
        _refuse_existing(path)
        counts = {name: found.counts[name] for name in OUTCOMES}
        overdue = [due.index for due in found.overdue]
        made = Report(held.pins.log_id, key_id, found.begin, found.end, counts, found.findings, overdue)
        write_whole(path, made.format())
        say(f"report on entries {found.begin} to {found.end - 1} in {path}")
        if not dry_run:
            index, receipt = await submit(audit.channel, audit.reader, made.statement(pair.secret))
            write_whole(_receipt_path(path), receipt)
            say(f"logged as entry {index}, its receipt in {_receipt_path(path)}")
        return found


def _path(out: Path | None, begin: int, end: int) -> Path:
    return out if out is not None else Path(f"report-{begin}-{end}.json")


def _refuse_existing(path: Path) -> None:
    refuse_existing(path)
    refuse_existing(_receipt_path(path))


def _receipt_path(path: Path) -> Path:
    return path.with_name(path.name + ".tlog-proof")
