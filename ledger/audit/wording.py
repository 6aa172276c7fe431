"""What a completeness report says in sentences, on a terminal and on a page alike."""

from collections.abc import Sequence
from typing import Final

from ledger.core.bodies import Count
from ledger.core.completeness_report import Report, Status
from ledger.core.findings import lasting, when

OLD: Final = 2 * 24 * 60
"""Minutes behind the time asked for from which on a copy may lack what is there by then."""


ALWAYS: Final = (Status.ON_TIME, Status.LATE, Status.MISSING, Status.CONTRADICTED)
"""How periods stand that sums always have."""


def statuses(shown: Report) -> list[Status]:
    """Return how periods stand, those that are neither grave nor there left out."""
    return [status for status in Status if status in ALWAYS or shown.totals.statuses[status]]


def headline(report: Report) -> str:
    """Return what was judged, and as of when."""
    return f"{report.origin}: {report.size} entries, as of {when(report.at)}"


def conclusion(report: Report) -> str:
    """Return the outcome in one sentence."""
    count = len(report.findings)
    if report.stop is not None and not report.stop.convicted:
        return f"Could not be checked from entry {report.stop.index} on: {report.stop.words}"
    if report.stop is not None:
        return f"The log contradicts itself at entry {report.stop.index}. What follows could not be checked."
    if not count:
        return "Nothing was found: every period that is due was closed on time, and no rule was broken."
    return f"{count} {'finding' if count == 1 else 'findings'}."


def remarks(report: Report, cosigned: bool) -> list[str]:
    """Return what a reader has to know to read it rightly; ``cosigned``: its checkpoint had the policy's quorum."""
    found = []
    if report.stop is not None:
        words = "breaks a rule, which convicts the log" if report.stop.convicted else "is not known to this release"
        found.append(f"judged up to entry {report.stop.index}, which {words}; what follows could not be checked")
    elif report.at > report.newest + OLD:
        age = lasting(report.at - report.newest)
        found.append(
            f"the newest time in this copy is {when(report.newest)}, {age} earlier: a newer copy may have more"
        )
    if report.at < report.newest:
        words = f"the newest time in this copy is {when(report.newest)}, which is later"
        found.append(f"{words}: what became due in between is not judged")
    if not report.witnessed:
        found.append("judged by recorded times alone, without a witness policy: not shown that others see the same log")
    elif report.bounded:
        found.append(f"times before {when(report.bounded)} are bounded by no witness of this policy")
    if report.witnessed and not cosigned:
        found.append("the checkpoint lacks the witness policy's quorum: not shown that others see the same log")
    return found


def entries(indexes: Sequence[int]) -> str:
    """Return entries by their indexes, at least one."""
    return f"{'entry' if len(indexes) == 1 else 'entries'} {', '.join(map(str, indexes))}"


def count_text(count: Count) -> str:
    """Return a count, or a band as its two ends."""
    return f"{count.lo:,}" if count.lo == count.hi else f"{count.lo:,}–{count.hi:,}"
