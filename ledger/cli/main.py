"""The ``ledger`` command. Exit code 0: proven, 1: disproven, 2: could not be checked."""

import os

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # before grpc is imported: its own log lines are for its developers

from importlib.metadata import version
from typing import Annotated

import typer

from ledger.cli import audit, keys, reads, record, serve, verify
from ledger.cli.demo import command as demo

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="Record disclosures of user data, read and verify the log. Exit 0: proven, 1: disproven, 2: not checkable.",
)


def _version(asked: bool) -> None:
    if asked:
        print(f"ledger {version('disclosure-ledger')}")
        raise typer.Exit


@app.callback()
def _main(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Record disclosures of user data, read and verify the log."""


app.command()(keys.keygen)
app.add_typer(keys.request_app, name="request")
app.command()(keys.approve)
app.command()(record.record)
app.command()(reads.checkpoint)
app.command()(reads.entries)
app.command()(reads.receipt)
app.add_typer(audit.audit_app, name="audit")
app.command()(verify.verify)
app.command()(serve.serve)
app.command()(demo.demo)
