"""A completeness report as the fields of one JSON object."""

from typing import Any, Final

from ledger.audit.calendar import UNITS
from ledger.cli.options import minute_text
from ledger.core.bodies import Count
from ledger.core.completeness_report import Cell, Counts, Report, Row, Totals
from ledger.core.embargoes import EmbargoState
from ledger.core.findings import Finding
from ledger.core.rules import month_of, month_text

COUNTED: Final = ("disclosures", "aborted", "embargoed", "late")


def facts(report: Report, shown: Report, cosigned: bool, verdict: str) -> dict[str, Any]:
    """Return a report, of whose periods those that are ``shown``."""
    stop = report.stop
    return {
        "verdict": verdict,
        "log_id": report.log_id and report.log_id.hex(),
        "origin": report.origin,
        "tree_size": report.size,
        "as_of": minute_text(report.at),
        "newest": minute_text(report.newest),
        "witnessed": report.witnessed,
        "bounded_from": None if report.bounded is None else minute_text(report.bounded),
        "cosigned": cosigned,
        "ended": stop and {"index": stop.index, "why": stop.words, "convicted": stop.convicted},
        "findings": [_finding(finding) for finding in shown.findings],
        "findings_not_shown": len(report.findings) - len(shown.findings),
        "totals": _totals(shown.totals),
        "services": {name: _totals(totals) for name, totals in shown.services().items()},
        "sources": [_row(row) for row in shown.rows],
        "embargoes": _embargoes(shown.embargoes, shown.at),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind.value,
        "source": finding.source_id,
        "at": minute_text(finding.minute),
        "what": finding.words,
        "rule": finding.rule,
        "count": finding.count,
        "evidence": [{"index": item.index, "leaf_hash": item.leaf_hash.hex()} for item in finding.evidence],
    }


def _row(row: Row) -> dict[str, Any]:
    revoked = row.revoked
    return {
        "source": row.source_id,
        "service": row.service,
        "period": UNITS[row.period],
        "officers_needed": row.officers,
        "officers_changed": list(row.officers_changed),
        "key_forced": row.forced,
        "revoked": revoked
        and {
            "index": revoked.index,
            "leaf_hash": revoked.leaf_hash.hex(),
            "at": minute_text(revoked.minute),
            "reason": revoked.reason.name,
        },
        "totals": _totals(Totals.of(row.cells)),
        "periods": [_cell(cell) for cell in row.cells],
    }


def _cell(cell: Cell) -> dict[str, Any]:
    closed = cell.closed
    return {
        "name": cell.name,
        "start": minute_text(cell.start),
        "due": minute_text(cell.due),
        "status": cell.status.value,
        **_counts(cell.counts),
        "unresolved": cell.unresolved,
        "closing": closed
        and {
            "index": closed.index,
            "leaf_hash": closed.leaf_hash.hex(),
            "at": minute_text(closed.minute),
            "approvals": closed.approvals,
            "approvals_needed": closed.needed,
        },
    }


def _totals(totals: Totals) -> dict[str, Any]:
    statuses = {status.value.replace(" ", "_"): count for status, count in totals.statuses.items()}
    return {"periods": statuses, **_counts(totals.counts), "unresolved": totals.unresolved}


def _counts(counts: Counts) -> dict[str, Any]:
    return {name: _count(count) for name, count in zip(COUNTED, counts, strict=True)}


def _count(count: Count) -> Any:
    """Return a number, or the two ends of a band."""
    return count.lo if count.lo == count.hi else [count.lo, count.hi]


def _embargoes(states: tuple[EmbargoState, ...], at: int) -> list[dict[str, Any]]:
    return [
        {
            "index": state.index,
            "source": state.source_id,
            "sequence": state.sequence,
            "until": month_text(state.until),
            "extensions": state.extensions,
            "lifted": state.lifted or None,
            "overdue": state.overdue(month_of(at)),
        }
        for state in states
    ]
