"""What an auditor opened, as rows of a table and as the fields of JSON objects."""

from typing import Any, Final

from ledger.audit.histories import Histories, History
from ledger.audit.orders import Due
from ledger.audit.payloads import Opened
from ledger.audit.summary import COUNTS, Summary
from ledger.cli.options import minute_text
from ledger.core import bodies
from ledger.core.life import target_of
from ledger.core.rules import month_text
from ledger.core.statement import Statement, body_name

SHOWN: Final = ("authority_country", "authority_name", "legal_process", "outcome", "accounts_disclosed")
HEADER: Final = ("entry", "source", "body", "refers to", "recorded at (UTC)", *SHOWN, "keys", "finding")


def facts(opened: Opened) -> dict[str, Any]:
    """Return an entry as the fields of a JSON object: ``record`` and ``keys`` where it was opened."""
    statement, payload = opened.entry.statement, opened.payload
    found: dict[str, Any] = {
        "index": opened.entry.index,
        "source": statement.source_id,
        "sequence": statement.sequence,
        "body": body_name(type(statement.body)),
        "finding": opened.finding or None,
    }
    named = target_of(statement)
    if named is not None:
        source_id, sequence = named[0]
        found["target"] = {"source": source_id, "sequence": sequence}
    if opened.unchecked:
        found["not_opened"] = opened.unchecked
    if opened.erased:
        found["erased"] = opened.erased
    match opened.erasure:
        case Statement(recorded_at=minute, body=bodies.Erasure(legal_basis=basis)):
            found |= {"erased_at": minute_text(minute), "legal_basis": basis}
    if payload is not None:
        found["record"] = payload.record_object
        found["keys"] = [{"type": key.type, "value": key.value.decode("utf-8", "replace")} for key in payload.keys]
    return found


def row(opened: Opened, indent: str = "") -> tuple[str, ...]:
    """Return an entry as the cells under ``HEADER``."""
    statement, payload = opened.entry.statement, opened.payload
    fields = {} if payload is None else payload.record_object
    named = target_of(statement)
    return (
        f"{indent}{opened.entry.index}",
        f"{statement.source_id}:{statement.sequence}",
        body_name(type(statement.body)),
        "" if named is None else f"{named[0][0]}:{named[0][1]}",
        minute_text(statement.recorded_at),
        *(str(fields.get(name, "")) for name in SHOWN),
        "" if payload is None else str(len(payload.keys)),
        opened.finding or opened.unchecked or _erased(opened),
    )


def _erased(opened: Opened) -> str:
    match opened.erasure:
        case Statement(recorded_at=minute, body=bodies.Erasure(legal_basis=basis)):
            return f"erased by entry {opened.erased}, {minute_text(minute)}: {basis}"
        case _:
            return ""


def overdue_facts(overdue: list[Due]) -> dict[str, Any]:
    """Return the emergencies whose papers did not come in time as a JSON object of its own."""
    return {
        "papers_overdue": [
            {"index": due.index, "source": due.place[0], "sequence": due.place[1], "due": due.at} for due in overdue
        ]
    }


def history_facts(histories: Histories, history: History) -> dict[str, Any]:
    """Return a disclosure with all that followed it as the fields of a JSON object."""
    source_id, sequence = history.place
    embargo = {"until": month_text(history.until), "lifted": history.lifted or None} if history.until else None
    return {
        "source": source_id,
        "sequence": sequence,
        "state": histories.state(history) or None,
        "embargo": embargo,
        "entry": history.first and facts(history.first),
        "followed": [facts(opened) for opened in history.followed],
    }


def history_rows(histories: Histories, history: History) -> list[tuple[str, ...]]:
    """Return a disclosure, and below it all that followed, as cells under ``HEADER`` and "state"."""
    embargo = f", embargo until {month_text(history.until)}" if history.until else ""
    lifted = f", lifted by entry {history.lifted}" if history.lifted else ""
    state = f"{histories.state(history)}{embargo}{lifted}"
    if history.first is None:
        source_id, sequence = history.place
        head = ("before", f"{source_id}:{sequence}", *[""] * (len(HEADER) - 2))
    else:
        head = row(history.first)
    return [(*head, state), *[(*row(opened, "  "), "") for opened in history.followed]]


def summary_facts(summary: Summary) -> list[dict[str, Any]]:
    """Return the counts as JSON objects, one for what the columns say."""
    return [
        {**dict(zip(summary.columns, said, strict=True)), **dict(zip(COUNTS, counts, strict=True))}
        for said, counts in summary.rows()
    ]
