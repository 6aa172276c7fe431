"""An audit of a range as its commands share it: every entry taken, counted, and evidence kept where there is some."""

import os
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import grpc
import typer

from ledger.audit.boxes import Auditor, known_auditor
from ledger.audit.evidence import evidence
from ledger.audit.orders import Due, Papers
from ledger.audit.payloads import Opened, open_range
from ledger.cli.options import load_key
from ledger.cli.outcome import DISPROVEN, UNCHECKED, printable, say
from ledger.client.keyfile import KeyFile
from ledger.client.opening import open_reader
from ledger.client.profile import Profile
from ledger.client.reads import LogClient
from ledger.core.errors import BeyondTree, LedgerError

OUTCOMES: Final = ("opened", "findings", "erased", "not_opened")


@dataclass(slots=True)
class Found:
    """What an audit of entries [begin, end) came to."""

    begin: int
    end: int
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[tuple[int, str]] = field(default_factory=list)
    overdue: list[Due] = field(default_factory=list)

    def tell(self) -> None:
        """Say what it came to, and end the command unless all is proven."""
        for due in self.overdue:
            say(f"entry {due.index}: papers overdue, of an emergency of {due.place[0]}:{due.place[1]}")
        counts = self.counts
        erased = f", {counts['erased']} erased" if counts["erased"] else ""
        closed = f", {counts['not_opened']} not opened" if counts["not_opened"] else ""
        opened = f"{counts['opened']} payloads opened and held against their leaves"
        say(f"{opened}, {counts['findings']} findings{erased}{closed}")

    @property
    def code(self) -> int:
        """The exit code that it is worth."""
        return DISPROVEN if self.counts["findings"] else UNCHECKED if self.counts["not_opened"] else 0


@dataclass(frozen=True, slots=True)
class Audit:
    """An auditor at work: connections, and who it is in the log."""

    reader: LogClient
    channel: grpc.aio.Channel
    auditor: Auditor

    async def run(
        self, begin: int, end: int | None, take: Callable[[Opened], object], folder: Path | None = None
    ) -> Found:
        """Hand every entry of a range that was opened, or ought to be, to ``take``; keep evidence in ``folder``."""
        size = (await self.reader.checkpoint()).checkpoint.size
        if begin > size:
            raise BeyondTree(f"range: the published tree has {size} entries")
        found, papers = Found(begin, size if end is None else end), Papers()
        async for opened in open_range(self.channel, self.reader, self.auditor, begin, found.end):
            statement = opened.entry.statement
            if opened.payload is not None:
                papers.take(opened.entry.index, statement, opened.payload.record_object)
            found.counts[_outcome(opened)] += 1
            if opened.finding:
                found.findings.append((opened.entry.index, opened.finding))
                if folder is not None:
                    await self._keep(folder, opened)
            take(opened)
        if found.end > begin:
            found.overdue = papers.overdue((await self.reader.entry(found.end - 1)).statement.recorded_at)
        return found

    async def _keep(self, folder: Path, opened: Opened) -> None:
        """Write the evidence in an entry, or say why there is none; nothing that is there already is replaced."""
        index = opened.entry.index
        path = folder / f"{index}.conviction"
        try:
            data = await evidence(self.reader, self.auditor, opened)
        except LedgerError as error:
            say(printable(f"entry {index}: no evidence against its source: {error}"))
            return
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            say(f"{path}: exists already; nothing was changed")
            return
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        say(f"entry {index}: evidence against its source in {path}; who has it may read the record")


@asynccontextmanager
async def auditing(held: Profile, pair: KeyFile) -> AsyncIterator[Audit]:
    """Yield an auditor at work under a profile."""
    async with open_reader(held, as_role=True) as reader, held.role_channel() as channel:
        yield Audit(reader, channel, await known_auditor(reader, pair.x25519_secret))


def auditor_key(held: Profile, key: Path | None) -> KeyFile:
    """Return the auditor's key at ``key``, by default the profile's."""
    return load_key(key if key is not None else held.path(held.key or "auditor.key"), "auditor")


def evidence_folder(path: Path | None) -> Path | None:
    """Return the folder for evidence, made for its owner alone."""
    if path is not None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def end_as(found: Found) -> None:
    """Say what an audit came to, and end the command as that is worth."""
    found.tell()
    if found.code:
        raise typer.Exit(found.code)


def _outcome(opened: Opened) -> str:
    if opened.finding:
        return "findings"
    if opened.unchecked:
        return "not_opened"
    if opened.payload is not None:
        return "opened"
    return "erased" if opened.erased else "referring"
