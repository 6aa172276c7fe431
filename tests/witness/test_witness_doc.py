"""docs/witness.md says how to run a witness, and what it then shows."""

import re
import shlex
from pathlib import Path

import pytest
from prometheus_client import generate_latest

import ledger.witness
from ledger.core.witnessing import MAX_REQUEST
from ledger.witness import face
from ledger.witness.state import MAX_SPLITS
from ledger.witness.telling import Metrics
from tests.cli.commands import Site, site
from tests.core.witnessed import LOG

TEXT = (Path(__file__).parents[2] / "docs" / "witness.md").read_text()
EXAMPLES = re.findall(r"```\n(.*?)```", TEXT, re.DOTALL)[0].splitlines()


def test_the_examples_run() -> None:
    """The commands run as they stand, one after the other, with a log's key; serving is left to other tests."""
    with site() as here:
        for line in EXAMPLES:
            words = shlex.split(line.replace("VKEY", LOG.vkey().format()))
            if "serve" not in words:
                here.call(*words)
        assert LOG.name in here.call(*shlex.split(EXAMPLES[-1])).stdout


def test_the_default_address_is_the_one_shown() -> None:
    """Where the example listens is where a server does that is told nothing."""
    (line,) = [line for line in EXAMPLES if "serve" in line]
    with site() as here:
        assert line.split()[-1] in _help(here)


def _help(here: Site) -> str:
    return here.call("ledger", "witness", "serve", "--help").stdout


def test_every_metric_is_named() -> None:
    """Each metric that a scrape shows is named, and none that it does not show."""
    scraped = set(re.findall(r"^# TYPE (witness_\w+)", generate_latest(Metrics().registry).decode(), re.MULTILINE))
    assert {name for name in scraped if not name.endswith("_created")} == set(re.findall(r"`(witness_\w+)`", TEXT))


def test_every_line_of_the_log_is_named() -> None:
    """Each event that the witness can write stands in the text."""
    folder = Path(ledger.witness.__file__).parent
    sources = "".join(path.read_text() for path in folder.glob("*.py"))
    events = re.findall(r"log\.(?:info|warning|error|debug)\(\s*\"([^\"]+)\"", sources)
    assert len(events) > 8
    assert [event for event in events if f"`{event}`" not in TEXT] == []


@pytest.mark.parametrize(
    "bound",
    [
        f"{MAX_REQUEST // 1024} KiB",
        f"{face.MAX_CONNECTIONS:,} connections",
        f"{face.MAX_WAITING} requests may wait",
        f"at most {MAX_SPLITS} of a log",
    ],
)
def test_every_bound_is_the_one_that_holds(bound: str) -> None:
    """Bounds in the text are those of the code."""
    assert bound in TEXT
    assert face.REQUEST_SECONDS == 10
