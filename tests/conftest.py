"""What every test begins with."""

import logging
import signal
from collections.abc import Iterator

import pytest
import structlog

from ledger.host.lines import OTHERS

signal.signal(signal.SIGINT, signal.default_int_handler)
"""A shell has its background jobs ignore interrupts, and so would every process that a test starts and interrupts."""


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """Forget where an earlier test had log lines written: that stream is closed by now."""
    yield
    structlog.reset_defaults()
    for name in OTHERS:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(logging.NOTSET)


@pytest.fixture(scope="module")
def unmeasured() -> Iterator[None]:
    """Have the processes of a file measure no coverage, which takes a third of their time: others measure the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        yield
