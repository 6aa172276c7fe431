"""A ledger that serves all command tests, set up by commands alone: an auditor, a source, a member of the public."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.commands import Ran, Site, disclosure, lines, site

FIRST = 3
"""How many disclosures stand in the log from the start."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The ledger's site, and the folders of its clients; ``first`` is what recording wrote."""

    here: Site
    auditor: Path
    source: Path
    public: Path
    first: Ran


@pytest.fixture(scope="session")
def standing() -> Iterator[Standing]:
    """Set the ledger up, record three disclosures, and stop it in the end, which must succeed."""
    with site() as here:
        here.open()
        here.serve()
        auditor = here.auditor("One")
        source = here.source("alpha", auditor)
        public = here.public()
        given = lines(*map(disclosure, range(FIRST)))
        first = here.run("ledger", "record", "-", "-p", source, "--receipts", "receipts", "--json", given=given)
        yield Standing(here, auditor, source, public, first)
        assert here.stop() == 0


@pytest.fixture
def here() -> Iterator[Site]:
    """Give an empty directory."""
    with site() as empty:
        yield empty
