"""A log for each test, stopped behind it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.ledger import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A running log with the sources alpha and beta and one auditor."""
    ledger = Ledger.create(tmp_path)
    ledger.world.enrol("alpha")
    ledger.world.enrol("beta")
    ledger.world.add_auditor("one")
    ledger.follow()
    yield ledger
    ledger.stop()
