"""The auditor's part: ``ledger audit open`` over the whole log, in as many processes as there are processors."""

import asyncio
import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from ledger.cli.demo import processes
from ledger.cli.demo.figures import Row
from ledger.cli.demo.stage import Stage

MOST_PROCESSES: Final = 4


@dataclass(slots=True)
class Totals:
    """What an auditor read: payloads opened, findings, and requests and users by country."""

    opened: int = 0
    findings: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    users: Counter[str] = field(default_factory=Counter)

    def add(self, line: bytes) -> None:
        """Take one line of ``ledger audit open --json``."""
        facts = json.loads(line)
        if facts.get("finding") or "not_opened" in facts:
            self.findings += 1
            return
        if facts.get("body", "DISCLOSURE") != "DISCLOSURE" or "record" not in facts:
            return
        record = facts["record"]
        country = record["authority_country"]
        self.opened += 1
        self.requests[country] += 1
        self.users[country] += record["accounts_disclosed"]


def published(rows: Sequence[Row]) -> Totals:
    """Return the totals that the figures state."""
    totals = Totals(opened=sum(row.requests for row in rows))
    for row in rows:
        totals.requests[row.country] += row.requests
        totals.users[row.country] += row.users
    return totals


async def audit(stage: Stage, size: int, progress: Callable[[], None]) -> Totals:
    """Return what the auditor reads in entries [0, size)."""
    totals = Totals()
    count = max(1, min(MOST_PROCESSES, os.cpu_count() or 1, size // 1024))
    bounds = [size * part // count for part in range(count + 1)]

    async def open_range(begin: int, end: int) -> None:
        command = ("audit", "open", f"{begin}:{end}", "--profile", str(stage.auditor), "--json")
        process = await processes.lines("ledger", *command)
        assert process.stdout is not None  # noqa: S101 -- it was asked for
        async for line in process.stdout:
            totals.add(line)
            progress()
        if await process.wait() != 0:
            totals.findings += 1

    async with asyncio.TaskGroup() as group:
        for begin, end in pairwise(bounds):
            group.create_task(open_range(begin, end))
    return totals
