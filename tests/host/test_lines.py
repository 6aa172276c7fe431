"""Whatever a witness or what it is built on has to say is a JSON line, and nothing in it is a client's."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from ledger.host.lines import OTHERS, set_up


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Set logging up and return what is written; afterwards the loggers of others are as they were."""
    loggers = [logging.getLogger(name) for name in OTHERS]
    before = [(logger.handlers, logger.propagate, logger.level) for logger in loggers]
    stream = io.StringIO()
    set_up("info", stream)
    yield stream
    for logger, (handlers, propagate, level) in zip(loggers, before, strict=True):
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


def test_lines_are_json(stream: io.StringIO) -> None:
    """A line is one JSON object with event, level and time; what is below the level is not written."""
    structlog.get_logger("witness").debug("unseen")
    structlog.get_logger("witness").info("cosigned", size=7)
    line = json.loads(stream.getvalue())
    assert (line["event"], line["level"], line["size"]) == ("cosigned", "info", 7)
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("name", OTHERS)
def test_errors_of_others_are_lines_like_ours(name: str, stream: io.StringIO) -> None:
    """An error is told with its message and its class, without arguments or traceback; lesser lines are not."""
    logger = logging.getLogger(name)
    logger.warning("Invalid HTTP request received.")
    logger.error("accepting failed for %s", "secret")
    try:
        int("secret")
    except ValueError:
        logger.exception("Exception in ASGI application\n")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["event"], first["logger"], first["error"]) == ("library error", name, None)
    assert (second["message"], second["error"]) == ("Exception in ASGI application\n", "ValueError")
    assert "secret" not in stream.getvalue()
