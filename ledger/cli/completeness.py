"""``ledger completeness``: did every source close each period in time, and what contradicts the log or is overdue."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ledger.audit.completeness import judge_files, judge_server
from ledger.audit.page.report import page
from ledger.audit.reading import FilesLog
from ledger.cli.completeness_facts import facts
from ledger.cli.completeness_text import tell
from ledger.cli.options import JsonOption, refuse_existing, write_whole
from ledger.cli.outcome import DISPROVEN, PROVEN, UNCHECKED, command, emit, say
from ledger.cli.verify import load_log
from ledger.client import profile
from ledger.client.opening import open_reader
from ledger.client.profile import Profile
from ledger.core.bodies import Period
from ledger.core.completeness import Completeness
from ledger.core.completeness_report import UNRESOLVED_DAYS, Report, report
from ledger.core.errors import ConfigInvalid, InvalidInput, VerificationFailed
from ledger.core.note import VKey
from ledger.core.periods import parse_period, period_end
from ledger.core.policy import Policy
from ledger.core.rules import MAX_MINUTE
from ledger.tiles.fetching import HttpSource
from ledger.tiles.source import FolderSource


def completeness(
    where: Annotated[
        str | None,
        typer.Argument(
            metavar="[URL|DIR]", help="Where the log's files are; by default the profile's server is asked."
        ),
    ] = None,
    profile_path: Annotated[
        Path | None,
        typer.Option("--profile", "-p", envvar="LEDGER_PROFILE", help="Profile file, or the directory that holds it."),
    ] = None,
    log: Annotated[str | None, typer.Option("--log", help="The log's verifier key, or a file that holds it.")] = None,
    policy: Annotated[Path | None, typer.Option(help="Witness policy that times are judged by.")] = None,
    begin: Annotated[str | None, typer.Option("--from", metavar="PERIOD", help="Show no earlier periods.")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="PERIOD", help="Show no later periods.")] = None,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="Judge as of this time, UTC; now.")] = None,
    unresolved_after: Annotated[
        int, typer.Option(min=0, metavar="DAYS", help="Days after which a disclosure without a delivery is a finding.")
    ] = UNRESOLVED_DAYS,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write one self-contained page, over nothing.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Judge each period of each source from leaves alone, checking the whole log; exit 1 on any finding.

    PERIOD is a day 2026-11-25, an ISO week 2026-W48 or a month 2026-11. What is shown is chosen, never what is checked.
    """
    with command():
        first, last = _range(begin, end)
        minute = int(time.time()) // 60 if at is None else parse_minute(at)
        if html is not None:
            refuse_existing(html)
        judged, cosigned = _judged(where, profile_path, log, policy)
        found = report(judged, minute, unresolved_after)
        shown = found.shown(first, last)
        if html is not None:
            write_whole(html, page(found, shown, cosigned).encode())
            say(f"{html}: written")
        code = code_of_report(found)
        if as_json:
            emit(facts(found, shown, cosigned, {PROVEN: "proven", DISPROVEN: "disproven"}.get(code, "unchecked")))
        else:
            tell(found, shown, cosigned)
        if code:
            raise typer.Exit(code)


def code_of_report(found: Report) -> int:
    """Return the exit code: 1 on any finding, 2 where nothing or not all could be judged."""
    if found.findings:
        return DISPROVEN
    return UNCHECKED if found.stop is not None or not found.size else PROVEN


def parse_minute(text: str) -> int:
    """Return the minute since the epoch of 2026-11-25 or 2026-11-25T10:30, UTC unless it says otherwise."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput("at", "must be a time such as 2026-11-25T10:30") from None
    minute = int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()) // 60
    if not 0 <= minute <= MAX_MINUTE:
        raise InvalidInput("at", f"must be at most {MAX_MINUTE} minutes after 1970-01-01")
    return minute


def _range(begin: str | None, end: str | None) -> tuple[int, int]:
    """Return the minutes [begin, end) that are shown."""
    first = 0 if begin is None else parse_period(begin, "from")
    if end is None:
        return first, MAX_MINUTE + 1
    kind = Period.WEEK if "W" in end else Period.MONTH if end.count("-") == 1 else Period.DAY
    last = period_end(parse_period(end, "to"), kind)
    if last <= first:
        raise InvalidInput("to", "must not lie before the period that is shown first")
    return first, last


def _judged(
    where: str | None, profile_path: Path | None, log: str | None, policy: Path | None
) -> tuple[Completeness, bool]:
    """Return the judgment of a server's log, or of files, and whether its checkpoint has the policy's quorum."""
    held = None if profile_path is None else profile.load(profile_path)
    if where is None:
        if held is None or log is not None or policy is not None:
            raise ConfigInvalid(["--profile: missing, or beside --log or --policy; those are for the files of a log"])
        return asyncio.run(_served(held)), held.policy() is not None
    if log is not None:
        key = load_log(log)
    elif held is not None:
        key = VKey.parse(held.vkey)
    else:
        raise ConfigInvalid(["--log: missing, and no profile says the log's key"])
    raw = policy.read_bytes() if policy is not None else _policy(held)
    source = HttpSource(where) if "://" in where else FolderSource(Path(where))
    files = FilesLog(source, key, None if raw is None else Policy.parse(raw))
    judged = judge_files(files, key, raw)
    if held is not None and judged.state is not None and judged.state.log_id != held.pins.log_id:
        raise VerificationFailed("log_id: these files are of another log than the profile's")
    return judged, files.cosigned


async def _served(held: Profile) -> Completeness:
    async with open_reader(held) as reader:
        return await judge_server(reader, _policy(held))


def _policy(held: Profile | None) -> bytes | None:
    """Return the file of the profile's witness policy."""
    if held is None or held.policy() is None:
        return None
    return held.path(held.witnesses).read_bytes()
