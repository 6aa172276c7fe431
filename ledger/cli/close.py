"""``ledger close``: a source says what its periods held, zero included."""

import asyncio
import hashlib
from pathlib import Path
from typing import Annotated, Any

import typer

from ledger.cli.approve import tell_draft
from ledger.cli.following import KeyOption, Own, PatienceOption, tell_opening
from ledger.cli.options import JsonOption, ProfileOption, load_key, refuse_existing
from ledger.cli.outcome import command, emit, say, show
from ledger.client.approvals import COUNTS, OfficerApproval, period_of
from ledger.client.closing import Closed
from ledger.client.opening import draft_closing, open_recorder, preview
from ledger.client.profile import HAND
from ledger.core.bodies import Closing, Count, Period
from ledger.core.encoding import ZERO_HASH, Hash
from ledger.core.errors import InvalidInput
from ledger.core.periods import parse_period, period_name


def close(
    profile_path: ProfileOption,
    through: Annotated[
        str, typer.Option(metavar="PERIOD", help="Up to this one: 2026-10, 2026-W44, 2026-10-31. By default all over.")
    ] = "",
    officer: Annotated[
        list[Path] | None, typer.Option(help="Key file of an officer who approves, where the log asks for them.")
    ] = None,
    egress: Annotated[
        Path | None, typer.Option(help="Egress log of the one period that is closed; its SHA-256 is said with it.")
    ] = None,
    approval: Annotated[
        list[Path] | None, typer.Option(help="Approval of this closing, which an officer made with ledger approve.")
    ] = None,
    plan: Annotated[bool, typer.Option("--show", help="Show what would be said, and send nothing.")] = False,
    draft: Annotated[
        Path | None,
        typer.Option(help="Write to this file what officers are to approve of the next period, and send nothing."),
    ] = None,
    key: KeyOption = None,
    patience: PatienceOption = 60,
    as_json: JsonOption = False,
) -> None:
    """Close the periods that are over: counts and sequences, as the source's own chain has them."""
    with command():
        own = Own.load(profile_path, key)
        last = parse_period(through, "through") if through else None
        if plan:
            if officer or egress or approval or draft:
                raise InvalidInput(
                    "show", "sends nothing, so it takes neither --officer nor --egress, nor what they do"
                )
            period, bodies = asyncio.run(preview(own.profile, own.key, last))
            _tell([_facts(body, period) for body in bodies], as_json)
            say(f"{len(bodies)} to be closed; nothing was sent")
            return
        digest = ZERO_HASH if egress is None else _digest(egress)
        if draft is not None:
            if officer or approval:
                raise InvalidInput("draft", "is for officers to approve, so it takes neither --officer nor --approval")
            _draft(own, last, digest, draft, as_json)
            return
        officers = [load_key(path, "approver").secret for path in officer or ()]
        approvals = [OfficerApproval.load(path) for path in approval or ()]

        async def run() -> tuple[Period, list[Closed]]:
            how: dict[str, Any] = {"patience": patience, "close": HAND, "flush": False}
            async with open_recorder(own.profile, own.key, **how) as recorder:
                tell_opening(own.profile.name, recorder)
                await recorder.close_periods(last, digest, officers, approvals)
                return recorder.period, recorder.closed

        period, closed = asyncio.run(run())
        _tell([{**_facts(item.body, period), **_place(item)} for item in closed], as_json)
        say(f"{len(closed)} closed" if closed else "0 closed: no period is over that is not closed already")


def _draft(own: Own, through: int | None, egress: Hash, out: Path, as_json: bool) -> None:
    refuse_existing(out)
    draft = asyncio.run(draft_closing(own.profile, own.key, through, egress))
    with out.open("x") as file:
        file.write(draft.format())
    if as_json:
        body = draft.body
        emit(
            {
                "log_id": draft.log_id.hex(),
                "source": draft.source_id,
                **_facts(body, period_of(body)),
                "egress_digest": _hex(body.egress_digest),
                "previous": _hex(body.previous),
            }
        )
    else:
        tell_draft(draft)
    say(
        f"{out}: draft of the closing of {draft.period}; nothing was sent. "
        f"Officers run, wherever their keys are: ledger approve {out} --key KEY --out FILE"
    )


def _hex(digest: Hash) -> str | None:
    return None if digest == ZERO_HASH else digest.hex()


def _digest(path: Path) -> Hash:
    with path.open("rb") as file:
        return Hash(hashlib.file_digest(file, "sha256").digest())


def _facts(body: Closing, period: Period) -> dict[str, Any]:
    counts: dict[str, Count] = {name: getattr(body, name) for name in COUNTS}
    return {
        "period": period_name(body.start, period),
        **{name: count.lo for name, count in counts.items()},
        "first_sequence": body.first_sequence,
        "end_sequence": body.end_sequence,
    }


def _place(item: Closed) -> dict[str, Any]:
    return {"index": item.receipt.index, "source": item.receipt.source_id, "sequence": item.receipt.sequence}


def _tell(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        for row in rows:
            emit(row)
    elif rows:
        show(("period", *COUNTS, "sequences", *(("entry",) if "index" in rows[0] else ())), map(_cells, rows))


def _cells(row: dict[str, Any]) -> list[str]:
    cells = [str(row[name]) for name in ("period", *COUNTS)] + [f"{row['first_sequence']}:{row['end_sequence']}"]
    return [*cells, str(row["index"])] if "index" in row else cells
