"""What the operator of a witness sees: JSON lines on stderr, and Prometheus metrics.

Of a request nothing is told but the origin and size of logs that the witness was told of.
"""

import logging
import sys
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

OTHERS: Final = ("uvicorn.error", "asyncio")
"""Loggers of what this is built on, whose errors are told in lines like ours."""


class Metrics:
    """The witness's Prometheus metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._answers = Counter(
            "witness_answers_total", "Answers by request and HTTP status", ["request", "code"], registry=self.registry
        )
        self._seconds = Histogram(
            "witness_add_checkpoint_seconds", "Seconds from a whole request to its answer", registry=self.registry
        )
        self._size = Gauge("witness_tree_size", "Size of the tree cosigned last", ["origin"], registry=self.registry)
        self._time = Gauge(
            "witness_cosigned_timestamp_seconds", "Time of the last cosignature", ["origin"], registry=self.registry
        )
        self._splits = Counter(
            "witness_splits_total", "Requests that show two trees of one size", ["origin"], registry=self.registry
        )

    def answered(self, request: str, code: int) -> None:
        """Count an answer."""
        self._answers.labels(request, str(code)).inc()

    def took(self, seconds: float) -> None:
        """Count how long an add-checkpoint request took."""
        self._seconds.observe(seconds)

    def cosigned(self, origin: str, size: int, timestamp: int) -> None:
        """Show the latest tree of a log."""
        self._size.labels(origin).set(size)
        self._time.labels(origin).set(timestamp)

    def split(self, origin: str) -> None:
        """Count a request by which a log convicts itself."""
        self._splits.labels(origin).inc()


class _Passing(logging.Handler):
    """Turns the records of other loggers into lines like ours, without the values in a traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[0] if record.exc_info else None
        structlog.get_logger("witness").error(
            "library error", logger=record.name, message=record.msg, error=error.__name__ if error else None
        )


def set_up_logging(level: str = "info", stream: Any = None) -> None:
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
