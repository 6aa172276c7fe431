"""``ledger audit``: what an accredited auditor may read, opened on the auditor's own machine, and reports."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from ledger.audit.histories import Histories
from ledger.audit.payloads import Opened
from ledger.audit.summary import COUNTS, Summary
from ledger.cli.audit_report import report
from ledger.cli.audit_rows import HEADER, facts, history_facts, history_rows, overdue_facts, row, summary_facts
from ledger.cli.auditing import Found, auditing, auditor_key, end_as, evidence_folder
from ledger.cli.options import JsonOption, ProfileOption, parse_range
from ledger.cli.outcome import command, emit, show
from ledger.client import profile
from ledger.client.keyfile import KeyFile
from ledger.client.profile import Profile
from ledger.core.errors import InvalidInput

audit_app = typer.Typer(no_args_is_help=True, help="For accredited auditors.")
audit_app.command("report")(report)


@audit_app.callback()
def _audit() -> None:
    """For accredited auditors."""


@audit_app.command("open")
def open_payloads(
    where: Annotated[str, typer.Argument(metavar="RANGE", help="INDEX, BEGIN:END, BEGIN: or :END")],
    profile_path: ProfileOption,
    key: Annotated[Path | None, typer.Option("--key", "-k", help="Auditor key; by default the profile's.")] = None,
    histories: Annotated[
        bool, typer.Option("--histories", help="Each disclosure with what became of it, as far as RANGE has it.")
    ] = False,
    summary: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN,…", help="Counts by country, process, category (each counts for itself) and month alone."
        ),
    ] = None,
    evidence: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for evidence against sources, INDEX.conviction.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch sealed payloads, open them here, check each against its leaf. Prints what is confidential."""
    with command():
        begin, end = parse_range(where)
        if histories and summary is not None:
            raise InvalidInput("summary", "is asked for in place of histories, not beside them")
        counted = None if summary is None else Summary(summary.split(","))
        grouped = Histories() if histories else None
        rows: list[tuple[str, ...]] = []

        def plain(opened: Opened) -> None:
            if not (opened.has_payload or opened.finding):
                return
            if as_json:
                emit(facts(opened))
            else:
                rows.append(row(opened))

        take: Callable[[Opened], object] = plain
        if grouped is not None:
            take = grouped.take
        elif counted is not None:
            take = counted.take
        held = profile.load(profile_path)
        pair = auditor_key(held, key)
        found = asyncio.run(_open(held, pair, begin, end, take, evidence_folder(evidence)))
        if counted is not None:
            _show_summary(counted, as_json)
        elif grouped is not None:
            _show_histories(grouped, as_json)
        elif not as_json:
            show(HEADER, rows)
        if as_json and found.overdue:
            emit(overdue_facts(found.overdue))
        end_as(found)


async def _open(
    held: Profile, pair: KeyFile, begin: int, end: int | None, take: Callable[[Opened], object], folder: Path | None
) -> Found:
    async with auditing(held, pair) as audit:
        return await audit.run(begin, end, take, folder)


def _show_histories(grouped: Histories, as_json: bool) -> None:
    if as_json:
        for history in grouped:
            emit(history_facts(grouped, history))
    else:
        show((*HEADER, "state"), [cells for history in grouped for cells in history_rows(grouped, history)])


def _show_summary(counted: Summary, as_json: bool) -> None:
    if as_json:
        for found in summary_facts(counted):
            emit(found)
    else:
        show((*counted.columns, *COUNTS), [(*said, *map(str, counts)) for said, counts in counted.rows()])
