"""The ``ledgerctl`` command. Exit code 0: done, 1: something is wrong with the ledger, 2: could not be done."""

import os

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # before grpc is imported: its own log lines are for its developers

from importlib.metadata import version
from typing import Annotated

import typer

from ledgerctl import erasing, export, governing, looking, publishing, setting_up

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="Set a disclosure ledger up, govern it, check its store.",
)


def _version(asked: bool) -> None:
    if asked:
        print(f"ledgerctl {version('disclosure-ledger')}")
        raise typer.Exit


@app.callback()
def _main(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Set a disclosure ledger up, govern it, check its store."""


app.command()(setting_up.init)
app.command()(setting_up.certs)
app.command()(governing.enroll)
app.command("change-key")(governing.change_key)
app.command()(governing.revoke)
app.add_typer(governing.auditor_app, name="auditor")
app.command()(governing.policy)
app.command("publish-policy")(publishing.publish_policy)
app.command()(erasing.erase)
app.command()(governing.apply)
app.command()(looking.status)
app.command()(looking.fsck)
app.command()(export.export)
