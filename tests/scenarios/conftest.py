"""One honest ledger serves all scenarios: each is dishonest with a copy of its own."""

from collections.abc import Iterator

import pytest

from tests.scenarios.stage import Stage, fresh, stage


@pytest.fixture(scope="session")
def whole() -> Iterator[Stage]:
    """A stopped ledger that was recorded to, its receipts, a mirror of it, and a reader that remembers it."""
    with stage() as found:
        yield found


@pytest.fixture
def scene(whole: Stage) -> Iterator[Stage]:
    """A copy of that for one test."""
    with fresh(whole) as found:
        yield found


@pytest.fixture(scope="module")
def shared(whole: Stage) -> Iterator[Stage]:
    """A copy of that for the tests of one file."""
    with fresh(whole) as found:
        yield found
