"""Months in seconds: a second ledger whose clock is moved by hand, and the report on who closed what in time.

Closings, a period that is over, a date that lies back: all of it takes months, so the demo's second ledger runs in this
process, and its clock and its sources' go from month to month. Its reader judges as of the last of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ledger.cli import exporting
from ledger.cli.demo import processes
from ledger.cli.demo.stage import Source
from ledger.cli.issuing import issue
from ledger.cli.outcome import DISPROVEN
from ledger.client import keyfile
from ledger.client.admin import AdminClient
from ledger.client.keyfile import KeyFile
from ledger.client.opening import open_recorder
from ledger.client.profile import AllowedAuditor
from ledger.client.requests import Request, request_auditor, request_key_change, request_source
from ledger.core import bodies, sealing_policy
from ledger.core.completeness_report import Status
from ledger.core.findings import Kind
from ledger.core.periods import period_end, period_start
from ledger.core.record_input import Disclosure
from ledger.service import config, keys
from ledger.service.server import Server
from ledger.service.setup import NO_WITNESSES, Opening, open_log

ORIGIN: Final = "ledger.example/calendar"
CLOSES: Final = "mail.eu-1"
"""A source that closes what it recorded."""
QUIET: Final = "files.eu-1"
"""One that closes quiet months with zero, and confesses late."""
FORGETS: Final = "maps.eu-1"
"""One that forgets a month, and loses its key."""

FOUND: Final = ("closed with zero", "a closing forgotten", "a late confession", "a forced key change")
"""What the report on the second ledger has to tell."""

_AUDITOR: Final = "Example Auditor"


@dataclass(slots=True)
class Calendar:
    """The second ledger, below ``directory``; ``minute`` is everybody's clock."""

    directory: Path
    server: Server
    approver: KeyFile
    minute: int
    enrolled: dict[str, bodies.SourceEnrolled] = field(default_factory=dict)

    @property
    def ledger(self) -> Path:
        """The ledger's own directory."""
        return self.directory / "ledger"

    def clock(self) -> float:
        """Return the seconds since the epoch by the clock that is moved by hand."""
        return self.minute * 60.0

    def next_month(self) -> None:
        """Go to noon of the second day of the next month: its closings are due, and not late."""
        start = period_start(self.minute, bodies.Period.MONTH)
        self.minute = period_end(start, bodies.Period.MONTH) + 12 * 60

    async def govern(self, request: Request) -> int:
        """Log an approved statement, and return its index."""
        async with AdminClient.local(Path(self.server.bound.socket)) as admin:
            status = await admin.status()
            answer = await admin.govern(request.numbered(status.next_number).approved([self.approver.secret]).body)
        return int(answer.index)


async def months(directory: Path, disclosure: Disclosure, now: float) -> tuple[str, ...]:
    """Play some months in ``directory``, an empty one, and return what the report on them tells.

    The page for people is written to ``completeness.html`` beside the ledger.
    """
    minute, approver = int(now) // 60, keyfile.generate("approver")
    opening = Opening(
        ORIGIN,
        (approver.public.public,),
        1,
        NO_WITNESSES,
        sealing_policy.DEFAULT,
        public_listen="127.0.0.1:0",
        role_listen="127.0.0.1:0",
        metrics_listen="",
    )
    open_log(directory / "ledger", opening, now)
    settings = config.load(directory / "ledger")
    held = Calendar(directory, None, approver, minute)  # type: ignore[arg-type]  # it starts with the next line
    held.server = await Server.start(settings, keys.load(settings.path(settings.keys)), held.clock)
    try:
        forced, late = await _play(held, disclosure)
        await exporting.export(settings, directory / "files")
    finally:
        await held.server.stop()
    return await _report(held, forced, late)


