"""``python -m bench.where``: where the microseconds of an entry go, step by step, in one process.

A batch of 512 is built as in the other measurements, and each step of its way through the server is run on it by
itself, again and again; the lower quartile counts, because on a shared machine every disturbance adds.
"""

import os
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from nacl.bindings import crypto_box_keypair
from rich.console import Console
from rich.table import Table

from bench.scene import BATCH, folder, prepared
from ledger.client.exchange import to_request
from ledger.core import admission
from ledger.core.batch import Binding, decode_batch
from ledger.core.bodies import Period
from ledger.core.building import build
from ledger.core.closings import Book
from ledger.core.encoding import Hash
from ledger.core.merkle import hash_leaves
from ledger.core.parties import Source
from ledger.core.signing import SecretKey
from ledger.engine.commit import Commit
from ledger.engine.intake import take_in
from ledger.engine.store import Store
from ledger.engine.tiles import TileTree
from ledger.service import convert
from ledger.v1 import disclosure_pb2

ROUNDS: Final = 41

T = TypeVar("T")


class Steps:
    """Measured steps: microseconds an entry, in order."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, float]] = []

    def __call__(self, what: str, step: Callable[[], T]) -> T:
        """Run a step, note what it took, and return what it gave."""
        took = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            found = step()
            took.append(time.perf_counter() - started)
        self.rows.append((what, sorted(took)[ROUNDS // 4] / BATCH * 1e6))
        return found


def measure(path: Path) -> Steps:
    """Return every step of one batch, on a store below ``path``."""
    steps = Steps()
    entries = prepared(BATCH)
    secret = SecretKey.from_seed(os.urandom(32))
    binding = Binding(*[Hash(os.urandom(32)) for _ in range(3)])
    recipients = {Hash(os.urandom(32)): crypto_box_keypair()[0] for _ in range(2)}
    submission = steps(
        "source: payloads sealed, batch signed",
        lambda: build(entries, "alpha", 100_000, 29_000_000, binding, recipients, [secret.sign], os.urandom),
    )
    request = steps("source: written as it travels", lambda: to_request(submission, 0).SerializeToString())
    message = steps("examining: parsed", lambda: disclosure_pb2.SubmitBatchRequest.FromString(request))
    steps("examining: messages to values", lambda: convert.submission(message))
    steps("examining: leaves recognised, hashed, batch root", lambda: decode_batch(submission.statements))
    steps("examining: all that admission checks, that included", lambda: admission.examine(submission))
    intake = steps("examining: that, and lookup keys encrypted", lambda: take_in(submission, bytes(32), os.urandom))
    data = steps("to the writer: packed", lambda: pickle.dumps(intake, pickle.HIGHEST_PROTOCOL))
    steps("to the writer: unpacked", lambda: pickle.loads(data))  # noqa: S301 -- packed one line earlier
    store = Store.open(path / "store", create=True)
    tree = TileTree.load(store, 0)
    source = Source("alpha", "alpha", (secret.public,), binding.key_statement, 1, (), Book.begin(Period.MONTH, 0))

    def gather() -> Commit:
        commit = Commit()
        commit.add(0, intake.batch, source, intake)
        return commit

    commit = steps("writer: rows gathered", gather)
    steps("writer: leaves hashed again", lambda: hash_leaves(commit.leaves))
    steps("writer: tree and tiles", lambda: tree.stage(commit.hashes))
    steps("writer: one synced LevelDB batch", lambda: store.write(commit.puts))
    store.close()
    return steps


def main() -> None:
    """Measure and show."""
    with folder() as path:
        rows = measure(path).rows
    table = Table("step", box=None)
    table.add_column("µs an entry", justify="right")
    for what, micros in rows:
        table.add_row(what, f"{micros:.1f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
