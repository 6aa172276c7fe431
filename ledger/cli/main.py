"""The ``ledger`` command. Exit code 0: proven, 1: disproven, 2: could not be checked."""

import os

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # before grpc is imported: its own log lines are for its developers

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Annotated, Any, Final, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from ledger.cli.outcome import SHUT, UNCHECKED

COMMANDS: Final = {
    "keygen": "keys.keygen",
    "approve": "approve.approve",
    "record": "record.record",
    "gate": "gate.gate",
    "queue": "queue.queue_app",
    "close": "close.close",
    "checkpoint": "reads.checkpoint",
    "entries": "reads.entries",
    "receipt": "reads.receipt",
    "history": "history.history",
    "deliver": "history.deliver",
    "correct": "history.correct",
    "embargo": "embargo.embargo_app",
    "reseal": "reseal.reseal",
    "fields": "fields.fields",
    "verify": "verify.verify",
    "mirror": "mirror.mirror",
    "compare": "compare.compare",
    "completeness": "completeness.completeness",
    "serve": "serve.serve",
    "demo": "demo.command.demo",
    "request": "keys.request_app",
    "audit": "audit.audit_app",
    "witness": "witness.witness_app",
}
"""Where each command is, below ``ledger.cli``, in the order of the help text."""


class Gate(TyperCommand):
    """``ledger gate``: a call that is wrong ends with the gate's own exit code, because 2 may be its command's."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse; where that fails, let it end as the gate does."""
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            if getattr(error, "exit_code", None) == UNCHECKED:
                cast(Any, error).exit_code = SHUT
            raise


class Commands(Mapping[str, Any]):
    """The commands by name, each imported when it is asked for: a server need not wait for what a client is made of."""

    def __getitem__(self, name: str) -> Any:
        module, _, attribute = COMMANDS[name].rpartition(".")
        found = getattr(import_module(f"ledger.cli.{module}"), attribute)
        alone = typer.Typer()
        if isinstance(found, typer.Typer):
            alone.add_typer(found, name=name)
        else:
            alone.command(name, cls=Gate if name == "gate" else None)(found)
        return get_group(alone).commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class _Group(TyperGroup):
    """The group of ``Commands``."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = cast(Any, Commands())


app = typer.Typer(
    cls=_Group,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="Record disclosures of user data, read and verify the log. Exit 0: proven, 1: disproven, 2: not checkable.",
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version  # slow to import, and nothing else needs it

        print(f"ledger {version('disclosure-ledger')}")
        raise typer.Exit


@app.callback()
def _main(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Record disclosures of user data, read and verify the log."""
