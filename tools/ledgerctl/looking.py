"""``ledgerctl status`` and ``ledgerctl fsck``: how a ledger is, and whether its store is whole."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from ledger.cli.options import JsonOption
from ledger.cli.outcome import DISPROVEN, command, emit, show
from ledger.core.checkpoint import open_checkpoint
from ledger.core.encoding import encode_base64
from ledger.core.note import VKey
from ledger.core.sealing_policy import SealingPolicy
from ledger.engine import fsck as engine_fsck
from ledger.engine.store import Store
from ledger.service import config
from ledgerctl import connection
from ledgerctl.governing import LedgerOption
from ledgerctl.publishing import published


def status(directory: LedgerOption = Path(), as_json: JsonOption = False) -> None:
    """Show what a running ledger stands at: tree, sources, auditors, witnesses; exit 1 when it has halted."""
    with command():
        found = connection.status(directory)
        sealing = SealingPolicy.parse(connection.policies(directory).sealing_policy)
        signed = open_checkpoint(found.checkpoint, VKey.parse(found.vkey), found.origin).checkpoint
        facts = {
            "origin": found.origin,
            "vkey": found.vkey,
            "log_id": found.log_id.hex(),
            "tree_size": signed.size,
            "root": encode_base64(signed.root),
            "cosigned_size": found.cosigned_size or None,
            "cosigned_time": _time_text(found.cosigned_time),
            "anchored": found.anchored_index or None,
            "next_number": found.next_number,
            "approvers": len(found.approvers),
            "threshold": next((row.count for row in found.thresholds if row.body == 0), 0),
            "published": list(sealing.publish) if as_json else published(sealing),
            "queued_bytes": found.queued_bytes,
            "halted": found.halted or None,
        }
        sources = [
            {
                "source": row.head.source_id,
                "service": row.service,
                "next_sequence": row.head.next_sequence,
                "state": "revoked" if row.head.revoked else "forced key" if row.forced else "enrolled",
            }
            for row in found.sources
        ]
        auditors = [
            {"name": row.name, "state": "removed" if row.removed else "accredited", "fetches": row.fetches}
            for row in found.auditors
        ]
        witnesses = [
            {
                "witness": row.name,
                "tree_size": row.size,
                "cosigned": _time_text(row.timestamp),
                "failures": row.failures,
                "failure": row.failure or None,
            }
            for row in found.witnesses
        ]
        if as_json:
            emit({**facts, "sources": sources, "auditors": auditors, "witnesses": witnesses})
        else:
            for name, value in facts.items():
                print(f"{name:13} {'no' if value is None else value}")
            _print(sources)
            _print(auditors)
            _print(witnesses)
        if found.halted:
            raise typer.Exit(DISPROVEN)


def _print(rows: Sequence[Mapping[str, object]]) -> None:
    if rows:
        show(tuple(rows[0]), [["-" if value is None else str(value) for value in row.values()] for row in rows])


def _time_text(seconds: int) -> str | None:
    """Return a time with its age, None for none."""
    if not seconds:
        return None
    moment = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"{moment} ({int(time.time()) - seconds} s ago)"


def fsck(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The ledger's directory; its server is stopped.")],
    as_json: JsonOption = False,
) -> None:
    """Recompute everything from stored bytes; name the first wrong thing, exit 1."""
    with command():
        settings = config.load(directory)
        store = Store.open(settings.path(settings.store))
        console = Console(stderr=True)
        try:
            with Progress(
                SpinnerColumn(), TextColumn("{task.description}"), console=console, disable=not console.is_terminal
            ) as progress:
                task = progress.add_task("checking")
                checked = engine_fsck.check(
                    store, lambda size: progress.update(task, description=f"{size} entries checked")
                )
        finally:
            store.close()
        facts = {"tree_size": checked.size, "payloads": checked.payloads, "root": encode_base64(checked.root)}
        if as_json:
            emit(facts)
        else:
            print(f"whole: {checked.size} entries, {checked.payloads} payloads, root {facts['root']}")
