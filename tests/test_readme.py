"""The README's commands run as they stand, in an empty directory, and its Python example records a disclosure."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.core.note import VKey
from ledger.core.receipt import verify_receipt
from tests.ending import end

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
MAKE = re.compile(r"^make (\w+)", re.MULTILINE)
EXAMPLE = """\
import pathlib, yaml
EXAMPLE = yaml.load(pathlib.Path("disclosure.yaml").read_text(), Loader=yaml.BaseLoader)["record"]
EXAMPLE["accounts_disclosed"], EXAMPLE["artifact"]["bytes"] = 1, 4096
"""

pytestmark = pytest.mark.usefixtures("unmeasured")


def blocks(language: str) -> list[str]:
    """Return the README's fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def walked() -> Iterator[tuple[Path, str]]:
    """Run every shell block but the make commands in one empty directory; yield it and what was printed."""
    script = "set -eu\n" + "".join(block for block in blocks("sh") if not MAKE.match(block))
    script = script.replace(
        "ledger serve ./log &\n", "ledger serve ./log >server.log 2>&1 & echo $! >pid\nawait_server\n"
    )
    await_server = "await_server() { until grep -qs serving server.log; do kill -0 $(cat pid); done; }\n"
    ports = {f"LEDGER_{name}_LISTEN": "127.0.0.1:0" for name in ("PUBLIC", "ROLE", "METRICS")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryDirectory(prefix="readme-") as name:
        directory = Path(name)
        done = subprocess.run(
            ["bash", "-c", await_server + script],
            cwd=directory,
            env={**os.environ, **ports, "PATH": path},
            capture_output=True,
            text=True,
            timeout=100,
        )
        try:
            assert done.returncode == 0, done.stderr
            yield directory, done.stdout
        finally:
            if (directory / "pid").exists():
                end(int((directory / "pid").read_text()))


def test_commands_do_what_the_readme_says(walked: tuple[Path, str]) -> None:
    """The walk from init to audit ends with a proven receipt, a read log and an opened payload."""
    directory, printed = walked
    assert "a valid receipt" in printed
    assert "DISCLOSURE" in printed
    assert (directory / "again.tlog-proof").read_bytes().startswith(b"c2sp.org/tlog-proof@v1\n")


def test_the_python_example_records(walked: tuple[Path, str]) -> None:
    """The example for services prints a receipt that verifies."""
    directory, _ = walked
    (example,) = blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", EXAMPLE + example], cwd=directory, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    vkey = VKey.parse((directory / "log" / "log.vkey").read_text().strip())
    assert verify_receipt(done.stdout[:-1], vkey).statement.sequence == 3


def test_make_targets_exist() -> None:
    """Every make command that the README names is a target of the Makefile."""
    makefile = (ROOT / "Makefile").read_text()
    named = MAKE.findall(README)
    assert {"demo", "test"} <= set(named)
    assert all(re.search(rf"^{name}:", makefile, re.MULTILINE) for name in named)


def test_links_lead_somewhere() -> None:
    """Every relative link of the README leads to a file of the repository."""
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("https://")]
    missing = [link for link in links if not (ROOT / link).exists()]
    assert links
    assert missing == []
