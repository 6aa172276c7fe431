"""The core is a function of its arguments: it runs without transport or store, and asks nobody for time or chance."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ledger.core

CORE = Path(ledger.core.__file__).parent
MODULES = sorted(path.stem for path in CORE.glob("*.py"))
BLOCKED = ("grpc", "plyvel", "sqlite3", "asyncio", "ssl", "http", "urllib.request")
"""Not socket: the package asks importlib.metadata for its version, which loads it to read e-mail headers."""

BLOCKING = f"""
import sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if any(name == blocked or name.startswith(blocked + ".") for blocked in {BLOCKED!r}):
            raise ImportError(name + " is blocked")
        return None

sys.meta_path.insert(0, Block())
"""

CLOCK = frozenset({"time", "now", "utcnow", "today", "fromtimestamp"})
CHANCE = frozenset({"random", "secrets", "uuid", "urandom", "random_bytes", "token_bytes", "generate"})
FILES = frozenset({"os", "io", "pathlib", "glob", "shutil", "tempfile", "read_text", "read_bytes", "write_bytes"})
NETWORK = frozenset({"socket", "ssl", "asyncio", "http", "urllib", "grpc", "plyvel", "sqlite3"})
PROCESS = frozenset({"sys", "subprocess", "threading", "multiprocessing", "signal", "platform", "logging", "ctypes"})
MODULES_AND_METHODS = CLOCK | CHANCE | FILES | NETWORK | PROCESS
BUILT_IN = frozenset({"open", "input", "print", "exec", "eval", "compile", "globals", "__import__"})


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Run ``code`` in a fresh interpreter in which transport and store cannot be imported."""
    return subprocess.run([sys.executable, "-c", BLOCKING + code], capture_output=True, text=True, check=False)


def test_every_module_of_the_core_imports_without_transport_or_store() -> None:
    """With grpc, plyvel, sqlite3, asyncio and HTTP out of reach, each module of the core still imports."""
    names = [f"ledger.core.{name}" for name in MODULES if name != "__init__"]
    assert len(names) > 25
    done = run(f"import importlib\nfor name in {names!r}: importlib.import_module(name)\nprint('imported')")
    assert (done.returncode, done.stdout, done.stderr) == (0, "imported\n", "")


@pytest.mark.parametrize("name", ["grpc", "plyvel", "asyncio", "ledger.engine.store"])
def test_the_block_holds(name: str) -> None:
    """In that interpreter transport and store, and what needs them, do fail to import."""
    done = run(f"import {name}")
    assert done.returncode == 1
    assert "is blocked" in done.stderr


def impurities(tree: ast.AST) -> set[str]:
    """Return the names by which code would reach a clock, randomness, files, the network or the process."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found |= {alias.name.partition(".")[0] for alias in names} & MODULES_AND_METHODS
            case ast.ImportFrom(module=str(module), names=names):
                found |= {module.partition(".")[0], *(alias.name for alias in names)} & MODULES_AND_METHODS
            case ast.Attribute(attr=name) if name in MODULES_AND_METHODS:
                found.add(name)
            case ast.Name(id=name) if name in BUILT_IN:
                found.add(name)
            case _:
                pass
    return found


@pytest.mark.parametrize("name", MODULES)
def test_the_core_reads_no_clock_chance_or_file(name: str) -> None:
    """No module of the core names a clock, a source of randomness, a file, the network or the process."""
    source = (CORE / f"{name}.py").read_text(encoding="utf-8")
    assert impurities(ast.parse(source)) == set()


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import time", "time"),
        ("import os.path as path", "os"),
        ("from secrets import SystemRandom", "secrets"),
        ("from nacl.utils import random_bytes as more", "random_bytes"),
        ("read = open", "open"),
        ("datetime.now(UTC)", "now"),
        ("SigningKey.generate()", "generate"),
        ("Path('x').read_bytes()", "read_bytes"),
    ],
)
def test_the_search_finds_what_it_looks_for(code: str, found: str) -> None:
    """Each way out that the search knows is found where it stands."""
    assert impurities(ast.parse(code)) == {found}
