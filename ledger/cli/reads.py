"""``ledger checkpoint``, ``ledger entries`` and ``ledger receipt``: a stranger's verified reads."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from ledger.cli.options import (
    JsonOption,
    ProfileOption,
    minute_text,
    parse_range,
    parse_where,
    refuse_existing,
    write_whole,
)
from ledger.cli.outcome import command, emit, say, show
from ledger.client import profile
from ledger.client.opening import open_reader
from ledger.client.reads import Entry
from ledger.core.encoding import encode_base64
from ledger.core.merkle import leaf_hash
from ledger.core.statement import body_name

ALONE = "not shown that others see the same log"
COSIGNED = "cosigned as the witness policy asks"


def checkpoint(profile_path: ProfileOption, as_json: JsonOption = False) -> None:
    """Print the log's latest checkpoint, verified and consistent with the last one seen."""
    with command():
        held = profile.load(profile_path)

        async def read() -> None:
            async with open_reader(held) as reader:
                signed = await reader.checkpoint()
            found = signed.checkpoint
            if as_json:
                emit({"origin": found.origin, "tree_size": found.size, "root": encode_base64(found.root)})
            else:
                print(signed.note.format().decode(), end="")
                say(f"verified: {found.size} entries; {ALONE if held.policy() is None else COSIGNED}")

        asyncio.run(read())


def entries(
    where: Annotated[str, typer.Argument(metavar="RANGE", help="INDEX, BEGIN:END, BEGIN: or :END")],
    profile_path: ProfileOption,
    as_json: JsonOption = False,
) -> None:
    """Print entries, each proven to be in the log."""
    with command():
        begin, end = parse_range(where)
        held = profile.load(profile_path)

        async def read() -> None:
            rows = []
            async with open_reader(held) as reader:
                async for entry in reader.entries(begin, end):
                    if as_json:
                        emit(_facts(entry))
                    else:
                        rows.append([str(fact) for fact in _facts(entry).values()][:-1])
                size = reader.size
            if not as_json:
                show(("index", "source", "sequence", "recorded at (UTC)", "body", "leaf hash"), rows)
            say(f"verified under a checkpoint of {size} entries")

        asyncio.run(read())


def _facts(entry: Entry) -> dict[str, Any]:
    statement = entry.statement
    return {
        "index": entry.index,
        "source": statement.source_id,
        "sequence": statement.sequence,
        "recorded_at": minute_text(statement.recorded_at),
        "body": body_name(type(statement.body)),
        "leaf_hash": leaf_hash(entry.leaf).hex(),
        "leaf": encode_base64(entry.leaf),
    }


def receipt(
    where: Annotated[str, typer.Argument(metavar="INDEX|SOURCE:SEQUENCE", help="The entry.")],
    profile_path: ProfileOption,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write; by default standard output.")] = None,
) -> None:
    """Fetch and verify an entry's stand-alone receipt."""
    with command():
        wanted = parse_where(where)
        if out is not None:
            refuse_existing(out)
        held = profile.load(profile_path)

        async def read() -> None:
            async with open_reader(held) as reader:
                data, verified = await reader.receipt(wanted)
            if out is None:
                print(data.decode(), end="")
            else:
                write_whole(out, data)
            statement = verified.statement
            cosigned = "" if held.policy() is None else f"; {COSIGNED}"
            say(f"verified: entry {verified.index}, {statement.source_id}:{statement.sequence}{cosigned}")

        asyncio.run(read())
