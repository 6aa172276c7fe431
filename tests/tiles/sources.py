"""A log's files in memory, as an honest or a dishonest server has them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock

from ledger.core.errors import InvalidInput, Unavailable


@dataclass(slots=True)
class Memory:
    """Serves ``files``, at most ``answers`` times, and remembers what was asked for."""

    files: Mapping[str, bytes]
    answers: int = 10**9
    asked: list[str] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def fetch(self, path: str, limit: int) -> bytes | None:
        """Return a file; raise Unavailable once it has answered often enough."""
        with self._lock:
            if len(self.asked) >= self.answers:
                raise Unavailable(f"{path}: out of reach")
            self.asked.append(path)
        data = self.files.get(path)
        if data is not None and len(data) > limit:
            raise InvalidInput("answer", f"more than {limit} bytes")
        return data
