"""``ledger embargo list``, ``lift`` and ``extend``: gag orders have an end that everyone sees."""

import asyncio
import os
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from ledger.cli.following import (
    KeyOption,
    OldKeyOption,
    Own,
    OwnReads,
    PatienceOption,
    ReceiptsOption,
    WhereArgument,
    target,
    tell,
)
from ledger.cli.history import read_fields
from ledger.cli.options import JsonOption, ProfileOption, load_key
from ledger.cli.outcome import DISPROVEN, command, emit, say, show
from ledger.client import profile
from ledger.client.history import History
from ledger.client.opening import open_reader
from ledger.client.profile import Profile
from ledger.core import bodies
from ledger.core.building import Prepared, prepare_extension, prepare_lift
from ledger.core.embargoes import EffectiveTime, Embargoes, EmbargoState
from ledger.core.errors import InvalidInput, Refused
from ledger.core.inner import approve
from ledger.core.merkle import leaf_hash
from ledger.core.record import PartialRecord
from ledger.core.rules import MAX_EMBARGO_MONTHS, month_of, month_text, parse_month
from ledger.core.shape import looks_plain
from ledger.core.statement import decode_leaf

embargo_app = typer.Typer(no_args_is_help=True, help="Gag orders: due, overdue, lifted, extended.")


@embargo_app.callback()
def _embargo() -> None:
    """Gag orders: due, overdue, lifted, extended."""


@embargo_app.command("list")
def list_embargoes(
    profile_path: ProfileOption,
    source: Annotated[str, typer.Option(help="Of this source only; by default of all.")] = "",
    at: Annotated[str, typer.Option(metavar="YYYY-MM", help="As of this month; by default now.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Those lifted in time too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List embargoes from the log alone, every leaf of it read and proven; exit 1 if one is overdue."""
    with command():
        month = parse_month(at, "at") if at else month_of(int(time.time()) // 60)
        held = profile.load(profile_path)
        states, size = asyncio.run(_read(held))
        shown = [state for state in states if not source or state.source_id == source]
        if not everything:
            shown = [state for state in shown if state.open or state.late]
        facts = [_facts(state, month) for state in shown]
        if as_json:
            for row in facts:
                emit(row)
        else:
            show(
                ("index", "source", "sequence", "ends", "extended", "state"),
                [[str(cell) for cell in row.values()] for row in facts],
            )
        overdue = sum(state.overdue(month) for state in shown)
        say(f"{len(shown)} embargoes, {overdue} overdue; verified under a checkpoint of {size} entries")
        if overdue:
            raise typer.Exit(DISPROVEN)


async def _read(held: Profile) -> tuple[list[EmbargoState], int]:
    """Return the embargoes of the whole log, and how many entries it has."""
    fold = Embargoes(EffectiveTime(held.pins.vkey, held.policy()))
    async with open_reader(held) as reader:
        async for chunk in reader.chunks(0):
            for index, leaf in enumerate(chunk.leaves, chunk.proof.begin):
                if not looks_plain(leaf):
                    fold.take(index, leaf_hash(leaf), decode_leaf(leaf).statement)
        return list(fold.states), reader.size


def _facts(state: EmbargoState, month: int) -> dict[str, Any]:
    return {
        "index": state.index,
        "source": state.source_id,
        "sequence": state.sequence,
        "until": month_text(state.until),
        "extensions": state.extensions,
        "state": _words(state, month),
    }


def _words(state: EmbargoState, month: int) -> str:
    late = ", once OVERDUE" if state.late else ""
    lifted = f"lifted by entry {state.lifted}" if state.lifted else ""
    if not state.open:
        return f"{lifted}{late}"
    if state.lifted:
        numbers = ", ".join(str(item.sequence) for item in state.corrections)
        lifted += f", but not of its corrections of sequence {numbers}: "
    if month >= state.until:
        return f"{lifted}OVERDUE"
    return f"{lifted}due in {state.until - month} months{late}"


@embargo_app.command()
def lift(
    where: WhereArgument,
    profile_path: ProfileOption,
    key: KeyOption = None,
    old_key: OldKeyOption = None,
    receipts: ReceiptsOption = None,
    patience: PatienceOption = 60,
    as_json: JsonOption = False,
) -> None:
    """Lift an embargo: the entry's lookup keys go to the ledger, and those of corrections that inherited it."""
    with command():
        own = Own.load(profile_path, key, old_key)

        async def run() -> None:
            async with own.reading() as reads:
                found, _ = await reads.history(where)
                prepared = await _lifts(reads, found)
            words = ["EMBARGO_LIFTED"] * len(prepared)
            tell(await own.say(prepared, patience), words, receipts, as_json)

        asyncio.run(run())


async def _lifts(reads: OwnReads, found: History) -> list[Prepared]:
    """Return what lifts a disclosure's embargo and those of its corrections, as far as they are not lifted."""
    prepared = []
    for entry in found.entries:
        if found.life(entry).withheld:
            opened = await reads.opened(entry)
            prepared.append(prepare_lift(target(entry), opened.keys, opened.entry_secret))
    if not prepared:
        raise Refused("entry: is under no embargo, or that was lifted")
    return prepared


@embargo_app.command()
def extend(
    where: WhereArgument,
    profile_path: ProfileOption,
    until: Annotated[str, typer.Option(metavar="YYYY-MM", help="The month with whose first day it ends now.")],
    order: Annotated[Path, typer.Option(help="JSON object of fields with the nondisclosure_order that prolongs it.")],
    officer: Annotated[
        list[Path] | None, typer.Option(help="Key file of an officer who approves; needed from the third on.")
    ] = None,
    key: KeyOption = None,
    receipts: ReceiptsOption = None,
    patience: PatienceOption = 60,
    as_json: JsonOption = False,
) -> None:
    """Prolong an embargo, by at most 36 months at a time; each extension is numbered and public."""
    with command():
        own, month = Own.load(profile_path, key), parse_month(until, "until")
        record = PartialRecord.from_json_object(read_fields(order))
        officers = [load_key(path, "approver").secret for path in officer or ()]
        log_id, source_id = own.profile.pins.log_id, own.profile.name

        def approved(body: bodies.EmbargoExtended) -> bodies.EmbargoExtended:
            return approve(log_id, body, officers, source_id)

        async def run() -> None:
            async with own.reading() as reads:
                found, entry = await reads.history(where)
            life = found.life(entry)
            if not isinstance(entry.statement.body, bodies.Disclosure) or not life.withheld:
                raise Refused("entry: is no DISCLOSURE under embargo")
            if not life.until < month <= life.until + MAX_EMBARGO_MONTHS:
                ends = month_text(life.until)
                raise InvalidInput("until", f"must be 1 to {MAX_EMBARGO_MONTHS} months after its end, {ends}")
            number = life.extensions + 1
            said = prepare_extension(target(entry), number, month, record, approved, os.urandom)
            words = [f"EMBARGO_EXTENDED, number {number}, until {until}"]
            tell(await own.say([said], patience), words, receipts, as_json)

        asyncio.run(run())
