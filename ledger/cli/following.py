"""What the commands share that say something of an earlier entry: finding it, opening it, sending what is said."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import grpc
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from ledger.cli.options import load_key, parse_where, write_whole
from ledger.cli.outcome import emit, say
from ledger.client import profile
from ledger.client.history import History, read_history
from ledger.client.keyfile import KeyFile
from ledger.client.opening import open_reader, open_recorder
from ledger.client.payloads import open_own
from ledger.client.profile import Profile
from ledger.client.range_receipt import Receipt
from ledger.client.reads import Entry, LogClient
from ledger.client.recorder import Recorder
from ledger.client.releases import Settled
from ledger.core import bodies
from ledger.core.building import Prepared
from ledger.core.errors import ConfigInvalid, InvalidInput, NotPermitted
from ledger.core.merkle import leaf_hash
from ledger.core.sealed import OpenedPayload
from ledger.core.sealed_keys import x25519_secret

WhereArgument = Annotated[str, typer.Argument(metavar="INDEX|SOURCE:SEQUENCE", help="The entry.")]
KeyOption = Annotated[Path | None, typer.Option("--key", "-k", help="Source key; by default the profile's.")]
OldKeyOption = Annotated[
    list[Path] | None, typer.Option("--old-key", help="Earlier key of the source, which opens what was sealed to it.")
]
PatienceOption = Annotated[float, typer.Option(help="Seconds to go on trying while the ledger is out of reach.")]
ReceiptsOption = Annotated[Path | None, typer.Option(help="Folder to write the receipt to.")]


@dataclass(frozen=True, slots=True)
class Own:
    """A source that speaks of its own entries: its profile, its key, and earlier ones that it has at hand."""

    profile: Profile
    key: KeyFile
    old_keys: tuple[KeyFile, ...] = ()

    @classmethod
    def load(cls, profile_path: Path, key: Path | None, old_keys: Sequence[Path] | None = None) -> "Own":
        """Return the source of a profile; raise ConfigInvalid for another role's."""
        held = profile.load(profile_path)
        if held.role != "source":
            raise ConfigInvalid(["profile: this needs a profile of the role source"])
        found = load_key(key if key is not None else held.path(held.key or "source.key"), "source")
        return cls(held, found, tuple([load_key(path, "source") for path in old_keys or ()]))

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The X25519 keys that open the source's own boxes."""
        return tuple([x25519_secret(key.secret.seed) for key in (self.key, *self.old_keys)])

    @asynccontextmanager
    async def reading(self) -> AsyncIterator["OwnReads"]:
        """Yield verified reads in the source's role."""
        async with open_reader(self.profile, as_role=True) as reader, self.profile.role_channel() as channel:
            yield OwnReads(self, reader, channel)

    async def say(self, prepared: Sequence[Prepared], patience: float) -> list[Receipt]:
        """Log entries in one batch, in order; raise as ``Recorder.record`` does."""
        async with open_recorder(self.profile, self.key, patience=patience, flush=False) as recorder:
            tell_opening(self.profile.name, recorder)
            return list(await asyncio.gather(*(recorder.submit(item) for item in prepared)))


def tell_opening(source_id: str, recorder: Recorder) -> None:
    """Tell what an earlier run had left and is recorded now, and what waits on."""
    if recorder.recovered:
        say(f"{len(recorder.recovered)} that an interrupted run had sent are recorded now")
    tell_settled(source_id, recorder.settled)
    if recorder.waiting:
        say(f"{recorder.waiting} wait in the queue: ledger queue flush records them")


def tell_settled(source_id: str, releases: Sequence[Settled]) -> None:
    """Tell what became of releases that an earlier run left open."""
    for settled in releases:
        at = settled.note.target.sequence
        say(f"entry {source_id}:{at}, a release that an earlier run left open, {settled.words}")


@dataclass(frozen=True, slots=True)
class OwnReads:
    """Reads of a source's own entries."""

    own: Own
    reader: LogClient
    channel: grpc.aio.Channel

    async def history(self, where: str) -> tuple[History, Entry]:
        """Return the history that an entry belongs to, and the entry; raise NotPermitted for another source's."""
        found, entry = await history_of(self.reader, where)
        if entry.statement.source_id != self.own.profile.name:
            raise NotPermitted("entry: of another source, which alone can say more of it")
        return found, entry

    async def opened(self, entry: Entry) -> OpenedPayload:
        """Return what an entry's payload holds."""
        return await open_own(self.channel, entry, self.reader.pins.log_id, *self.own.secrets)


async def history_of(reader: LogClient, where: str) -> tuple[History, Entry]:
    """Return the history that an entry belongs to, and the entry; shows how far it is on a terminal."""
    wanted = parse_where(where)
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("reading")
        found = await read_history(reader, wanted, lambda index: progress.update(task, description=f"{index} read"))
    for entry in found.entries:
        if wanted in (entry.index, (entry.statement.source_id, entry.statement.sequence)):
            return found, entry
    raise InvalidInput("entry", "does not stand in its own history")


def target(entry: Entry) -> bodies.Target:
    """Return what names an entry in a statement of its source."""
    return bodies.Target(entry.statement.sequence, leaf_hash(entry.leaf))


def tell(receipts: Sequence[Receipt], what: Sequence[str], folder: Path | None, as_json: bool) -> None:
    """Tell what was logged, and write receipts where they are wanted."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    for receipt, words in zip(receipts, what, strict=True):
        path = None if folder is None else folder / f"{receipt.source_id}-{receipt.sequence}.tlog-proof"
        if path is not None:
            write_whole(path, receipt.data)
        facts: dict[str, Any] = {"index": receipt.index, "source": receipt.source_id, "sequence": receipt.sequence}
        if as_json:
            emit({**facts, "what": words, "receipt": str(path) if path else None})
        else:
            print(f"entry {receipt.index}: {receipt.source_id}:{receipt.sequence}, {words}")
