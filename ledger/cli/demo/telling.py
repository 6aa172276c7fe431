"""What the demo says: steps and progress on stderr, the summary on stdout (on stderr where that is for programs)."""

import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ledger.cli.demo.auditing import Totals
from ledger.cli.demo.stage import Stage


class Teller:
    """Speaks to a person; with ``as_json`` standard output is left to the one object at the end."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self._steps = Console(stderr=True, highlight=False, soft_wrap=True)
        self.summary = Console(stderr=as_json, highlight=False, soft_wrap=True)

    def step(self, text: str) -> None:
        """Say what is being done."""
        self._steps.print(f"· {text}", markup=False)

    @contextmanager
    def progress(self, what: str, total: int) -> Iterator[Callable[[], None]]:
        """Show how far ``what`` has come on a terminal, and a line at its end anywhere."""
        columns = (TextColumn("· {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._steps, transient=True, disable=not self._steps.is_terminal) as progress:
            task = progress.add_task(what, total=total)
            yield lambda: progress.advance(task)
        self.step(f"{total} {what}")

    def verdict(self, holds: bool) -> None:
        """Say whether everything held."""
        self.summary.print("everything verified" if holds else "NOT everything verified", markup=False)


def tell_summary(teller: Teller, source: str, facts: Mapping[str, object], found: Totals, published: Totals) -> None:
    """Print what was published and found in each country, and the facts of the run."""
    console = teller.summary
    table = Table("country", box=None)
    for heading in ("requests published", "in the log", "users published", "in the log"):
        table.add_column(heading, justify="right")
    for country in sorted(published.requests, key=lambda name: (-published.requests[name], name)):
        counts = (published.requests, found.requests, published.users, found.users)
        table.add_row(country, *(f"{count[country]:,}" for count in counts))
    table.add_section()
    sums = (published.requests, found.requests, published.users, found.users)
    table.add_row("all", *(f"{count.total():,}" for count in sums))
    console.print(table)
    console.print(f"published: {source}\n", markup=False)
    for name, value in facts.items():
        console.print(f"{name:18} {value}", markup=False)


def tell_next(teller: Teller, stage: Stage) -> None:
    """Print what to type while the server is up, and how to end it."""
    public, auditor, source = stage.clients / "public", stage.auditor, stage.sources[0].profile.directory
    receipt = min(stage.receipts.iterdir())
    trusted = ("--log", stage.ledger / "log.vkey", "--policy", stage.policy)
    commands = (
        ("the log as a stranger sees it", ("ledger", "entries", ":10", "--profile", public)),
        ("a receipt, verified offline", ("ledger", "verify", receipt, *trusted)),
        ("what the auditor may open", ("ledger", "audit", "open", ":20", "--profile", auditor)),
        ("more disclosures", ("ledger", "record", stage.clear / "sample.jsonl", "--profile", source)),
        ("how the ledger is", ("ledgerctl", "status", "--ledger", stage.ledger)),
        ("end the server and the witnesses", ("kill", *stage.processes)),
    )
    teller.summary.print(f"\nserving on {stage.server.bound.public}; type next:", markup=False)
    for what, words in commands:
        teller.summary.print(f"  {shlex.join(map(str, words))}   # {what}", markup=False)
