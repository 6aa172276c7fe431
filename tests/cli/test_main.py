"""Both commands explain themselves and refuse what they do not know."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from ledger.cli.main import COMMANDS
from tests.cli.commands import APPS, Site


def _paths() -> Iterator[tuple[str, ...]]:
    """Yield every command and group of commands, as words."""
    for name, app in APPS.items():
        yield (name,)
        waiting: list[tuple[tuple[str, ...], Any]] = [((name,), typer.main.get_command(app))]
        while waiting:
            words, command = waiting.pop()
            for child in getattr(command, "commands", {}).values():
                yield (*words, child.name)
                waiting.append(((*words, child.name), child))


PATHS = list(_paths())


def test_the_commands_are_these() -> None:
    """The two commands have the subcommands that the documentation names, and the demo."""
    expected = """
        ledger keygen, ledger request source, ledger request auditor, ledger request key-change, ledger approve,
        ledger record, ledger checkpoint, ledger entries, ledger receipt, ledger audit open, ledger verify,
        ledger serve, ledgerctl init, ledgerctl certs, ledgerctl enroll, ledgerctl change-key, ledgerctl revoke,
        ledgerctl auditor add, ledgerctl auditor remove, ledgerctl auditor list, ledgerctl policy, ledgerctl apply,
        ledgerctl status, ledgerctl fsck"""
    assert {" ".join(path) for path in PATHS} >= {" ".join(words.split()) for words in expected.split(",")}


def test_only_the_command_asked_for_is_imported() -> None:
    """A server starts without the other commands, and without client, monitor and progress bars."""
    asked = "import sys; from ledger.cli.main import app; app(['serve', '/nowhere'], standalone_mode=False)"
    said = "print(*sorted(name for name in sys.modules if name.startswith(('ledger', 'rich.progress'))))"
    ran = subprocess.run([sys.executable, "-c", f"{asked}\n{said}"], capture_output=True, text=True, check=True)
    imported = set(ran.stdout.split())
    others = {f"ledger.cli.{where.rpartition('.')[0]}" for where in COMMANDS.values()} - {"ledger.cli.serve"}
    assert "ledger.cli.serve" in imported
    assert not imported & {*others, "ledger.client", "ledger.audit", "rich.progress"}


def test_a_mistyped_command_is_told_the_one_that_is_meant(here: Site) -> None:
    """A command that is nearly one is refused with the name of that one."""
    assert "Did you mean 'record'?" in here.call("ledger", "recrod", code=2).stderr


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_help_is_printed(path: tuple[str, ...], here: Site) -> None:
    """``--help`` of every command and group prints its usage and ends with 0."""
    ran = here.call(*path, "--help")
    assert f"Usage: {' '.join(path)}" in " ".join(ran.stdout.split())
    assert ran.stderr == ""


@pytest.mark.parametrize("name", APPS)
def test_the_version_is_printed(name: str, here: Site) -> None:
    """``--version`` of the installed script prints name and number and ends with 0."""
    ran = here.run(name, "--version")
    assert (ran.stdout.split()[0], ran.stderr) == (name, "")
    assert ran.stdout.split()[1][0].isdigit()


MISUSES = {
    "no command": [],
    "an unknown command": ["disclose"],
    "an unknown option": ["--fast"],
    "a group alone": ["audit"],
    "a missing argument": ["record"],
    "a missing option": ["keygen", "source"],
    "a word for a number": ["record", "x", "--patience", "long"],
}


@pytest.mark.parametrize("words", MISUSES.values(), ids=MISUSES)
def test_misuse_ends_with_2(words: list[str], here: Site) -> None:
    """What the command line cannot mean ends with 2 and says how it is used."""
    ran = here.call("ledger", *words, code=2)
    assert "Usage:" in ran.stdout + ran.stderr
