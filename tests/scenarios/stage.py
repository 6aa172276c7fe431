"""What the scenarios share: one honest ledger that was recorded to, copies of it to be dishonest with, and a stranger.

    with stage() as whole, fresh(whole) as here:
        sign_anew(here.ledger, ...)              # the stopped ledger, with all of its keys
        with here.served():                      # listening where the honest one did: profiles lead to it
            here.call("ledger", "record", "-", "-p", "alpha", given=...)
        here.convicts(evidence)                  # what a stranger with the verifier key alone makes of a file

Below ``here``: the ledger ``led``, the folders of its clients ``alpha`` (a source), ``One`` and ``Two`` (auditors) and
``anyone``, ``receipts`` and ``mirror``. Clients remember what they saw, so each scenario has all of them anew.
"""

import contextlib
import json
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.core.checkpoint import Checkpoint, sign_checkpoint
from ledger.core.encoding import Hash
from ledger.engine import schema
from ledger.engine.guard import HighWater
from ledger.engine.store import Store
from ledger.engine.tiles import TileTree
from ledger.service import config, keys
from tests.cli.commands import ORIGIN, Ran, Serving, Site, disclosure, lines, site
from tests.scenarios.hand import DAYS

NO_SOCKET: Final = shutil.ignore_patterns("*.sock")
REPOSITORY: Final = Path(__file__).parents[2]
FIRST: Final = 4
"""The index of the first disclosure: the opening, two auditors and a source stand before it."""
EARLY: Final = 7
"""How many entries there were when receipts, the mirror and the reader's memory were made."""
SIZE: Final = 10
"""How many there are in the end."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The site of a stopped honest ledger, ``led``, and of its clients."""

    here: Site

    def path(self, name: str) -> Path:
        """Return a path below the site."""
        return self.here.path(name)

    @property
    def ledger(self) -> Path:
        """The ledger's directory."""
        return self.path("led")

    def call(self, *command: object, code: int | None = 0, given: str = "") -> Ran:
        """Run a command in the site."""
        return self.here.call(*command, code=code, given=given)

    def copied(self, of: str, name: str) -> Path:
        """Return a copy of the ledger, or of a client's folder."""
        return shutil.copytree(self.path(of), self.path(name), ignore=NO_SOCKET)

    @contextlib.contextmanager
    def served(self, dishonest: str = "", days: int = 0, name: str = "led") -> Iterator[Serving]:
        """Serve a ledger in a process, as ``tests.scenarios.dishonest`` does where told so, some days ahead of now."""
        words = ("python", "-m", "tests.scenarios.dishonest", dishonest) if dishonest else ("ledger", "serve")
        environment = {"PYTHONPATH": str(REPOSITORY), DAYS: str(days)}
        server = Serving(self.here.start(*words, name, environment=environment, stdin=None, stdout=subprocess.DEVNULL))
        try:
            yield server
        finally:
            server.signal(signal.SIGTERM)

    def exported(self, name: str, of: str = "led") -> Path:
        """Return the static files of a stopped ledger, as its operator publishes them."""
        self.call("ledgerctl", "export", of, name)
        return self.path(name)

    def judged(self, *words: object, code: int = 1, name: str = "led") -> Ran:
        """Return what a stranger makes of a stopped ledger's static files, with the verifier key and nothing else."""
        out = self.path("judged")
        shutil.rmtree(out, ignore_errors=True)
        self.call("ledgerctl", "export", name, out)
        with alone(self.path("led/log.vkey")) as stranger:
            files = shutil.copytree(out, stranger.path("tiles"))
            return stranger.call("ledger", "completeness", files, "--log", "log.vkey", *words, code=code)

    def convicts(self, evidence: Path, *, key: bool = True) -> str:
        """Return what a stranger reads of evidence that proves the act: nothing is at hand but it and the vkey."""
        with alone(evidence, self.path("led/log.vkey")) as stranger:
            words = ("--log", "log.vkey") if key else ()
            return stranger.call("ledger", "verify", evidence.name, *words, code=1).stdout


@contextlib.contextmanager
def alone(*files: Path) -> Iterator[Site]:
    """Give a directory that has copies of ``files`` and nothing else."""
    with tempfile.TemporaryDirectory(prefix="stranger-") as name:
        for file in files:
            shutil.copy(file, name)
        yield Site(Path(name))


@contextlib.contextmanager
def stage() -> Iterator[Stage]:
    """Record three disclosures, let a reader and a mirror see them, record three more, and stop."""
    with site() as here:
        here.open(inside=True)
        here.serve()
        here.pin_ports()
        one, two = here.auditor("One"), here.auditor("Two")
        source = here.source("alpha", one, two)
        here.public()
        found = Stage(here)
        given = lines(*map(disclosure, range(3)))
        here.call("ledger", "record", "-", "-p", source, "--receipts", "receipts", given=given)
        here.call("ledger", "checkpoint", "-p", "anyone")
        here.call("ledgerctl", "export", "led", "early")
        here.call("ledger", "mirror", "early", "mirror", "--log", "led/log.vkey")
        here.call("ledger", "record", "-", "-p", source, given=lines(*map(disclosure, range(3, 6))))
        assert here.stop() == 0
        yield found


@contextlib.contextmanager
def fresh(whole: Stage) -> Iterator[Stage]:
    """Give a copy of the whole site."""
    with site() as here:
        shutil.copytree(whole.here.directory, here.directory, ignore=NO_SOCKET, dirs_exist_ok=True)
        yield Stage(here)


@contextlib.contextmanager
def witness(scene: Stage) -> Iterator[str]:
    """Serve a witness that knows no log yet, and give its line for a policy."""
    vkey = scene.call("ledger", "witness", "init", "-s", "wit", "--name", "wit.example").stdout.strip()
    words = ("ledger", "witness", "serve", "-s")
    process = Serving(scene.here.start(*words, "wit", "--listen", "127.0.0.1:0", stdin=None, stdout=subprocess.DEVNULL))
    try:
        yield f"witness wit {vkey} http://{json.loads(process.log[-1])['public']}"
    finally:
        process.signal(signal.SIGTERM)


def at(days: int) -> str:
    """Return the day that lies so many days ahead, as commands take it."""
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() + days * 86_400))


def sign_anew(directory: Path, change: Callable[[list[bytes]], Sequence[bytes]]) -> None:
    """Give a stopped ledger other leaves, and everything that its operator signs or keeps anew to match them."""
    settings = config.load(directory)
    signer = keys.load(settings.path(settings.keys)).writer.checkpoint
    store = Store.open(settings.path(settings.store))
    try:
        held = [data for _, data in store.range(schema.ENTRIES, schema.after(schema.ENTRIES))]
        leaves = change(list(held))
        puts = [(schema.entry_key(index), leaf) for index, leaf in enumerate(leaves)]
        store.write(puts, [schema.entry_key(index) for index in range(len(leaves), len(held))])
        tree = TileTree.load(store, len(leaves))
        note = sign_checkpoint(Checkpoint(ORIGIN, tree.size, tree.root), signer).note.format()
        store.write([(schema.meta_key("checkpoint"), note)])
    finally:
        store.close()
    log_id = Hash(bytes.fromhex((directory / "log-id").read_text()))
    mark = HighWater(settings.path(settings.high_water), log_id)
    mark.note(tree.size, tree.root)
