"""The completeness report over a folder of tiles, all checks, beside the raw SHA-256 of the same bytes on one core.

``python -m bench.judging FOLDER VKEY`` reports on one log in a process of its own, so that its memory is the report's.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.audit.completeness import judge_files
from ledger.audit.reading import FilesLog
from ledger.core import bodies
from ledger.core.batch import OPENING, Binding, decode_batch, sign_batch
from ledger.core.checkpoint import Checkpoint, sign_checkpoint
from ledger.core.completeness_report import report
from ledger.core.encoding import ZERO_HASH, Hash, sha256
from ledger.core.inner import approve, sign_inner
from ledger.core.note import SigningKey, VKey
from ledger.core.rules import LEDGER
from ledger.core.signing import SecretKey
from ledger.core.statement import Statement
from ledger.core.tlogtiles import Leaves
from ledger.tiles.folder import open_writer
from ledger.tiles.source import FolderSource

BATCH: Final = 512
SOURCE: Final = "bench"
MINUTE: Final = 29_400_000


@dataclass(frozen=True, slots=True)
class Judging:
    """Entries a second, judged from tiles and hashed alone; MiB at most, over the log and over a tenth of it."""

    rate: float
    raw: float
    rss: float
    tenth_rss: float


def run(folder: Path, count: int) -> Judging:
    """Write logs of about ``count`` disclosures and of a tenth of that into ``folder``, report, and hash bytes."""
    key = SigningKey("log.example/bench", SecretKey.from_seed(os.urandom(32)))
    _, tenth_rss = _reported(folder / "tenth", key, count // 10)
    rate, rss = _reported(folder / "whole", key, count)
    return Judging(rate, _raw(key, count), rss, tenth_rss)


def _reported(folder: Path, key: SigningKey, count: int) -> tuple[float, float]:
    """Write a log and return what reporting on it, in another process, came to: entries a second, MiB at most."""
    with open_writer(folder, key.vkey()) as writer:
        for leaves in _log(key, count):
            writer.append(Leaves.of(leaves))
        checkpoint = Checkpoint(key.name, writer.size, writer.root())
        writer.publish(sign_checkpoint(checkpoint, key).note.format())
    arguments = [sys.executable, "-m", "bench.judging", str(folder), key.vkey().format()]
    said = subprocess.run(arguments, check=True, stdout=subprocess.PIPE).stdout  # noqa: S603 -- this module
    size, rate, rss = json.loads(said)
    if size != checkpoint.size:
        raise RuntimeError("the report ended before its log")
    return rate, rss


def judged(folder: Path, log: VKey) -> tuple[int, float, float]:
    """Return how many entries were reported on, how many a second, and the MiB that this process had at most."""
    started = time.perf_counter()
    found = report(judge_files(FilesLog(FolderSource(folder), log), log), MINUTE)
    seconds = time.perf_counter() - started
    if found.findings:
        raise RuntimeError("the report found something in an honest log")
    return found.size, found.size / seconds, _peak_mib()


def _peak_mib() -> float:
    """Return the most resident memory that this process had since it was started (proc(5): VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024


def _log(key: SigningKey, count: int) -> Iterator[tuple[bytes, ...]]:
    """Yield the batches of a log: its opening, one enrolment, and disclosures."""
    chain, approver, own = (SecretKey.from_seed(os.urandom(32)) for _ in range(3))
    vrf = Hash(SecretKey.from_seed(os.urandom(32)).public.key)
    opened = bodies.LogOpened(
        *(Hash(os.urandom(32)), key.name, key.vkey().format(), (chain.public,), vrf, (approver.public,)),
        *((bodies.Threshold(0, 1),), sha256(b"quorum none\n"), sha256(b"{}")),
    )
    first = sign_batch([Statement(LEDGER, 0, MINUTE, opened)], OPENING, ZERO_HASH, [chain.sign])
    yield first
    batch = decode_batch(first)
    log_id = batch.leaf_hashes[0]
    enrolled = bodies.SourceEnrolled(0, SOURCE, "bench", (own.public,), bodies.Period.WEEK, 24)
    proofs = sign_inner(log_id, enrolled, "proofs_of_possession", [own])
    enrolled = bodies.SourceEnrolled(
        *(1, SOURCE, "bench", (own.public,), bodies.Period.WEEK, 24), proofs_of_possession=proofs
    )
    enrolled = approve(log_id, enrolled, [approver])
    binding = Binding(log_id, log_id, sha256(batch.signed_bytes(OPENING)))
    second = sign_batch([Statement(LEDGER, 1, MINUTE, enrolled)], binding, ZERO_HASH, [chain.sign])
    yield second
    statement, previous = decode_batch(second).leaf_hashes[0], ZERO_HASH
    for begin in range(0, count, BATCH):
        random = [os.urandom(128) for _ in range(min(BATCH, count - begin))]
        said = [
            Statement(SOURCE, sequence, MINUTE, bodies.Disclosure(*_hashes(data[:96]), 4, Hash(data[96:])))
            for sequence, data in enumerate(random, begin)
        ]
        binding = Binding(log_id, statement, previous)
        leaves = sign_batch(said, binding, Hash(random[0][:32]), [own.sign])
        previous = sha256(decode_batch(leaves).signed_bytes(binding))
        yield leaves


def _hashes(data: bytes) -> tuple[Hash, Hash, Hash]:
    return Hash(data[:32]), Hash(data[32:64]), Hash(data[64:])


def _raw(key: SigningKey, count: int) -> float:
    """Return entries a second of one SHA-256 over each leaf of such a log, and nothing else."""
    leaves = [leaf for batch in _log(key, min(count, 100_000)) for leaf in batch]
    new = hashlib.sha256
    started = time.perf_counter()
    for leaf in leaves:
        new(leaf).digest()
    return len(leaves) / (time.perf_counter() - started)


if __name__ == "__main__":
    print(json.dumps(judged(Path(sys.argv[1]), VKey.parse(sys.argv[2]))))
