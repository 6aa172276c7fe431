"""What the tests of the engine have: a log for each test, stopped behind it; and processes that are ended again soon."""

import pytest

from tests.engine.conftest import ledger

__all__ = ["ledger"]


@pytest.fixture(scope="module", autouse=True)
def _many(unmeasured: None) -> None:
    """Processes here run what other tests measure."""
