"""``ledger queue list``, ``flush`` and ``drop``: disclosures that were put off while the ledger was out of reach."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from ledger.cli.following import KeyOption, Own, PatienceOption, tell, tell_opening
from ledger.cli.options import JsonOption, ProfileOption, load_key, minute_text
from ledger.cli.outcome import UNCHECKED, command, emit, say, show
from ledger.client.journal import Journal
from ledger.client.opening import open_journal, open_recorder
from ledger.client.range_receipt import Receipt
from ledger.client.waiting import Waiting
from ledger.core.record_input import Disclosure
from ledger.core.rules import month_text

queue_app = typer.Typer(no_args_is_help=True, help="Disclosures that wait to be signed and delivered.")

NumberArgument = Annotated[int, typer.Argument(min=1, metavar="NUMBER", help="Its number in the list.")]


@queue_app.callback()
def _queue() -> None:
    """Disclosures that wait to be signed and delivered."""


@contextmanager
def _journal(own: Own) -> Iterator[Journal]:
    journal = open_journal(own.profile, own.key)
    try:
        yield journal
    finally:
        journal.close()


@queue_app.command("list")
def list_waiting(
    profile_path: ProfileOption,
    key: KeyOption = None,
    plain: Annotated[
        bool, typer.Option("--show", help="Decrypt each and show it whole, as JSON; by default nothing of it is shown.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List what waits: number, since when, size class, state. No connection is needed."""
    with command():
        own = Own.load(profile_path, key)
        with _journal(own) as journal:
            rows = journal.waiting.rows()
            if plain or as_json:
                for row in rows:
                    emit({**_facts(row), **({"disclosure": _whole(journal.waiting.one(row.number))} if plain else {})})
            else:
                cells = [[str(cell) for cell in _facts(row).values()] for row in rows]
                show(("number", "since", "size", "state", "reason"), cells)
        refused = sum(row.state == "refused" for row in rows)
        say(f"{len(rows)} in the queue, {refused} of them refused")


def _facts(row: Waiting) -> dict[str, Any]:
    return {
        "number": row.number,
        "since": minute_text(row.since // 60),
        "size": row.size,
        "state": row.state,
        "reason": row.refusal,
    }


def _whole(disclosure: Disclosure) -> dict[str, Any]:
    """Return a disclosure with its keys in canonical form."""
    keys = [{"type": key.type, "value": key.value.decode(errors="replace")} for key in disclosure.keys]
    whole: dict[str, Any] = {"record": disclosure.record.to_json_object(), "keys": keys}
    if disclosure.embargo is not None:
        whole["embargo"] = month_text(disclosure.embargo)
    if disclosure.late_for is not None:
        whole["late_for"] = minute_text(disclosure.late_for).partition(" ")[0]
    return whole


@queue_app.command()
def flush(
    profile_path: ProfileOption,
    key: KeyOption = None,
    receipts: Annotated[Path | None, typer.Option(help="Folder to write a receipt to for each.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Try those once more that the log refused.")] = False,
    old_key: Annotated[
        Path | None, typer.Option(help="The source's earlier key, where some were put off before it was changed.")
    ] = None,
    patience: PatienceOption = 60,
    as_json: JsonOption = False,
) -> None:
    """Sign and deliver what waits, oldest first; exit 2 if the log refused some, which stay with the reason."""
    with command():
        own, done = Own.load(profile_path, key), 0
        with _journal(own) as journal:
            if old_key is not None:
                journal.adopt(load_key(old_key, "source").secret.seed)
            if again:
                journal.waiting.again()

        def deliver(number: int, receipt: Receipt) -> None:
            nonlocal done
            done += 1
            tell([receipt], [f"waited as {number}"], receipts, as_json)

        async def run() -> None:
            async with open_recorder(own.profile, own.key, patience=patience, tell=deliver) as recorder:
                tell_opening(own.profile.name, recorder)

        asyncio.run(run())
        with _journal(own) as journal:
            refused = [row for row in journal.waiting.rows() if row.refusal]
        for row in refused:
            say(f"number {row.number} is refused: {row.refusal}")
        say(f"{done} delivered" + (f", receipts in {receipts}" if receipts else ""))
        if refused:
            raise typer.Exit(UNCHECKED)


@queue_app.command()
def drop(
    number: NumberArgument,
    profile_path: ProfileOption,
    key: KeyOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take one away for good: it is never recorded, and what it describes must not be handed over."""
    with command():
        own = Own.load(profile_path, key)
        with _journal(own) as journal:
            journal.waiting.one(number)
            if not yes:
                typer.confirm(f"Drop number {number}, so that it is never recorded?", abort=True, err=True)
            journal.waiting.drop(number)
        say(f"number {number} is dropped")
