"""What operators watch: counts and sizes, never a source's or a person's name beyond what leaves show."""

import functools
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """The ledger's Prometheus metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._calls = Counter(
            "ledger_calls_total",
            "Calls by method and gRPC status code",
            ["method", "code"],
            registry=self.registry,
        )
        self._seconds = Histogram("ledger_call_seconds", "Seconds a call took", ["method"], registry=self.registry)
        self._called = functools.cache(lambda method, code: self._calls.labels(method, str(code)))
        self._took = functools.cache(self._seconds.labels)
        self._entries = Gauge("ledger_tree_size", "Entries of the published tree", registry=self.registry)
        self._queued = Gauge("ledger_queued_bytes", "Bytes that wait for the writer", registry=self.registry)
        self._halted = Gauge("ledger_halted", "1 while nothing is signed", registry=self.registry)
        self._fetches = Counter(
            "ledger_payload_fetches_total",
            "Sealed payloads that auditors fetched",
            ["auditor"],
            registry=self.registry,
        )
        self._cosigned = Gauge(
            "ledger_cosigned_tree_size", "Entries of the latest tree with a quorum", registry=self.registry
        )
        self._witness_size = Gauge(
            "ledger_witness_tree_size", "Entries of the latest tree it cosigned", ["witness"], registry=self.registry
        )
        self._witness_time = Gauge(
            "ledger_witness_timestamp_seconds", "Its latest cosignature", ["witness"], registry=self.registry
        )
        self._witness_failures = Counter(
            "ledger_witness_failures_total", "Requests that gave no cosignature", ["witness"], registry=self.registry
        )

    def called(self, method: str, code: int, seconds: float) -> None:
        """Count a call that took ``seconds`` and ended with ``code``."""
        self._called(method, code).inc()
        self._took(method).observe(seconds)

    def fetched(self, auditor: str, payloads: int) -> None:
        """Count sealed payloads that an auditor's certificate fetched."""
        self._fetches.labels(auditor).inc(payloads)

    def cosigned(self, witness: str, size: int, timestamp: int) -> None:
        """Show what a witness cosigned last, and when."""
        self._witness_size.labels(witness).set(size)
        self._witness_time.labels(witness).set(timestamp)

    def witness_failed(self, witness: str) -> None:
        """Count a request to a witness that gave no cosignature."""
        self._witness_failures.labels(witness).inc()

    def forget_witnesses(self) -> None:
        """Show nothing of witnesses until they are asked under another policy."""
        self._witness_size.clear()
        self._witness_time.clear()

    def watch(
        self,
        size: Callable[[], int],
        queued: Callable[[], int],
        halted: Callable[[], bool],
        cosigned: Callable[[], int],
    ) -> None:
        """Read the gauges from these at each scrape."""
        self._cosigned.set_function(cosigned)
        self._entries.set_function(size)
        self._queued.set_function(queued)
        self._halted.set_function(halted)
