"""File calls of a traced server, counted, and each of them made to fail by strace."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.faults.harness import SERVE

ERRORS: Final = {
    "openat": ("EACCES", "EMFILE", "ENOSPC", "EROFS"),
    "read": ("EIO",),
    "pread64": ("EIO",),
    "write": ("ENOSPC", "EIO", "EROFS"),
    "fsync": ("EIO", "ENOSPC"),
    "fdatasync": ("EIO", "ENOSPC"),
    "rename": ("EACCES", "ENOSPC"),
    "unlink": ("EACCES", "EROFS"),
    "mkdir": ("EACCES",),
    "mmap": ("ENOMEM",),
    "close": ("EIO",),
    "fcntl": ("ENOLCK",),
    "getdents64": ("EIO",),
    "newfstatat": ("EACCES",),
    "stat": ("EACCES",),
    "access": ("EACCES",),
}
"""How each call fails."""

NUMBERED: Final = {
    "store/MANIFEST": "store/MANIFEST-{:06}",
    "store/*.log": "store/{:06}.log",
    "store/*.ldb": "store/{:06}.ldb",
    "store/*.dbtmp": "store/{:06}.dbtmp",
}
"""LevelDB's files whose names have a number, by the name that they go by here."""

AHEAD: Final = 12
"""How many file numbers a run may use up."""

_LINE: Final = re.compile(r"^\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed)(.*)")
_PLACE: Final = re.compile(r'[<"]([^<>"]*)[>"]')


@dataclass(frozen=True, slots=True)
class Fault:
    """The ``nth`` call of ``call`` on ``file``, from 1, fails with ``error``; ``file`` is below the ledger."""

    call: str
    file: str
    nth: int
    error: str

    def __str__(self) -> str:
        return f"{self.call} {self.file} #{self.nth} {self.error}"

    @classmethod
    def parse(cls, text: str) -> "Fault":
        """Return the fault that was written as ``CALL FILE #NTH ERROR``."""
        call, file, nth, error = text.split()
        return cls(call, file, int(nth.removeprefix("#")), error)

    def command(self, directory: Path, trace: Path) -> tuple[str, ...]:
        """Return the server's command with this fault in it; what strace sees goes to ``trace``."""
        paths = [word for path in _paths(directory, self.file) for word in ("-P", str(path))]
        return strace(trace, self.call, f"-einject={self.call}:error={self.error}:when={self.nth}", *paths)


def strace(trace: Path, calls: str, *options: str) -> tuple[str, ...]:
    """Return a command under strace; as a grandchild in a group of its own it does not stand between us and it."""
    return (
        "strace",
        "-DD",
        "-f",
        "--seccomp-bpf",
        "-y",
        "-qqq",
        "-o",
        str(trace),
        "-etrace=" + calls,
        *options,
        *SERVE,
    )


def _paths(directory: Path, file: str) -> list[Path]:
    """Return what ``file`` may be called in the run to come."""
    if file not in NUMBERED:
        return [directory if file == "." else directory / file]
    numbers = [int(number) for path in (directory / "store").iterdir() for number in re.findall(r"\d{6}", path.name)]
    return [directory / NUMBERED[file].format(number) for number in range(min(numbers), max(numbers) + AHEAD)]


def occurrences(directory: Path, trace: Path) -> Counter[tuple[str, str]]:
    """Return how often each call went to each file of the ledger in a traced run."""
    found: Counter[tuple[str, str]] = Counter()
    for line in trace.read_text(errors="replace").splitlines():
        match = _LINE.match(line)
        if match is None or match[1] not in ERRORS or "unfinished" in line:
            continue
        for place in _PLACE.findall(match[2]):
            if place == str(directory) or place.startswith(f"{directory}/"):
                found[match[1], _file(directory, place)] += 1
                break
    return found


def _file(directory: Path, place: str) -> str:
    name = str(Path(place).relative_to(directory))
    return re.sub(r"MANIFEST-\d+", "MANIFEST", re.sub(r"\d{6}\.", "*.", name))


def faults(found: Counter[tuple[str, str]]) -> Iterator[Fault]:
    """Yield every fault that a run as the one traced can meet."""
    for (call, file), times in sorted(found.items()):
        for nth in range(1, times + 1):
            for error in ERRORS[call]:
                yield Fault(call, file, nth, error)
