"""One mutant, one fork, until a test fails.

The parent has every dependency imported and nothing of the core; the child imports it with the mutant in it, so that
what is computed at import is the mutant's too, and runs the module's tests, then those of its users.
"""

import gc
import importlib
import importlib.machinery
import os
import re
import resource
import signal
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

import hypothesis
import pytest

ROOT: Final = Path(__file__).parents[2]
CORE: Final = ROOT / "ledger" / "core"
TESTS: Final = ROOT / "tests" / "core"
BEYOND: Final = ROOT / "tests" / "published"
LEFT_OUT: Final = frozenset({"test_purity", "test_errors", "test_files"})
"""They read files or start processes, which a mutant in memory does not touch."""

ALONE: Final = frozenset({"test_receipt_bytes"})
"""They take seconds, and so run for their own module only."""

MORE: Final = {
    "anchoring": ("test_completeness_times",),
    "anchors": ("test_chain_anchors",),
    "batch": ("test_parts", "test_seal"),
    "completeness_report": (
        *("test_completeness", "test_completeness_contradicted", "test_completeness_findings"),
        "test_completeness_times",
    ),
    "findings": ("test_completeness_findings", "test_completeness"),
    "inner": ("test_approvals",),
    "lookup_keys": ("test_building",),
    "merkle": ("test_proof",),
    "mirror": ("test_round_trip",),
    "parties": ("test_chain", "test_chain_governance", "test_chain_keys"),
    "shape": ("test_plain_shape",),
    "statement": ("test_canonical_form", "test_uncheckable", "test_round_trip"),
}
"""Test files of a module that do not bear its name."""

MEMORY: Final = 3 * 1024**3
_DEPENDENCIES: Final = (
    "ledger.v1.disclosure_pb2",
    "ledger.v1.log_pb2",
    "ledger.v1.receipt_pb2",
    "ledger.v1.statement_pb2",
    "nacl.bindings",
    "nacl.exceptions",
    "phonenumbers",
    "pycountry",
    "rfc8785",
    "yaml",
)
OPTIONS: Final = (
    *("-x", "-q", "-c", os.devnull, "--rootdir", str(ROOT), "--hypothesis-profile=mutation"),
    *("-p", "no:cacheprovider", "-p", "no:asyncio", "-p", "no:timeout", "-p", "no:cov"),
)


def prepare() -> None:
    """Import what every child needs, and have libraries load their data."""
    sys.path.insert(0, str(ROOT))
    for name in _DEPENDENCIES:
        importlib.import_module(name)
    phonenumbers, pycountry = sys.modules["phonenumbers"], sys.modules["pycountry"]
    for number in ("+12025550100", "+4721000000", "+447700900000"):
        phonenumbers.is_possible_number(phonenumbers.parse(number, None))
    pycountry.countries.get(alpha_2="NO")
    pycountry.subdivisions.get(code="US-CA")
    hypothesis.settings.register_profile(
        "mutation",
        derandomize=True,
        database=None,
        deadline=None,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    gc.freeze()


def own_tests(module: str) -> list[str]:
    """Return the test files of a module."""
    return [str(path) for path in _files() if _is_own(path, module)]


def other_tests(module: str) -> list[str]:
    """Return the other test files that import the module, or have known answers for it."""
    uses = re.compile(rf"from ledger\.core\.{module} import|from ledger\.core import .*\b{module}\b")
    found = [path for path in _files() if not _is_own(path, module) and path.stem not in ALONE]
    return [str(path) for path in found if path.parent == BEYOND or uses.search(path.read_text())]


def _files() -> list[Path]:
    found = (*sorted(TESTS.glob("test_*.py")), *sorted(BEYOND.glob("test_*.py")))
    return [path for path in found if path.stem not in LEFT_OUT]


def _is_own(path: Path, module: str) -> bool:
    return path.stem.startswith(f"test_{module}") or path.stem in MORE.get(module, ())


class _Mutated(MetaPathFinder):
    """Finds one module, with other code in it."""

    def __init__(self, name: str, code: CodeType) -> None:
        self.name, self.code = name, code

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the module's spec with a loader that has its code already."""
        if fullname != self.name:
            return None
        file = str(CORE / f"{fullname.rpartition('.')[2]}.py")
        loader = _Loader(fullname, file)
        loader.code = self.code
        return importlib.machinery.ModuleSpec(fullname, loader, origin=file)


class _Loader(importlib.machinery.SourceFileLoader):
    code: CodeType

    def get_code(self, fullname: str) -> CodeType:
        """Return the mutated code."""
        return self.code


def start(module: str, code: CodeType, seconds: int) -> int:
    """Run the tests over ``code`` in a fork, which ends after ``seconds`` of its own; return its process id.

    It exits with 0 where the mutant survived, with 1 where a test noticed, and is killed where it takes too long.
    """
    child = os.fork()
    if child:
        return child
    try:
        bound(seconds)
        silence()
        sys.meta_path.insert(0, _Mutated(f"ledger.core.{module}", code))
        stages = (own_tests(module), other_tests(module))
        noticed = any(pytest.main([*OPTIONS, *files]) != 0 for files in stages)
        os._exit(1 if noticed else 0)
    finally:
        os._exit(1)  # whatever came out of it, a test would have noticed


def bound(seconds: int) -> None:
    """Have this process killed after so many seconds of its own, and refuse it more memory than a test needs."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(10 * seconds)


def silence() -> None:
    """Send what this process prints nowhere."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
