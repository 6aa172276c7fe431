"""Log lines: one JSON object each, on stderr, and no value that anybody sent."""

import logging
import sys
from typing import Any, Final

import structlog

OTHERS: Final = ("uvicorn.error", "asyncio")
"""Loggers of what this is built on, whose errors are told in lines like ours."""


class _Passing(logging.Handler):
    """Turns the records of other loggers into lines like ours, without the values in a traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[0] if record.exc_info else None
        structlog.get_logger("library").error(
            "library error", logger=record.name, message=record.msg, error=error.__name__ if error else None
        )


def set_up(level: str = "info", stream: Any = None) -> None:
    """Write JSON log lines to ``stream``, by default stderr."""
    structlog.configure(
        [
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr if stream is None else stream),
        cache_logger_on_first_use=False,
    )
    for name in OTHERS:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [_Passing()], False
        logger.setLevel(logging.ERROR)
