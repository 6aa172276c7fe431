"""The report's page by itself: colours that can be read, text that cannot become markup, bounds that are said."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import product

import pytest

from ledger.audit.calendar import SYMBOLS, lines
from ledger.audit.completeness import judge
from ledger.audit.page import findings as page_findings
from ledger.audit.page.markup import element, table
from ledger.audit.page.report import page
from ledger.audit.page.style import BANNERS, COLOURS, PAGE, QUIET, SHADES
from ledger.audit.wording import OLD, conclusion, count_text, remarks
from ledger.core.bodies import Count
from ledger.core.completeness_report import Report, Status, report
from ledger.core.findings import SHOWN, Kind, Stop
from tests.core.embargoed import with_officers
from tests.core.judging import DAY, policy_of
from tests.core.test_closings import close, later
from tests.core.world import World, disclosure, mixed

PAIRS = [PAGE, QUIET, *BANNERS.values(), *COLOURS.values(), *product((COLOURS[Status.ON_TIME][0],), SHADES)]


def luminance(colour: str) -> float:
    """Return the relative luminance of #rrggbb (WCAG 2.2)."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


class Strict(HTMLParser):
    """Holds that every element is closed where it was opened, and gathers the text that is read aloud."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.heads: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        self.seen.append(tag)
        if tag == "th":
            self.heads.append(dict(attrs).get("scope"))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost one."""
        assert self.open.pop() == tag


def told(world: World, at: int | None = None, policy: bytes | None = None) -> Report:
    """Return the report on a log."""
    return report(judge([world.leaves], world.vkey, policy), world.minute if at is None else at)


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_every_text_can_be_read(pair: tuple[str, str]) -> None:
    """Text and what is behind it differ by 4.5 : 1 at least, as WCAG 2.2 AA asks."""
    low, high = sorted(map(luminance, pair))
    assert (high + 0.05) / (low + 0.05) >= 4.5


def test_signs_differ_without_colour() -> None:
    """Each status has a character of its own."""
    assert set(SYMBOLS) == set(Status)
    assert len(set(SYMBOLS.values())) == len(SYMBOLS)


def test_elements_nest_and_tables_have_heads() -> None:
    """Each element is closed where it was opened; each head says whether it is a row's or a column's."""
    parser, found = Strict(), told(mixed(), mixed().minute + 90 * DAY)
    parser.feed(page(found, found, cosigned=False))
    assert parser.open == []
    assert parser.seen.count("table") == parser.seen.count("caption") >= 4
    assert set(parser.heads) == {"col", "row"}


def test_whatever_is_text_stays_text() -> None:
    """What a log says cannot become an element, an attribute or a control character of the page."""
    hostile = "<script>\"&'\x00\u202e"
    made = element("p", hostile, title=hostile) + table(hostile, [hostile], [[hostile, hostile]])
    assert "<script" not in made
    assert "\x00" not in element("p", hostile)
    assert "\u202e" not in element("p", hostile)
    assert "&lt;script&gt;" in made
    found = replace(told(mixed()), origin="</title><script>")
    assert "<script" not in page(found, found, cosigned=False)


def test_a_page_of_nothing_found_says_so() -> None:
    """No findings are None in words, and a report without a source has no chart."""
    found = told(World.open())
    text = page(found, found, cosigned=False)
    assert "<p>None.</p>" in text
    assert "Nothing was found" in text
    assert "<svg" not in text


def test_shades_go_with_what_a_period_holds() -> None:
    """A period closed with zero has the lightest shade, and the one that holds most the darkest."""
    world = with_officers(threshold=0)
    later(world)
    close(world)
    for count in (1, 9):
        world.disclose("alpha", *[disclosure() for _ in range(count)])
        later(world)
        close(world)
    found = told(world)
    assert re.findall(r'class="on-time shade([0-9])"', page(found, found, cosigned=False)) == ["0", "1", "3"]


def test_more_than_a_page_holds_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Findings past the bound, in periods not shown, and entries past those listed are told by number."""
    world = with_officers(threshold=0)
    world.disclose("alpha", *[disclosure() for _ in range(SHOWN + 3)])
    found = told(world, world.minute + 90 * DAY)
    monkeypatch.setattr(page_findings, "MOST", 2)
    text = page(found, found.shown(0, world.minute + 20 * DAY), cosigned=False)
    assert "more in periods that are not shown here" in text
    assert "The first 2 of" in text
    monkeypatch.setattr(page_findings, "MOST", 1_000)
    assert "and 3 more" in page(found, found, cosigned=False)


@pytest.mark.parametrize(
    ("stop", "words"),
    [
        (Stop(9, "seal: missing", convicted=True), "contradicts itself at entry 9"),
        (Stop(9, "unknown", convicted=False), "Could not be checked from entry 9 on: unknown"),
    ],
)
def test_where_the_judgment_ended_is_the_conclusion(stop: Stop, words: str) -> None:
    """A contradiction convicts, what is unknown does not, and both are said before anything else."""
    found = replace(told(mixed()), stop=stop)
    assert words in conclusion(found)
    assert "judged up to entry 9" in remarks(found, cosigned=False)[0]
    assert words in re.sub("<[^>]*>", "", page(found, found, cosigned=False))


def test_each_kind_is_counted_first_and_leads_to_its_findings() -> None:
    """Beside the conclusion stands how many findings there are of each kind, as links to where they are."""
    found = told(with_officers(threshold=0), with_officers(threshold=0).minute + 90 * DAY)
    text = page(found, found, cosigned=False)
    count = len(found.findings)
    assert text.index(f'<a href="#missing">{count} × closing missing</a>') < text.index('<h3 id="missing">')


def test_remarks_say_what_a_reader_has_to_know() -> None:
    """An old copy, no policy, and a checkpoint without its quorum are told; a fresh and cosigned one needs nothing."""
    world = with_officers(threshold=0)
    old = told(world, world.minute + OLD + 1)
    assert "is not judged" in remarks(told(world, world.minute - 1), cosigned=True)[0]
    assert "a newer copy may have more" in remarks(old, cosigned=True)[0]
    assert "without a witness policy" in remarks(told(world), cosigned=False)[0]
    witnessed = told(world, policy=policy_of(world))
    assert "lacks the witness policy's quorum" in remarks(witnessed, cosigned=False)[0]
    assert remarks(witnessed, cosigned=True) == []


def test_counts_and_conclusions_in_words() -> None:
    """Bands show both ends; one finding is not findings."""
    assert [count_text(Count(1_000, 1_000)), count_text(Count(0, 499))] == ["1,000", "0–499"]
    world = mixed()
    found = told(world)
    assert [finding.kind for finding in found.findings] == [Kind.FORCED]
    assert conclusion(found) == "1 finding."


def test_lines_are_years_of_weeks() -> None:
    """Each week stands in the column of its number, and nothing before the enrolment or after the time asked for."""
    world = with_officers(threshold=0)
    later(world)
    close(world)
    (row,) = told(world, world.minute + 35 * DAY).rows
    shown = lines(row)
    assert [line.label for line in shown] == ["2025", "2026"]
    assert {len(line.cells) for line in shown} == {53}
    first = shown[0].cells[47]
    assert first is not None
    assert (first.name, first.status) == ("2025-W48", Status.ON_TIME)
    assert shown[0].cells[:47] == (None,) * 47
    assert shown[1].cells[-1] is None
