"""What every test begins with."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """Forget where an earlier test had log lines written: that stream is closed by now."""
    yield
    structlog.reset_defaults()
