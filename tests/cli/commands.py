"""The installed commands, run as a person runs them: in a directory of their own, each a process.

    with site("one") as here:
        here.open()
        here.serve()
        source = here.source("alpha", here.auditor("One"))
        here.run("ledger", "record", "-", "-p", source, given=lines(disclosure(1)))

``run`` starts a process; ``call`` runs the same command in this one, for tables of many cases.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from ledger.cli.main import app as ledger_app
from ledger.service.server import serving
from ledgerctl.main import app as ledgerctl_app
from tests.core.test_record import FULL

ORIGIN = "log.example/commands"
ANY_PORT = "127.0.0.1:0"
APPS = {"ledger": ledger_app, "ledgerctl": ledgerctl_app}
PATIENCE = 60
"""Seconds that a process may take before the test fails."""


def disclosure(number: int, **fields: object) -> dict[str, Any]:
    """Return a disclosure as its JSON object; ``number`` is its phone number's end and its note."""
    record = {**FULL, "notes": f"note {number}", **fields}
    return {"record": record, "keys": [{"type": "phone", "value": f"+1202555{number:04}"}]}


def lines(*disclosures: object) -> str:
    """Return JSON Lines."""
    return "".join(json.dumps(item) + "\n" for item in disclosures)


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command wrote."""

    stdout: str
    stderr: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """Standard output as the JSON objects of its lines."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def error(self) -> str:
        """The one line on standard error, which says what is wrong."""
        assert self.stderr.startswith("error: "), self.stderr
        assert self.stderr.count("\n") == 1, self.stderr
        return self.stderr.removeprefix("error: ").rstrip("\n")


class Serving:
    """A server process; its log lines gather in ``log``."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.log: list[str] = []
        assert process.stderr is not None
        self._stderr = process.stderr
        while self._read() and '"event": "serving"' not in self.log[-1]:
            pass
        assert self.log, "the server ended without a word"
        assert '"event": "serving"' in self.log[-1], self.log
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _read(self) -> bool:
        line = self._stderr.readline()
        if line:
            self.log.append(line)
        return bool(line)

    def _drain(self) -> None:
        while self._read():
            pass

    def signal(self, number: signal.Signals) -> int:
        """Send a signal to the process, wait until it has ended, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self._thread.join()
        return code


class Site:
    """A directory with a ledger, the files of its clients, and commands that run there."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.server: Serving | None = None

    def path(self, name: str) -> Path:
        """Return a path below the directory."""
        return self.directory / name

    def start(self, *command: object, environment: Mapping[str, str] | None = None, **how: Any) -> Any:
        """Return the process of a command, its streams piped as text."""
        name, *arguments = map(str, command)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
        script = Path(sys.executable).with_name(name)
        return subprocess.Popen(
            [script, *arguments], cwd=self.directory, env=_environment(environment), text=True, **pipes
        )

    def run(
        self, *command: object, code: int | None = 0, given: str = "", environment: Mapping[str, str] | None = None
    ) -> Ran:
        """Run a command as a process; it must end with ``code``, None for any but 0, and without a traceback."""
        process = self.start(*command, environment=environment)
        stdout, stderr = process.communicate(given, timeout=PATIENCE)
        return _ended(Ran(stdout, stderr), process.returncode, code)

    def call(
        self,
        *command: object,
        code: int | None = 0,
        given: str | bytes = "",
        environment: Mapping[str, str] | None = None,
    ) -> Ran:
        """Run a command in this process."""
        name, *arguments = map(str, command)
        with contextlib.chdir(self.directory):
            result = CliRunner().invoke(APPS[name], arguments, given, dict(environment or {}), prog_name=name)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return _ended(Ran(result.stdout, result.stderr), result.exit_code, code)

    def open(self, *options: object, inside: bool = False) -> Ran:
        """Run ``ledgerctl init`` with ports that the system chooses, as a process or ``inside`` this one."""
        ports = ("--public-listen", ANY_PORT, "--role-listen", ANY_PORT, "--metrics-listen", ANY_PORT)
        run = self.call if inside else self.run
        return run("ledgerctl", "init", "led", "--origin", ORIGIN, *ports, *options)

    def serve(self, environment: Mapping[str, str] | None = None) -> Serving:
        """Start the server and wait until it says that it serves."""
        self.server = Serving(
            self.start("ledger", "serve", "led", environment=environment, stdin=None, stdout=subprocess.DEVNULL)
        )
        return self.server

    def stop(self) -> int:
        """Stop the server by SIGTERM and return its exit code."""
        assert self.server is not None
        return self.server.signal(signal.SIGTERM)

    def pin_ports(self) -> None:
        """Let the next server listen where this one does, so that profiles stay right."""
        bound = serving(self.path("led"))
        assert bound is not None
        settings = self.path("led/ledger.toml")
        text = settings.read_text()
        for address in (bound.public, bound.role, bound.metrics):
            text = text.replace(ANY_PORT, address, 1)
        settings.write_text(text)

    @property
    def log_id(self) -> str:
        """The log id in hex."""
        return self.path("led/log-id").read_text().strip()

    def auditor(self, name: str) -> Path:
        """Accredit an auditor by commands and return its folder; its key is ``auditor.key`` there."""
        key, request = f"{name}.key", f"{name}.request"
        self.call("ledger", "keygen", "auditor", "-o", key, "--name", name)
        self.call("ledger", "request", "auditor", "-k", key, "-o", request, "--name", name, "--log-id", self.log_id)
        self.call("ledgerctl", "auditor", "add", request, "-d", "led")
        return self._folder("auditor", name)

    def source(self, name: str, *auditors: Path) -> Path:
        """Enroll a source that seals to ``auditors`` by commands and return its folder."""
        key, request = f"{name}.key", f"{name}.request"
        self.call("ledger", "keygen", "source", "-o", key)
        self.call("ledger", "request", "source", "-k", key, "-o", request, "--id", name, "--log-id", self.log_id)
        self.call("ledgerctl", "enroll", request, "-d", "led")
        return self._folder("source", name, *auditors)

    def public(self, name: str = "anyone") -> Path:
        """Return the folder of a member of the public."""
        self.call("ledgerctl", "certs", "public", name, "-o", name, "-d", "led")
        return self.path(name)

    def _folder(self, role: str, name: str, *auditors: Path) -> Path:
        allowed = [word for auditor in auditors for word in ("--auditor", auditor / "auditor.key.pub")]
        self.call("ledgerctl", "certs", role, name, "-o", name, "-d", "led", *allowed)
        folder = self.path(name)
        for end in ("", ".pub"):
            shutil.copy(self.path(f"{name}.key{end}"), folder / f"{role}.key{end}")
        return folder


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    """Return this process's environment without the ledger's variables, and with ``more``."""
    held = {name: value for name, value in os.environ.items() if not name.startswith("LEDGER_")}
    return {**held, **(more or {})}


def _ended(ran: Ran, code: int, expected: int | None) -> Ran:
    assert code in ((1, 2) if expected is None else (expected,)), f"exit code {code}\n{ran.stdout}\n{ran.stderr}"
    assert "Traceback" not in ran.stderr
    return ran


@contextlib.contextmanager
def site() -> Iterator[Site]:
    """Give an empty directory with a short path, and take away the server and it."""
    directory = Path(tempfile.mkdtemp(prefix="led-"))
    here = Site(directory)
    try:
        yield here
    finally:
        if here.server is not None:
            here.server.signal(signal.SIGKILL)
        shutil.rmtree(directory)
