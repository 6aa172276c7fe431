"""The program that the comparisons need is built once a process."""

import os
from pathlib import Path

import pytest

from tests.interop.ecosystem import Ecosystem, NoGo, NotBuilt, build

BUILDING = 900
"""Seconds that a test may take whose first fixture fetches and compiles every library."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let whichever test comes first wait for the build."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.timeout(BUILDING))


@pytest.fixture(scope="session")
def ecosystem(tmp_path_factory: pytest.TempPathFactory) -> Ecosystem:
    """The libraries; without a Go the comparisons are left out, but never where CI is set."""
    folder = tmp_path_factory.mktemp("interop")
    try:
        return build(folder, tmp_path_factory.getbasetemp().parent / "interop.lock")
    except NoGo as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
    except NotBuilt as error:
        pytest.fail(str(error))
