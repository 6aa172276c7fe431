"""``ledger reseal``: an auditor accredited today reads what was sealed before, if the source wants it so."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ledger.cli.following import KeyOption, OldKeyOption, Own
from ledger.cli.options import JsonOption, ProfileOption
from ledger.cli.outcome import UNCHECKED, command, emit, say
from ledger.client.opening import chain_of
from ledger.client.payloads import find_key, own_payloads
from ledger.client.transport import translate
from ledger.core.encoding import Hash
from ledger.core.errors import NotPermitted
from ledger.core.sealed_keys import SUITE, box_batch_key
from ledger.v1 import disclosure_pb2, disclosure_pb2_grpc


def reseal(
    profile_path: ProfileOption,
    begin: Annotated[int, typer.Option("--from", min=0, help="First sequence; by default the source's first.")] = 0,
    key: KeyOption = None,
    old_key: OldKeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Deposit boxes of earlier batches for the profile's auditors that they were not sealed to.

    Batches sealed to an earlier key of the source are left out, and counted, unless it is given with --old-key.
    """
    with command():
        counts = asyncio.run(_reseal(Own.load(profile_path, key, old_key), begin))
        if as_json:
            emit(counts)
        else:
            print(f"{counts['boxes']} boxes deposited for {counts['batches']} batches")
        if counts["closed"]:
            say(f"{counts['closed']} batches were sealed to an earlier key: give that with --old-key")
            raise typer.Exit(UNCHECKED)


async def _reseal(own: Own, begin: int) -> dict[str, int]:
    counts = {"batches": 0, "boxes": 0, "closed": 0}
    async with own.reading() as reads:
        stub: Any = disclosure_pb2_grpc.DisclosureServiceStub(reads.channel)
        chain = await chain_of(reads.reader, own.profile, own.key)
        auditors = {key_id: x25519 for key_id, x25519 in chain.recipients.items() if key_id != chain.key_statement}
        with translate():
            head = await stub.GetHead(disclosure_pb2.GetHeadRequest(source_id=own.profile.name))
        if begin >= head.next_sequence:
            return counts
        with _progress() as progress:
            task = progress.add_task("resealing", total=head.next_sequence - begin)
            async for batch in own_payloads(reads.channel, own.profile.name, begin, head.next_sequence):
                last = max([item.sequence for item in batch.payloads] + [item.sequence for item in batch.erased])
                progress.update(task, completed=last + 1 - begin)
                try:
                    boxes = _missing(batch, own.secrets, auditors)
                except NotPermitted:
                    counts["closed"] += 1
                    continue
                if boxes:
                    with translate():
                        await stub.DepositSealedKeys(
                            disclosure_pb2.DepositSealedKeysRequest(
                                source_id=own.profile.name, first_sequence=batch.first_sequence, sealed_keys=boxes
                            )
                        )
                    counts["batches"] += 1
                    counts["boxes"] += len(boxes)
    return counts


def _missing(
    batch: disclosure_pb2.SealedBatch, secrets: Sequence[bytes], auditors: Mapping[Hash, bytes]
) -> list[disclosure_pb2.SealedKey]:
    """Return the boxes of a batch for auditors who have none; raise NotPermitted where the keys open none."""
    had = {item.key_id for item in (*batch.sealed_keys, *batch.deposited)}
    wanted = sorted(set(auditors) - had)
    if not wanted:
        return []
    batch_key = find_key(batch, *secrets)
    return [
        disclosure_pb2.SealedKey(key_id=key_id, suite=SUITE, box=box_batch_key(batch_key, auditors[key_id]))
        for key_id in wanted
    ]


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("resealing"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)
