"""The rollback guard: the last published size and root, kept outside the store.

Whoever restores yesterday's store finds that the ledger refuses to sign behind what it has signed. Written after
publishing, at most once a second, by temporary file, fsync and rename.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ledger.core.encoding import Hash, decode_hex
from ledger.core.errors import InvalidInput, StoreBehind, StoreDamaged
from ledger.host import files

INTERVAL: Final = 1.0
"""Seconds between writes."""


class HighWater:
    """The high-water mark of one log, in the file at ``path``."""

    def __init__(self, path: Path, log_id: Hash, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._log_id, self._clock = path, log_id, clock
        self._written = -INTERVAL
        self._mark: tuple[int, Hash] | None = None

    def note(self, size: int, root: Hash) -> None:
        """Remember what was published, and write it if a second has passed."""
        self._mark = (size, root)
        if self._clock() - self._written >= INTERVAL:
            self.flush()

    @property
    def due(self) -> bool:
        """Whether something was noted and is not written yet."""
        return self._mark is not None

    def flush(self) -> None:
        """Write what was last noted, durably."""
        if self._mark is None:
            return
        size, root = self._mark
        text = json.dumps({"log_id": self._log_id.hex(), "size": size, "root": root.hex()}) + "\n"
        files.replace(self._path, text.encode())
        self._mark = None
        self._written = self._clock()

    def check(self, size: int, root_at: Callable[[int], Hash]) -> None:
        """Raise unless the store is at least as new as the mark.

        Raises:
            StoreBehind: the store is smaller, has another root at the mark's size, or the file is missing.
            StoreDamaged: the file is malformed, or another log's.
        """
        marked, root = self._read()
        if size < marked:
            raise StoreBehind(
                f"the store has {size} entries but {marked} were signed: it is an old copy. Put the newer store back, "
                "or close this log and open a successor; it will not sign"
            )
        if root_at(marked) != root:
            raise StoreBehind(
                f"the store's tree of {marked} entries is not the one that was signed. Put the right store back; "
                "it will not sign"
            )

    def _read(self) -> tuple[int, Hash]:
        try:
            mark = json.loads(self._path.read_text("ascii"))
            size, root = mark["size"], Hash(decode_hex(mark["root"], "root"))
            same = mark["log_id"] == self._log_id.hex()
        except FileNotFoundError:
            raise StoreBehind(
                f"{self._path}: missing, so a rollback could not be seen. Put it back from where it was kept"
            ) from None
        except OSError as error:
            raise StoreDamaged(f"{self._path}: cannot be read ({error.strerror})") from None
        except (ValueError, KeyError, TypeError, RecursionError, InvalidInput):
            raise StoreDamaged(f"{self._path}: malformed") from None
        if not same or type(size) is not int or size < 1 or len(root) != len(self._log_id):
            raise StoreDamaged(f"{self._path}: malformed, or another log's")
        return size, root
