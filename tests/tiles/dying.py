"""A machine that stops: from one file operation on, nothing a writer does reaches the disk any more."""

import os
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any, Final

import pytest

ON_PATHS: Final = ("open", "replace", "unlink", "rmdir", "mkdir")
ON_DESCRIPTORS: Final = ("write", "fsync")


class Stopped(BaseException):
    """The machine stands still."""


class Machine:
    """Counts the operations on files below ``folder``; stops before number ``last``, or in the middle of a write."""

    def __init__(self, patch: pytest.MonkeyPatch, folder: Path, last: int) -> None:
        self._folder, self._last = str(folder), last
        self._lock = Lock()
        self._descriptors: set[int] = set()
        self.steps = 0
        for name in (*ON_PATHS, *ON_DESCRIPTORS):
            patch.setattr(os, name, self._guarded(name, getattr(os, name)))

    def _guarded(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(target: Any, *others: Any, **named: Any) -> Any:
            if not self._is_watched(name, target):
                return function(target, *others, **named)
            with self._lock:
                number, self.steps = self.steps, self.steps + 1
                if number == self._last and name == "write":
                    function(target, others[0][: len(others[0]) // 2])
                if number >= self._last:
                    raise Stopped
                found = function(target, *others, **named)
                if name == "open":
                    self._descriptors.add(found)
                return found

        return call

    def _is_watched(self, name: str, target: Any) -> bool:
        if name in ON_DESCRIPTORS:
            return target in self._descriptors
        return str(target).startswith(self._folder)
