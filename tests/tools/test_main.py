"""``ledgerctl`` by itself: its version, and as a module."""

import subprocess
import sys
from importlib.metadata import version

from tests.cli.commands import Site

VERSION = f"ledgerctl {version('disclosure-ledger')}\n"


def test_the_version_is_told(here: Site) -> None:
    """The installed command and the module both tell the package's version."""
    assert here.call("ledgerctl", "--version").stdout == VERSION
    command = [sys.executable, "-m", "ledgerctl", "--version"]
    assert subprocess.run(command, cwd=here.directory, capture_output=True, text=True, check=True).stdout == VERSION
