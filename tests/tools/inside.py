"""The operator's commands on a ledger that is served in this process."""

import asyncio

from typer.testing import CliRunner

from ledger.client import keyfile
from ledgerctl.governing import APPROVER
from ledgerctl.main import app
from tests.cli.commands import Ran
from tests.served import Served


async def ledgerctl(served: Served, *words: object, code: int = 0) -> Ran:
    """Run a command against ``served`` with its approver's key at hand."""
    if not (served.directory / APPROVER).exists():
        keyfile.save(served.directory / APPROVER, served.approver)
    arguments = [str(word) for word in (*words, "-d", served.directory)]
    result = await asyncio.to_thread(CliRunner().invoke, app, arguments)
    assert result.exit_code == code, (
        f"exit code {result.exit_code}\n{result.stdout}\n{result.stderr}\n{result.exception!r}"
    )
    return Ran(result.stdout, result.stderr)
