"""The findings, by kind and the gravest first, each with the entries that show it."""

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from ledger.audit.page.markup import Markup, element
from ledger.core.completeness_report import Report
from ledger.core.findings import RULES, Finding, Kind

MOST: Final = 1_000
"""Findings that the page has; it says how many there are."""


def kinds(shown: Report) -> Markup:
    """Return how many findings there are of each kind, each leading to where they stand."""
    counts = Counter(finding.kind for finding in shown.findings)
    links = [element("a", f"{count:,} × {kind.value}", href=f"#{_name(kind)}") for kind, count in counts.items()]
    return element("ul", [element("li", link) for link in links], class_="kinds", aria_label="Findings by kind")


def findings(report: Report, shown: Report) -> Iterator[Markup]:
    """Yield a heading, the rule and a list for each kind that there is."""
    elsewhere = len(report.findings) - len(shown.findings)
    if elsewhere:
        yield element("p", f"{elsewhere:,} more in periods that are not shown here.")
    if len(shown.findings) > MOST:
        yield element("p", f"The first {MOST:,} of {len(shown.findings):,}.")
    if not shown.findings:
        yield element("p", "None.")
    for kind, group in groupby(shown.findings[:MOST], key=lambda finding: finding.kind):
        items = [_finding(finding) for finding in group]
        yield element("h3", f"{kind.value[0].upper()}{kind.value[1:]} ({len(items):,})", id=_name(kind))
        yield element("p", f"The rule: {RULES[kind]}.", class_="quiet")
        yield element("ul", items, class_="findings")


def _name(kind: Kind) -> str:
    return kind.name.lower().replace("_", "-")


def _finding(finding: Finding) -> Markup:
    words = (element("b", finding.source_id or "no source"), f": {finding.words}.")
    if not finding.evidence:
        return element("li", *words)
    shown = [
        element("li", f"entry {item.index}, leaf hash ", element("code", item.leaf_hash.hex()))
        for item in finding.evidence
    ]
    more = finding.count - len(shown)
    if more:
        shown.append(element("li", f"and {more:,} more"))
    return element("li", *words, element("ul", shown, aria_label="Evidence"))