async def _play(held: Calendar, disclosure: Disclosure) -> tuple[int, int]:
    """Let three months pass; return the indexes of the forced key change and of the late confession."""
    sources = {name: await _enrol(held, name) for name in (CLOSES, QUIET, FORGETS)}
    first = period_start(held.minute, bodies.Period.MONTH)
    await _record(held, sources[CLOSES], disclosure, disclosure)
    await _record(held, sources[FORGETS], disclosure, close="hand")
    held.next_month()
    await _record(held, sources[CLOSES])
    await _record(held, sources[QUIET])
    held.next_month()
    late = await _record(held, sources[QUIET], replace(disclosure, late_for=first))
    await _record(held, sources[CLOSES])
    key = keyfile.generate("source")
    return await held.govern(_forced(held, FORGETS, key)), late


async def _enrol(held: Calendar, name: str) -> Source:
    """Enrol a source that closes months; the first one brings the auditor."""
    log_id, clients = held.server.sequencer.view.governing.log_id, held.directory / "clients"
    path = clients / "auditor.key"
    if not path.exists():
        clients.mkdir()
        auditor = keyfile.generate("auditor", _AUDITOR)
        keyfile.save(path, auditor)
        await held.govern(request_auditor(log_id, auditor.secret, auditor.public.x25519, _AUDITOR))
    public = keyfile.load_public(path.with_name("auditor.key.pub"))
    key = keyfile.generate("source")
    request = request_source(log_id, key.secret, name, name.partition(".")[0])
    assert isinstance(request.body, bodies.SourceEnrolled)  # noqa: S101 -- what was asked for
    held.enrolled[name] = request.body
    await held.govern(request)
    allowed = AllowedAuditor(_AUDITOR, public.ed25519, public.x25519)
    return Source(issue(held.ledger, "source", name, clients / name, (allowed,)), key)


async def _record(held: Calendar, source: Source, *disclosures: Disclosure, close: str = "") -> int:
    """Have a source record what there is, and close what is over unless by hand; return the last index, or 0."""
    index = 0
    async with open_recorder(source.profile, source.key, held.clock, 60.0, close=close) as recorder:
        for item in disclosures:
            index = (await recorder.record(item)).index
    return index


def _forced(held: Calendar, name: str, key: KeyFile) -> Request:
    """Return the request for a key that the old one does not sign for."""
    view = held.server.sequencer.view
    replaces = view.sources[name].key_statement
    return request_key_change(view.governing.log_id, held.enrolled[name], replaces, key.secret, None)


async def _report(held: Calendar, forced: int, late: int) -> tuple[str, ...]:
    """Return what ``ledger completeness`` finds in the exported files, as a stranger runs it."""
    page = held.directory.parent / "completeness.html"
    trusted = ("--log", str(held.ledger / "log.vkey"), "--at", _text(held.minute))
    words = ("completeness", str(held.directory / "files"), *trusted, "--html", str(page), "--json")
    code, rows = await processes.answer("ledger", *words)
    if code != DISPROVEN or not rows or not page.exists():
        return ()
    told = rows[-1]
    outcomes = {
        FOUND[0]: _closed_with_zero(told, QUIET),
        FOUND[1]: _has(told, Kind.MISSING, FORGETS),
        FOUND[2]: _has(told, Kind.LATE_DISCLOSURES, QUIET, late),
        FOUND[3]: _has(told, Kind.FORCED, FORGETS, forced),
    }
    return tuple(name for name in FOUND if outcomes[name])


def _has(report: Mapping[str, Any], kind: Kind, source: str, index: int | None = None) -> bool:
    """Return whether a report has a finding about a source, shown by the entry at ``index`` if one is named."""
    found = [item for item in report["findings"] if (item["kind"], item["source"]) == (kind.value, source)]
    return any(index is None or index in [shown["index"] for shown in item["evidence"]] for item in found)


def _closed_with_zero(report: Mapping[str, Any], source: str) -> bool:
    """Return whether a source said on time that a period held nothing."""
    (row,) = [row for row in report["sources"] if row["source"] == source]
    return any((cell["status"], cell["disclosures"]) == (Status.ON_TIME.value, 0) for cell in row["periods"])


def _text(minute: int) -> str:
    return datetime.fromtimestamp(minute * 60, UTC).strftime("%Y-%m-%dT%H:%M")
