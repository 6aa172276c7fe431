"""What modules share: a source whose every batch is refused, and a directory with settings."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.served import serving
from tests.service.calls import NOW
from tests.service.hand import Hand


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def source() -> AsyncIterator[Hand]:
    """A source under a clock that stands still; cases share it, since a refusal changes nothing."""
    async with serving(metrics_listen="", clock=lambda: NOW) as served:
        hand = await Hand.enrolled(served)
        hand.minute = int(NOW) // 60
        yield hand


@pytest.fixture
def configured(tmp_path: Path) -> Path:
    """A directory with the certificates that settings name, and no settings."""
    (tmp_path / "certs").mkdir()
    for name in ("server.crt", "server.key", "ca.crt", "one", "two"):
        (tmp_path / "certs" / name).touch()
    return tmp_path
