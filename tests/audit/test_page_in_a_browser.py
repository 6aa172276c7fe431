"""The report's page in a real browser: whole on a wide screen and on a phone, without network, without scripts."""

import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from ledger.audit.completeness import judge
from ledger.audit.page.report import page
from ledger.core.completeness_report import report
from tests.core.embargoed import gagged, with_officers
from tests.core.test_closings import close, closing, late, later
from tests.core.world import World

BROWSER: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MEASURE: Final = """<script>document.title = [document.documentElement.scrollWidth, window.innerWidth,
document.querySelectorAll('table caption').length, document.querySelectorAll('table').length].join(' ')</script>"""
"""What a test adds to a copy of the page to learn how it came out."""


def found() -> World:
    """Return a log with a closing on time, a late one, a missing one, a late confession and an embargo."""
    world = with_officers(threshold=1)
    world.say("alpha", gagged(world))
    later(world)
    start = closing(world).start
    close(world)
    later(world, 2)
    close(world)
    world.say("alpha", late(world, start))
    world.minute += 60 * 24 * 200
    return world


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page of a log on which everything was found."""
    if BROWSER is None:
        pytest.skip("no browser: install chromium")
    world = found()
    judged = judge([world.leaves], world.vkey)
    told = report(judged, world.minute, 30)
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page(told, told, False))
    return path


def browser(*words: str, width: int) -> bytes:
    """Run the browser without a screen, without network."""
    fixed = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run")
    where = ("--proxy-server=127.0.0.1:1", f"--window-size={width},2400")
    command = [str(BROWSER), *fixed, *where, *words]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


@pytest.mark.parametrize("width", [1200, 500], ids=["a wide screen", "a phone"])
def test_it_fits_the_screen(written: Path, width: int) -> None:
    """Nothing is wider than the window but tables, which scroll by themselves; each table has its caption."""
    copy = written.with_name(f"measured-{width}.html")
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", written.read_text())
    copy.write_text(text.replace("</body>", f"{MEASURE}</body>"))
    dom = browser("--dump-dom", copy.as_uri(), width=width).decode()
    (title,) = re.findall(r"<title>([0-9 ]+)</title>", dom)
    scrolled, window, captions, tables = map(int, title.split())
    assert scrolled <= window
    assert captions == tables > 0


def test_it_fits_a_narrow_phone(written: Path) -> None:
    """At 360 pixels, in a frame, as no window is that narrow, nothing is wider but tables; captions are not cut."""
    tell = """<script>parent.postMessage([document.documentElement.scrollWidth, window.innerWidth, Math.max(
    ...[...document.querySelectorAll('caption span')].map(one => one.getBoundingClientRect().right))].join(' '), '*')
    </script>"""
    inner, outer = written.with_name("framed.html"), written.with_name("frame.html")
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", written.read_text())
    inner.write_text(text.replace("</body>", f"{tell}</body>"))
    hear = "<script>onmessage = event => { document.title = event.data }</script>"
    outer.write_text(
        f'<title></title>{hear}<iframe width="360" height="800" frameborder="0" src="framed.html"></iframe>'
    )
    dom = browser("--dump-dom", "--virtual-time-budget=5000", outer.as_uri(), width=1200).decode()
    (title,) = re.findall(r"<title>([0-9. ]+)</title>", dom)
    scrolled, window, caption = map(float, title.split())
    assert scrolled <= window == 360
    assert caption <= window


def test_a_picture_of_it_has_all_colours(written: Path) -> None:
    """The picture is drawn: a page that failed to render would be a few hundred bytes of white."""
    picture = written.with_suffix(".png")
    browser(f"--screenshot={picture}", written.as_uri(), width=1200)
    data = picture.read_bytes()
    assert data.startswith(b"\x89PNG")
    assert len(data) > 20_000


def test_it_needs_nothing_else(written: Path) -> None:
    """No script, no address of another file, a language, a title, and headings in order."""
    text = written.read_text()
    assert "<script" not in text
    assert "default-src 'none'" in text
    assert not re.findall(r"""(?:src|href)=["'](?!#|data:)""", text)
    assert re.search(r'<html[^>]* lang="en"', text)
    levels = [int(level) for level in re.findall(r"<h([1-6])", text)]
    assert levels[0] == 1
    assert all(following - earlier <= 1 for earlier, following in pairwise(levels))
    for word in ("missing", "late", "on time", "overdue"):
        assert word in text.lower()
