"""The demo's witnesses: processes of their own that cosign the log, two of three of them a quorum."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.client import keyfile
from ledger.core.errors import Unavailable
from ledger.core.note import VKey
from ledger.core.witnessing import KnownLog
from ledger.witness.state import State

NAMES: Final = ("north", "east", "south")
QUORUM: Final = 2
KEY: Final = "witness.key"
START_SECONDS: Final = 60
"""How long a witness may take until it listens."""


@dataclass(slots=True)
class Witness:
    """One witness: its directory, key and port, and its process while it runs."""

    directory: Path
    vkey: VKey
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @classmethod
    def make(cls, directory: Path, name: str, port: int) -> "Witness":
        """Make a witness's key and state."""
        key = keyfile.generate("witness", f"witness.example/{name}")
        State(directory, key.public.vkey()).prepare()
        keyfile.save(directory / KEY, key)
        return cls(directory, key.public.vkey(), port)

    def know(self, log: VKey) -> None:
        """Cosign for ``log`` from now on."""
        State(self.directory, self.vkey).add(KnownLog(log, log.name))

    async def start(self) -> None:
        """Return once ``ledger witness serve`` listens; raise Unavailable if it ends or takes a minute."""
        self.process = _spawn(self.directory, f"127.0.0.1:{self.port}")
        for _ in range(START_SECONDS * 20):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                if self.process.poll() is not None:
                    break
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
        self.stop()
        raise Unavailable(f"a witness did not start; see {self.directory / 'witness.log'}")

    def stop(self) -> None:
        """End it gracefully."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None


def _spawn(directory: Path, address: str) -> "subprocess.Popen[bytes]":
    """Start a witness in a session of its own: it may outlive the demo."""
    command = [sys.executable, "-m", "ledger", "witness", "serve", "--state", str(directory), "--listen", address]
    with (directory / "witness.log").open("ab") as lines:
        return subprocess.Popen(  # noqa: S603 -- our own command
            command, stdin=subprocess.DEVNULL, stdout=lines, stderr=lines, start_new_session=True
        )


def make_all(directory: Path, ports: Sequence[int]) -> list[Witness]:
    """Make the witnesses below ``directory``."""
    return [Witness.make(directory / name, name, port) for name, port in zip(NAMES, ports, strict=True)]


def policy(witnesses: Sequence[Witness]) -> bytes:
    """Return the policy that asks for two of them (C2SP tlog-policy)."""
    lines = [
        f"witness {name} {witness.vkey.format()} http://127.0.0.1:{witness.port}"
        for name, witness in zip(NAMES, witnesses, strict=True)
    ]
    return "\n".join([*lines, f"group witnesses {QUORUM} {' '.join(NAMES)}", "quorum witnesses", ""]).encode()
