"""The libraries of the transparency ecosystem, behind one Go program of our own.

Its jobs and verdicts are those of ``go/check.go``; go.mod and go.sum there name every library and its version.
"""

import base64
import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ledger.core.note import SigningKey, VKey

MODULE: Final = Path(__file__).parent / "go"

LIMIT: Final = 60
"""Seconds that the program may take over its jobs."""

_BUILD: Final = {"GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off", "CGO_ENABLED": "0"}
_INSTALL: Final = "install Go 1.26 or newer to compare with the libraries of the transparency ecosystem"


class NoGo(Exception):
    """There is no Go that could build the program; the message says what to install."""


class NotBuilt(Exception):
    """There is a Go, and it did not build the program."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a library is to do: an ``op`` of ``go/check.go`` and the fields that it reads."""

    op: str
    fields: dict[str, object]

    @classmethod
    def of(cls, op: str, **fields: object) -> "Job":
        """Return a job; bytes travel as base64."""
        return cls(op, fields)

    def line(self) -> str:
        """Return the job's JSON."""
        return json.dumps({"Op": self.op, **self.fields}, default=_encode)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a library found out: ``found`` by name, or why it ``refused``."""

    found: dict[str, Any]

    @property
    def refused(self) -> bool:
        """Whether the library returned an error."""
        assert "panic" not in self.found, self.found
        return "refused" in self.found

    def __getitem__(self, name: str) -> Any:
        assert not self.refused, self.found
        return self.found[name]

    def raw(self, name: str) -> bytes:
        """Return found bytes; Go writes none as null."""
        return base64.b64decode(self[name] or "")

    def each(self, name: str) -> list[bytes]:
        """Return a list of found bytes."""
        return [base64.b64decode(item) for item in self[name] or ()]


@dataclass(frozen=True, slots=True)
class Ecosystem:
    """The program, built."""

    program: Path

    def judge(self, jobs: Sequence[Job]) -> list[Verdict]:
        """Return the verdict on each job."""
        lines = "".join([f"{job.line()}\n" for job in jobs])
        run = subprocess.run(
            [self.program, "check"], input=lines, capture_output=True, text=True, check=False, timeout=LIMIT
        )
        assert run.returncode == 0, run.stderr
        verdicts = [Verdict(json.loads(line)) for line in run.stdout.split("\n")[:-1]]
        assert len(verdicts) == len(jobs)
        return verdicts

    @contextmanager
    def witness(self, *skeys: str) -> Iterator["PublicWitness"]:
        """Run omniwitness, which cosigns by each of ``skeys``, and knows no log yet."""
        command = [str(self.program), "witness", *skeys]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            witness = PublicWitness(process)
            assert witness.url.startswith("http://127.0.0.1:")
            yield witness
            witness.end()

    def tessera(self, folder: Path, key: SigningKey, entries: Sequence[bytes], policy: bytes = b"") -> bytes:
        """Have Tessera add entries to the log in ``folder``; return the checkpoint that covers them.

        With a policy it waits until the witnesses of the policy have cosigned.
        """
        lines = "".join([f"{_encode(entry)}\n" for entry in entries])
        command = [str(self.program), "tessera", str(folder), key.format(), policy.decode()]
        run = subprocess.run(command, input=lines.encode(), capture_output=True, check=False, timeout=LIMIT)
        assert run.returncode == 0, run.stderr.decode()
        return run.stdout

    def ask(self, op: str, **fields: object) -> Verdict:
        """Return the verdict on one job."""
        return self.judge([Job.of(op, **fields)])[0]


class PublicWitness:
    """omniwitness, running at ``url``."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._stdin, self._stdout = process, process.stdin, process.stdout
        self.url = self._stdout.readline().strip()

    def know(self, log: VKey, origin: str) -> None:
        """Cosign for a log from now on."""
        self._stdin.write(f"{log.format()} {origin}\n")
        self._stdin.flush()
        assert self._stdout.readline() == "known\n"

    def end(self) -> None:
        """Stop it."""
        self._stdin.close()
        assert self._process.wait(LIMIT) == 0


def build(folder: Path, lock: Path) -> Ecosystem:
    """Build the program into ``folder``; ``lock`` keeps two processes from compiling the same libraries at once.

    Raises:
        NoGo: there is no Go, or one too old for the module.
        NotBuilt: the build failed; without the module proxy it needs a module cache that has every library.
    """
    go = shutil.which("go")
    if go is None:
        raise NoGo(_INSTALL)
    environment = {**os.environ, **_BUILD}
    known = subprocess.run([go, "list", "-m"], cwd=MODULE, env=environment, capture_output=True, text=True, check=False)
    if known.returncode:
        raise NoGo(f"{_INSTALL}: {known.stderr.strip()}")
    program = folder / "interop"
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        command = [go, "build", "-o", str(program), "."]
        built = subprocess.run(command, cwd=MODULE, env=environment, capture_output=True, text=True, check=False)
    if built.returncode:
        raise NotBuilt(f"go build failed; it needs the Go module proxy or a filled module cache:\n{built.stderr}")
    return Ecosystem(program)


def _encode(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(type(value).__name__)
