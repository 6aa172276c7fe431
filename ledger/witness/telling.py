"""What the operator of a witness sees beside its log lines: Prometheus metrics.

Of a request nothing is told but the origin and size of logs that the witness was told of.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


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
