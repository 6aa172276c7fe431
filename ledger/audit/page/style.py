"""How the page looks; every pair of colours that text is read in has a contrast of at least 4.5 : 1 (WCAG 2.2 AA)."""

from typing import Final

from ledger.core.completeness_report import Status

PAGE: Final = ("#1b1f24", "#ffffff")
"""Text, and what is behind it."""
QUIET: Final = ("#57606a", "#ffffff")
BANNERS: Final = {
    "good": ("#0b3d1f", "#d7f2df"),
    "bad": ("#5c0f12", "#fde0de"),
    "open": ("#4a2b66", "#efe3f8"),
}
"""By class: the conclusion's text and what is behind it."""
COLOURS: Final = {
    Status.ON_TIME: ("#0b3d1f", "#c5ead0"),
    Status.LATE: ("#4d3300", "#ffe2a8"),
    Status.MISSING: ("#ffffff", "#b3261e"),
    Status.CONTRADICTED: ("#ffffff", "#4a0d67"),
    Status.OPEN: ("#3d444d", "#eaeef2"),
    Status.UNCHECKED: ("#4a2b66", "#efe3f8"),
}
"""By status: text, and what is behind it."""
SHADES: Final = ("#e6f4ea", "#c5ead0", "#9fdab2", "#79c793")
"""Behind a period that was closed on time, by how much it holds; the text is that of ``ON_TIME``."""
BAR: Final = "#2f6f9f"

_BASE: Final = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 75rem; font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.25; } h2 { font-size: 1.25rem; margin-top: 2rem; } h3 { font-size: 1rem; }
h1, h3, p, li { overflow-wrap: anywhere; }
.banner { padding: .75rem 1rem; border-left: .5rem solid; font-weight: 600; }
.scroll { position: relative; overflow-x: auto; margin: 1rem 0; } .scroll:focus-visible { outline: 3px solid #2f6f9f; }
table { border-collapse: collapse; }
caption { text-align: left; font-weight: 600; padding-bottom: .25rem; }
caption span { position: sticky; left: 0; display: inline-block; max-width: calc(100vw - 2rem); }
th, td { padding: .25rem .5rem; border: 1px solid #d0d7de; text-align: left; vertical-align: top; }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
th[scope=row] { position: sticky; left: 0; background: #ffffff; }
.calendar th, .calendar td { padding: .1rem; min-width: 1.4rem; text-align: center; font-size: .75rem; }
.week th, .week td { min-width: 1.25rem; }
.calendar caption { font-weight: 400; font-size: .875rem; }
.calendar th[scope=row] { white-space: nowrap; padding-right: .5rem; }
.calendar td b { display: block; font-size: .875rem; }
.kinds { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1rem; }
.kinds a { color: inherit; }
.findings { padding-left: 1.25rem; } .findings > li { margin-bottom: .5rem; }
code { font-size: .8125rem; overflow-wrap: anywhere; }
.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .5rem; }
.legend li { padding: 0 .5rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
svg { max-width: 100%; height: auto; display: block; }
@media print { .scroll { overflow: visible; } }
"""


def sheet() -> str:
    """Return the style sheet."""
    rules = [_BASE, _rule("body", PAGE), _rule(".quiet, svg text", QUIET)]
    rules += [_rule(f".{name}", pair) for name, pair in BANNERS.items()]
    rules += [_rule(f".{class_of(status)}", pair) for status, pair in COLOURS.items()]
    rules += [f".shade{number} {{ background: {shade}; }}\n" for number, shade in enumerate(SHADES)]
    return "".join(rules) + f"svg text {{ fill: {QUIET[0]}; }}\nsvg rect {{ fill: {BAR}; }}\n"


def class_of(status: Status) -> str:
    """Return the class of a status."""
    return status.name.lower().replace("_", "-")


def _rule(selector: str, pair: tuple[str, str]) -> str:
    return f"{selector} {{ color: {pair[0]}; background: {pair[1]}; }}\n"
