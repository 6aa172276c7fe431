"""``ledger witness``: a witness that cosigns any log it is told of (C2SP tlog-witness)."""

import asyncio
import signal
import time
from pathlib import Path
from typing import Annotated

import typer

from ledger.cli.options import JsonOption, load_key, load_public
from ledger.cli.outcome import command, emit, say, show
from ledger.client import keyfile
from ledger.core.errors import InvalidInput
from ledger.core.note import VKey
from ledger.core.witnessing import KnownLog
from ledger.witness.state import State, origin_hash

witness_app = typer.Typer(
    no_args_is_help=True,
    help="Be a witness: cosign, over plain HTTP, every tree of a log that extends the one before.",
)

StateOption = Annotated[Path, typer.Option("--state", "-s", help="The witness's directory.")]

KEY = "witness.key"


@witness_app.command("init")
def init(
    state: StateOption,
    name: Annotated[str, typer.Option(help="What its cosignatures bear: a domain and path of yours.")],
) -> None:
    """Make a witness's key and directory, and print the key that logs and verifiers need (vkey of type 04)."""
    with command():
        key = keyfile.generate("witness", name)
        State(state, key.public.vkey()).prepare()
        keyfile.save(state / KEY, key)
        print(key.public.vkey().format())
        say(f"{state / KEY}: private; if it or what it cosigned is ever lost or restored, make a new witness")


@witness_app.command("add-log")
def add_log(
    vkey: Annotated[str, typer.Argument(metavar="VKEY", help="The log's verifier key.")],
    state: StateOption,
    origin: Annotated[str, typer.Option(help="The first line of its checkpoints; by default the key's name.")] = "",
) -> None:
    """Cosign for a log from now on, also while the server runs; print where its checkpoint will be."""
    with command():
        key = VKey.parse(vkey)
        known = _state(state).add(KnownLog(key, origin or key.name))
        print(f"/{origin_hash(known.origin)}/checkpoint")


@witness_app.command("logs")
def logs(state: StateOption, as_json: JsonOption = False) -> None:
    """Show which logs it cosigns, how large the last tree was, and how long ago that is."""
    with command():
        found = _state(state).all()
        if as_json:
            for known in found:
                emit(
                    {
                        "origin": known.origin,
                        "vkey": known.vkey.format(),
                        "hash": origin_hash(known.origin),
                        "size": known.size if known.latest else None,
                        "root": known.root.hex() if known.latest else None,
                        "timestamp": known.timestamp if known.latest else None,
                    }
                )
            return
        now = int(time.time())
        show(["origin", "size", "cosigned"], [(known.origin, *_shown(known, now)) for known in found])


def _shown(known: KnownLog, now: int) -> tuple[str, str]:
    if known.latest is None:
        return "-", "never"
    seconds = max(0, now - known.timestamp)
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return str(known.size), f"{seconds // length} {unit} ago"
    return str(known.size), f"{seconds} s ago"


@witness_app.command("serve")
def serve(
    state: StateOption,
    listen: Annotated[str, typer.Option(help="HOST:PORT of the witness; port 0 lets the system choose.")] = (
        "127.0.0.1:7450"
    ),
    metrics: Annotated[str, typer.Option(help="HOST:PORT of Prometheus metrics; without it there are none.")] = "",
) -> None:
    """Serve until SIGTERM or SIGINT: add-checkpoint, and each log's latest cosigned checkpoint.

    TLS is a reverse proxy's. Neither sign-subtree nor a bastion's backend is spoken.
    """
    from ledger.host import lines
    from ledger.witness.serving import Listen, serve  # slow to import, and the other commands do not need it

    with command():
        where = Listen(_address(listen, "listen"), _address(metrics, "metrics") if metrics else None)
        key = load_key(state / KEY, "witness")
        lines.set_up()

        async def run() -> None:
            stopping = asyncio.Event()
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, stopping.set)
            await serve(State(state, key.public.vkey()), key.signing_key(), where, stopping)

        asyncio.run(run())


def _state(directory: Path) -> State:
    return State(directory, load_public(directory / f"{KEY}.pub", "witness").vkey())


def _address(address: str, field: str) -> tuple[str, int]:
    host, separator, port = address.rpartition(":")
    if not separator or not host or not (port.isascii() and port.isdecimal()) or int(port) > 65_535:
        raise InvalidInput(field, "must be HOST:PORT, with port 0 to 65535")
    return host.strip("[]"), int(port)
