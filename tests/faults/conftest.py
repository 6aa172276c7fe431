"""What the tests of the engine have, a log for each test that is stopped behind it; and processes that soon end."""

import pytest

from tests.engine.conftest import ledger

__all__ = ["ledger"]


@pytest.fixture(scope="module", autouse=True)
def _many(unmeasured: None) -> None:
    """Processes here run what other tests measure."""
