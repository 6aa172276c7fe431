"""Mutants of functions, without importing anything again: the first pass of a campaign.

A process collects a module's tests. For each mutant it forks; the child exchanges the function's code and runs them.
What is computed at import stays the original's, so what survives here has to run whole.
"""

import inspect
import os
import sys
from collections.abc import Sequence
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

from mutation.running import OPTIONS, bound, own_tests, silence


def quick(module: str, mutants: Sequence[tuple[str, CodeType]], jobs: int, seconds: int) -> list[int]:
    """Return how each mutant's tests ended, as ``os.wait`` says it; 0 where it survived or has no function."""
    reading, writing = os.pipe()
    collector = os.fork()
    if not collector:
        os.close(reading)
        silence()
        plugin = _Forking(module, mutants, jobs, seconds)
        code = pytest.main([*OPTIONS, *own_tests(module)], plugins=[plugin])
        if not plugin.collected:
            os._exit(code)
        os.write(writing, " ".join(map(str, plugin.statuses)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        statuses = [int(status) for status in pipe.read().split()]
    os.waitpid(collector, 0)
    return statuses or [0] * len(mutants)


class _Forking:
    """Runs the collected tests once a mutant, each time in a fork."""

    def __init__(self, module: str, mutants: Sequence[tuple[str, CodeType]], jobs: int, seconds: int) -> None:
        self.module, self.mutants, self.jobs, self.seconds = module, mutants, jobs, seconds
        self.statuses = [0] * len(mutants)
        self.running: dict[int, int] = {}
        self.collected = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> bool | None:
        """Fork; a child returns None and goes on to the tests, the parent has nothing left to do."""
        live = sys.modules[f"ledger.core.{self.module}"]
        for number, (where, code) in enumerate(self.mutants):
            function, changed = _function(live, where), _code(code, where)
            if function is None or changed is None or len(changed.co_freevars) != len(function.__code__.co_freevars):
                continue
            while len(self.running) >= self.jobs:
                self._reap()
            child = os.fork()
            if not child:
                self.collected = False
                bound(self.seconds)
                function.__code__ = changed
                return None
            self.running[child] = number
        while self.running:
            self._reap()
        return True

    def _reap(self) -> None:
        child, status = os.wait()
        self.statuses[self.running.pop(child)] = status


def _function(module: ModuleType, where: str) -> FunctionType | None:
    """Return the live function that ``where`` names, whatever it is wrapped in."""
    found: Any = module
    for name in where.split("."):
        if isinstance(found, FunctionType):
            break  # a function inside a function is a part of its code
        found = vars(found).get(name)
        found = getattr(found, "fget", None) or getattr(found, "__func__", None) or found
        found = getattr(found, "__wrapped__", found)
    return found if isinstance(found, FunctionType) else None


def _code(module: CodeType, where: str) -> CodeType | None:
    """Return the code of the same function in a compiled module."""
    code: CodeType | None = module
    for name in where.split("."):
        assert code is not None  # noqa: S101 -- the loop ends where it would be
        inner = next((item for item in code.co_consts if isinstance(item, CodeType) and item.co_name == name), None)
        if inner is None:
            return None
        code = inner
        if code.co_flags & inspect.CO_OPTIMIZED:
            return code
    return None
