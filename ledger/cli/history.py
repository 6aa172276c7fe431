"""``ledger history``, ``deliver`` and ``correct``: what was said of an entry, and what its source adds."""

import asyncio
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from ledger.cli.following import (
    KeyOption,
    Own,
    PatienceOption,
    ReceiptsOption,
    WhereArgument,
    history_of,
    target,
    tell,
)
from ledger.cli.options import JsonOption, ProfileOption, minute_text
from ledger.cli.outcome import command, emit, say, show
from ledger.cli.record import read
from ledger.client import profile
from ledger.client.history import History
from ledger.client.opening import open_reader
from ledger.client.reads import Entry
from ledger.core import bodies
from ledger.core.building import Prepared, prepare_amendment, prepare_correction, prepare_delivery
from ledger.core.errors import InvalidInput, Refused
from ledger.core.life import target_of
from ledger.core.record import PartialRecord
from ledger.core.record_input import parse_json
from ledger.core.record_kinds import rfc3339
from ledger.core.rules import month_text
from ledger.core.statement import body_name


def history(where: WhereArgument, profile_path: ProfileOption, as_json: JsonOption = False) -> None:
    """Print all that the log says of an entry, in order, every leaf after it read and proven."""
    with command():
        held = profile.load(profile_path)

        async def look() -> History:
            async with open_reader(held) as reader:
                found, _ = await history_of(reader, where)
            return found

        found = asyncio.run(look())
        state = found.state(int(time.time()) // 60)
        facts = [_facts(entry) for entry in found.entries]
        if as_json:
            emit({"entries": facts, "state": state, "tree_size": found.size})
            return
        show(
            ("index", "source", "sequence", "recorded at (UTC)", "body", "says"),
            [[str(cell) for cell in row.values()] for row in facts],
        )
        print("\n".join(state))
        say(f"verified under a checkpoint of {found.size} entries: nothing is left out; receipts show who signed it")


def _facts(entry: Entry) -> dict[str, Any]:
    statement = entry.statement
    return {
        "index": entry.index,
        "source": statement.source_id,
        "sequence": statement.sequence,
        "recorded_at": minute_text(statement.recorded_at),
        "body": body_name(type(statement.body)),
        "says": _says(entry),
    }


def _says(entry: Entry) -> str:
    named = target_of(entry.statement)
    of = "" if named is None else f"of {named[0][0]}:{named[0][1]}"
    match entry.statement.body:
        case bodies.Disclosure(embargo=bodies.Embargo(until=until)):
            return f"under embargo until {month_text(until)}"
        case bodies.Delivery(result=result):
            return f"{result.name.lower()}, {of}"
        case bodies.EmbargoExtended(number=number, until=until):
            return f"extension {number} until {month_text(until)}, {of}"
        case bodies.Erasure(legal_basis=basis):
            return f"{basis}, {of}"
        case _:
            return of


def deliver(
    where: WhereArgument,
    profile_path: ProfileOption,
    aborted: Annotated[bool, typer.Option("--aborted", help="Nothing was handed over after all.")] = False,
    file: Annotated[
        Path | None, typer.Option("--record", help="JSON object of fields to seal with it; by default the time.")
    ] = None,
    key: KeyOption = None,
    receipts: ReceiptsOption = None,
    patience: PatienceOption = 60,
    as_json: JsonOption = False,
) -> None:
    """Say what became of a disclosure: its data was handed over, or was not."""
    with command():
        own = Own.load(profile_path, key)
        moment = {"produced_at": rfc3339(datetime.now(UTC))}
        record = PartialRecord.from_json_object(moment if file is None else read_fields(file))
        result = bodies.DeliveryResult.ABORTED if aborted else bodies.DeliveryResult.DELIVERED

        async def run() -> None:
            async with own.reading() as reads:
                _, entry = await reads.history(where)
            said = prepare_delivery(target(entry), result, record, os.urandom)
            tell(await own.say([said], patience), [result.name], receipts, as_json)

        asyncio.run(run())


def correct(
    where: WhereArgument,
    file: Annotated[str, typer.Argument(metavar="FILE", help="What should have been said; - for standard input.")],
    profile_path: ProfileOption,
    key: KeyOption = None,
    receipts: ReceiptsOption = None,
    patience: PatienceOption = 60,
    as_json: JsonOption = False,
) -> None:
    """Correct an entry: of a disclosure the whole record and keys, of a delivery or extension its fields.

    The entry stays; readers see both, in order. A correction of a correction names the entry that both are about.
    """
    with command():
        own = Own.load(profile_path, key)

        async def run() -> None:
            async with own.reading() as reads:
                found, entry = await reads.history(where)
            said = _correction(found, entry, file)
            tell(await own.say([said], patience), ["CORRECTION"], receipts, as_json)

        asyncio.run(run())


def _correction(found: History, entry: Entry, file: str) -> Prepared:
    body = entry.statement.body
    if isinstance(body, bodies.Correction):
        raise Refused("entry: is a CORRECTION; correct the entry that it is about")
    if not isinstance(body, bodies.Disclosure):
        return prepare_amendment(target(entry), PartialRecord.from_json_object(read_fields(Path(file))), os.urandom)
    truths = read(file, handed_over=False)
    if len(truths) != 1:
        raise InvalidInput("file", "must have one disclosure: what the entry should have said")
    if truths[0].late_for is not None:
        raise InvalidInput("late_for", "a CORRECTION never counts, so it is late for nothing")
    if truths[0].embargo is not None:
        raise InvalidInput("embargo", "a CORRECTION inherits its target's")
    return prepare_correction(target(entry), truths[0], found.life(entry).withheld, os.urandom)


def read_fields(file: Path) -> dict[str, Any]:
    """Return a JSON object of fields, from standard input for ``-``; raise InvalidInput for anything else."""
    try:
        text = (sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()).decode()
    except UnicodeDecodeError:
        raise InvalidInput("record", "not UTF-8") from None
    given = parse_json(text)
    if not isinstance(given, dict):
        raise InvalidInput("record", "must be an object of fields")
    return given
