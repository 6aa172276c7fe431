"""``ledger mirror``: anybody's verified copy of a log, ours or another's, from its files on the web or in a folder."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ledger.cli.options import JsonOption
from ledger.cli.outcome import UNCHECKED, command, emit, say
from ledger.cli.verify import load_log
from ledger.core.encoding import encode_base64
from ledger.core.note import VKey
from ledger.tiles import mirror as tiles_mirror
from ledger.tiles.fetching import HttpSource
from ledger.tiles.mirror import Mirrored
from ledger.tiles.source import FolderSource, Source


def mirror(
    source: Annotated[str, typer.Argument(metavar="URL|DIR", help="Where the log's checkpoint and tiles are.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The copy; made if it is missing.")],
    log: Annotated[str, typer.Option("--log", help="The log's verifier key, or a file that holds it.")],
    origin: Annotated[str | None, typer.Option(help="The log's origin, where it is not its key's name.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Copy a log, or what is new in it, and verify every entry; exit 1 when it contradicts what it showed before."""
    with command():
        try:
            found = _run(_source(source), folder, load_log(log), origin)
        except KeyboardInterrupt:
            say("interrupted; the copy is as it was, and the next run goes on from here")
            raise typer.Exit(UNCHECKED) from None
        checkpoint = found.signed.checkpoint
        new = checkpoint.size - found.before
        if as_json:
            facts = {"origin": checkpoint.origin, "tree_size": checkpoint.size, "root": encode_base64(checkpoint.root)}
            emit({**facts, "new_entries": new})
        else:
            print(f"verified: {checkpoint.size} entries of {checkpoint.origin}, {new} of them new")
            say("consistent with all that this copy saw before; not shown that others see the same log")


def _source(text: str) -> Source:
    return HttpSource(text) if "://" in text else FolderSource(Path(text))


def _run(source: Source, folder: Path, log: VKey, origin: str | None) -> Mirrored:
    console = Console(stderr=True)
    columns = (TextColumn("copying"), BarColumn(), MofNCompleteColumn(), TextColumn("entries"), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("copying", total=None)

        def told(copied: int, size: int) -> None:
            progress.update(task, completed=copied, total=size)

        return tiles_mirror.mirror(source, folder, log, origin, told)
