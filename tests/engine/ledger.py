"""A real log on disk and the same log in memory, side by side.

``Ledger.world`` says what is to be logged and what it must come to; ``follow`` has the writer log it too.

    ledger = Ledger.create(tmp_path)              # LOG_OPENED, in a store below tmp_path
    ledger.world.enrol("alpha")
    index = ledger.world.disclose("alpha")
    ledger.follow()                               # raises unless the writer gives the same indexes
    ledger.reopen()                               # stops it, recovers the store, and starts it again

Both use the same keys and minutes, so that leaves, roots, checkpoints and receipts are equal byte for byte.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, cast

from ledger.core import bodies
from ledger.core.admission import Submission
from ledger.core.encoding import sha256
from ledger.core.sealed_keys import SealedKey
from ledger.engine.guard import HighWater
from ledger.engine.intake import Intake, take_in
from ledger.engine.reader import Reader
from ledger.engine.recovery import create, recover, start
from ledger.engine.sequencer import Keys, Sequencer, View
from ledger.engine.store import Store
from ledger.engine.tiles import TileTree
from tests.core.embargoed import live
from tests.core.world import WITNESS_POLICY, Entropy, Placed, World, mixed

TIMEOUT: Final = 60.0
"""Seconds after which a test gives up on the writer."""

QUEUE_KEY: Final = sha256(b"queue")


def nothing() -> None:
    """Do nothing."""


def indexes(futures: "Sequence[Future[int]]") -> list[int]:
    """Return the indexes that the writer gave."""
    return [future.result(TIMEOUT) for future in futures]


class WatchedStore(Store):
    """A store that calls ``before`` and ``after`` around each write, and counts those that are durable."""

    before: Callable[[], None] = staticmethod(nothing)
    after: Callable[[], None] = staticmethod(nothing)
    written = 0

    @classmethod
    def over(cls, store: Store) -> "WatchedStore":
        """Return the store that takes the place of ``store``, open on the same files."""
        return cls(store._database, store.path)

    def write(self, puts: Sequence[tuple[bytes, bytes]], deletes: Sequence[bytes] = ()) -> None:
        """Write all rows or none."""
        self.before()
        super().write(puts, deletes)
        self.written += 1
        self.after()


@dataclass(slots=True)
class Ledger:
    """A running log below ``directory``; ``seconds`` is the guard's clock."""

    directory: Path
    world: World
    queue_bytes: int = 64 * 1024 * 1024
    followed: int = 1
    seconds: float = 0.0
    minute: int = 0
    entropy: Entropy = field(default_factory=lambda: Entropy(b"engine"))
    store: WatchedStore = field(init=False)
    tree: TileTree = field(init=False)
    reader: Reader = field(init=False)
    guard: HighWater = field(init=False)
    sequencer: Sequencer = field(init=False)

    @classmethod
    def create(cls, directory: Path, world: World | None = None, queue_bytes: int = 64 * 1024 * 1024) -> "Ledger":
        """Open a log with the LOG_OPENED of ``world``, by default a new one, and start its writer."""
        world = world or World.open()
        ledger = cls(directory, world, queue_bytes)
        opened, opening = ledger.opened()
        recovered = create(ledger.path, opened, ledger.keys, opening, WITNESS_POLICY, world.sealing_policy)
        recovered.store.close()
        ledger.guard = ledger.high_water()
        ledger.guard.note(recovered.tree.size, recovered.tree.root)
        ledger.start()
        return ledger

    @property
    def path(self) -> Path:
        """Where the store is."""
        return self.directory / "store"

    @property
    def mark(self) -> Path:
        """Where the high-water mark is."""
        return self.directory / "high-water.json"

    @property
    def keys(self) -> Keys:
        """The writer's keys."""
        return Keys(self.world.log, self.world.chain, QUEUE_KEY)

    @property
    def view(self) -> View:
        """What is published."""
        return self.sequencer.view

    def opened(self) -> tuple[bodies.LogOpened, int]:
        """Return the body of the world's LOG_OPENED and its minute."""
        statement = self.world.placed[0].batch.leaves[0].statement
        return cast(bodies.LogOpened, statement.body), statement.recorded_at

    def high_water(self) -> HighWater:
        """Return a new guard over the mark."""
        return HighWater(self.mark, self.world.log_id, lambda: self.seconds)

    # Running

    def start(self) -> None:
        """Recover the store and start the writer."""
        recovered = recover(self.path, self.keys)
        self.store = WatchedStore.over(recovered.store)
        self.tree = TileTree.load(self.store, recovered.tree.size)
        self.reader = Reader(self.store, self.tree)
        self.guard = self.high_water()
        parts = replace(recovered, store=self.store, tree=self.tree)
        try:
            self.sequencer = start(parts, self.keys, self.guard, lambda: self.minute, self.queue_bytes)
        except BaseException:
            self.store.close()
            raise

    def stop(self) -> None:
        """Stop the writer and close the store."""
        self.sequencer.stop()
        self.store.close()

    def reopen(self) -> None:
        """Stop, recover and start again."""
        self.stop()
        self.start()

    # Logging

    def take_in(self, submission: Submission) -> Intake:
        """Return a submission as the writer takes it."""
        return take_in(submission, QUEUE_KEY, self.entropy)

    def submit(self, submission: Submission) -> "Future[int]":
        """Hand a submission to the writer at the world's minute."""
        self.minute = self.world.minute
        return self.sequencer.submit(self.take_in(submission))

    def govern(self, body: bodies.Governance, files: Sequence[tuple[bytes, bytes]] = ()) -> "Future[int]":
        """Hand a governance body to the writer at the world's minute."""
        self.minute = self.world.minute
        return self.sequencer.govern(body, files)

    def send(self, placed: Placed, files: Sequence[tuple[bytes, bytes]] = ()) -> "Future[int]":
        """Hand one of the world's batches to the writer."""
        self.minute = placed.batch.last_minute
        if placed.submission is not None:
            return self.sequencer.submit(self.take_in(placed.submission))
        body = placed.batch.leaves[0].statement.body
        if isinstance(body, bodies.Anchor):
            return self.sequencer.anchor(body.checkpoint)
        return self.sequencer.govern(cast(bodies.Governance, body), files)

    def send_all(self) -> list["Future[int]"]:
        """Hand what the world has logged since the last call to the writer, all of it at once."""
        rest = self.world.placed[self.followed :]
        self.followed = len(self.world.placed)
        return [self.send(placed) for placed in rest]

    def follow(self) -> int:
        """Log what the world has logged, batch by batch; return the size."""
        for placed in self.world.placed[self.followed :]:
            self.followed += 1
            assert self.send(placed).result(TIMEOUT) == placed.first
        return self.world.size

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Keep the writer inside a write during the block, so that what is sent meanwhile makes one group."""
        assert self.followed == len(self.world.placed), "the writer has to be where the world is"
        entered, release = threading.Event(), threading.Event()

        def wait() -> None:
            entered.set()
            release.wait(TIMEOUT)

        self.store.before = wait
        self.world.enrol(f"busy-{self.world.size}")
        (done,) = self.send_all()
        assert entered.wait(TIMEOUT)
        self.store.before = nothing
        try:
            yield
        finally:
            release.set()
            done.result(TIMEOUT)

    def check(self) -> None:
        """Raise unless everything that is published is what the world says."""
        assert (self.view.size, self.view.root) == (self.world.size, self.world.root())
        assert self.view.note == self.world.checkpoint()
        assert dict(self.view.sources) == self.world.state.sources
        assert dict(self.view.auditors) == self.world.state.auditors
        assert self.view.governing == self.world.state.governing
        assert self.reader.leaves(0, self.world.size + 1) == self.world.leaves


def rich(directory: Path) -> Ledger:
    """Return a log of ``tests.core.world.mixed``."""
    ledger = Ledger.create(directory, mixed())
    ledger.follow()
    return ledger


def full(directory: Path) -> Ledger:
    """Return the same log, and after it all that can become of an entry: every row of the store's table is in use."""
    ledger = rich(directory)
    live(ledger.world, "beta", "two")
    ledger.world.add_auditor("three")
    ledger.follow()
    three = next(item.key_id for item in ledger.view.auditors.values() if item.name == "three")
    first = next(item.first for item in reversed(ledger.world.placed) if item.submission is not None)
    ledger.sequencer.deposit(first, (SealedKey(three, bytes(80)),)).result(TIMEOUT)
    return ledger
