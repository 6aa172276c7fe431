"""The one writer: takes what waits, checks it against the state, and commits it as one synced, atomic write.

A checkpoint leaves this process only after the write that holds its entries is durable, so a crash at any point
leaves the old head or the new. A write that fails halts the writer: whether it persisted is for recovery to find out.
"""

import os
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from ledger.core import bodies
from ledger.core.admission import check_accredited, check_boxes, check_clock
from ledger.core.batch import Binding, decode_batch, sign_batch, verify_seal
from ledger.core.chain import LogState
from ledger.core.checkpoint import Checkpoint, sign_checkpoint
from ledger.core.encoding import ZERO_HASH, Hash
from ledger.core.errors import Busy, LedgerError, Refused, StoreDamaged, Unavailable
from ledger.core.life import Find, Life
from ledger.core.merkle import hash_leaves
from ledger.core.note import SigningKey
from ledger.core.parties import Auditor, Governing, Source
from ledger.core.policy import Policy
from ledger.core.rules import LEDGER
from ledger.core.sealed_keys import SealedKey
from ledger.core.sealing_policy import SealingPolicy
from ledger.core.signing import SecretKey
from ledger.core.statement import Statement
from ledger.engine import erasing, rows, schema
from ledger.engine.commit import Commit, check_policies
from ledger.engine.cosigned import CosignedTree, open_cosigned
from ledger.engine.guard import INTERVAL, HighWater
from ledger.engine.intake import Intake
from ledger.engine.lives import find_life
from ledger.engine.repeats import find_same
from ledger.engine.store import Store
from ledger.engine.tiles import Staged, TileTree

MAX_GROUP: Final = 8192
"""Statements of one commit."""

RETRY_AFTER: Final = 0.25
"""Seconds after which a refused submission may be sent again."""


@dataclass(frozen=True, slots=True)
class View:
    """What is published: everything here is durable and under ``note``.

    ``cosigned`` is the latest tree that satisfies ``policy``, None before the first.
    """

    size: int
    root: Hash
    note: bytes
    governing: Governing
    sources: MappingProxyType[str, Source]
    auditors: MappingProxyType[Hash, Auditor]
    sealing: SealingPolicy
    policy: Policy
    cosigned: CosignedTree | None


@dataclass(frozen=True, slots=True)
class Keys:
    """The private keys that the writer signs and encrypts with."""

    checkpoint: SigningKey
    chain: SecretKey
    queue: bytes


Own = bodies.Governance | bodies.Anchor | bodies.AuditReport
"""What the ledger says on its own chain."""


@dataclass(slots=True)
class _Job:
    """Something that waits for the writer: a batch, a body of the ledger's own, a cosigned note, or boxes.

    ``size`` counts towards the queue's bound, in bytes.
    """

    intake: Intake | None = None
    body: Own | None = None
    files: tuple[tuple[bytes, bytes], ...] = ()
    note: bytes = b""
    boxes: tuple[SealedKey, ...] = ()
    batch: int = 0
    size: int = 0
    done: "Future[int]" = field(default_factory=Future)


class Sequencer:
    """Owns the log's state and the tree's growth; every other thread reads ``view``."""

    def __init__(
        self,
        store: Store,
        tree: TileTree,
        state: LogState,
        sealing: SealingPolicy,
        policy: Policy,
        cosigned: CosignedTree | None,
        keys: Keys,
        guard: HighWater,
        note: bytes,
        clock: Callable[[], int],
        queue_bytes: int = 64 * 1024 * 1024,
    ) -> None:
        self._store, self._tree, self._state = store, tree, state
        self._keys, self._guard = keys, guard
        self._clock = clock
        self._sealing = sealing
        self._policy, self._cosigned = policy, cosigned
        self._limit = queue_bytes
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._queued = 0
        self._lock = threading.Lock()
        self._stopping = False
        self._listeners: list[Callable[[View], None]] = []
        self.traces: tuple[str, ...] = ()
        """The files that still had something of what was last erased, which the next start takes away."""
        self.halted: str | None = None
        self.held: str | None = None
        self.view = self._snapshot(tree.root, note)
        self._thread = threading.Thread(target=self._run, name="sequencer", daemon=True)
        self._thread.start()

    @property
    def queued_bytes(self) -> int:
        """Bytes that wait."""
        return self._queued

    @property
    def hindrance(self) -> str | None:
        """Why nothing is signed, for good (``halted``) or for now (``held``), None while all is well."""
        return self.halted or self.held

    def hold(self, reason: str) -> None:
        """Take nothing that would be signed until ``release``; what is published stays readable."""
        self.held = reason

    def release(self) -> None:
        """Take work again."""
        self.held = None

    def halt(self, reason: str) -> None:
        """Sign nothing more until a restart; the first reason stays."""
        with self._lock:
            self.halted = self.halted or reason

    def listen(self, listener: Callable[[View], None]) -> None:
        """Call ``listener`` from the writer's thread after each publication, and each cosigned note kept."""
        self._listeners.append(listener)

    def submit(self, intake: Intake) -> "Future[int]":
        """Queue a batch; the future yields the index of its first statement once that is durable.

        Raises:
            Busy: the queue is full.
            Unavailable: the ledger is stopping or halted.
        """
        return self._enqueue(_Job(intake, size=intake.size))

    def govern(self, body: bodies.Governance, files: Sequence[tuple[bytes, bytes]] = ()) -> "Future[int]":
        """Queue one governance body; ``files`` are rows (policies) that are written with it."""
        return self._enqueue(_Job(body=body, files=tuple(files)))

    def keep(self, note: bytes) -> "Future[int]":
        """Queue a note that the quorum cosigned; the future yields its size once it is durable and in ``view``."""
        return self._enqueue(_Job(note=note), signing=False)

    def anchor(self, note: bytes) -> "Future[int]":
        """Queue the ANCHOR of a cosigned note; the future yields its index."""
        return self._enqueue(_Job(body=bodies.Anchor(note)))

    def report(self, body: bodies.AuditReport) -> "Future[int]":
        """Queue an auditor's report; the future yields its index."""
        return self._enqueue(_Job(body=body))

    def deposit(self, first_index: int, boxes: tuple[SealedKey, ...]) -> "Future[int]":
        """Queue boxes of the key of the batch at ``first_index``, for auditors accredited later."""
        return self._enqueue(_Job(boxes=boxes, batch=first_index))

    def stop(self) -> None:
        """Refuse new work, finish what is queued, and write the high-water mark."""
        with self._lock:
            self._stopping = True
        self._queue.put(None)
        self._thread.join()
        if self.halted is None:
            self._guard.note(self.view.size, self.view.root)
            self._guard.flush()

    @contextmanager
    def room(self, size: int) -> Iterator[None]:
        """Count ``size`` bytes as waiting during the block, in which they are examined; raise as ``submit`` does."""
        with self._lock:
            self._take(size)
        try:
            yield
        finally:
            with self._lock:
                self._queued -= size

    def _enqueue(self, job: _Job, signing: bool = True) -> "Future[int]":
        with self._lock:
            self._take(job.size, signing)
            self._queue.put(job)
        return job.done

    def _take(self, size: int, signing: bool = True) -> None:
        if self.halted is not None:
            raise Unavailable(f"the ledger is halted: {self.halted}")
        if self.held is not None and signing:
            raise Unavailable(f"the ledger records nothing for now: {self.held}")
        if self._stopping:
            raise Unavailable("the ledger is stopping")
        if self._queued and self._queued + size > self._limit:
            raise Busy("queue: full", RETRY_AFTER)
        self._queued += size

    def _run(self) -> None:
        stop = False
        while not stop:
            job = self._next()
            group: list[_Job] = []
            count = 0
            while True:
                if job is None:
                    stop = True
                    break
                group.append(job)
                count += job.intake.batch.count if job.intake else 1
                if count >= MAX_GROUP:
                    break
                try:
                    job = self._queue.get_nowait()
                except queue.Empty:
                    break
            while group and self.halted is None:
                group = self._commit(group)
            for rest in group:
                self._settle(rest, Unavailable(f"the ledger is halted: {self.halted}"))

    def _next(self) -> _Job | None:
        """Wait for work; a high-water mark that is due is written once there was none for a while."""
        while self._guard.due and self.halted is None:
            try:
                return self._queue.get(timeout=INTERVAL)
            except queue.Empty:
                try:
                    self._guard.flush()
                except OSError as error:
                    self._halt(error)
        return self._queue.get()

    def _settle(self, job: _Job, outcome: int | LedgerError) -> None:
        with self._lock:
            self._queued -= job.size
        if not job.done.set_running_or_notify_cancel():
            return
        if isinstance(outcome, int):
            job.done.set_result(outcome)
        else:
            job.done.set_exception(outcome)

    def _commit(self, group: list[_Job]) -> list[_Job]:
        """Commit what may be committed of ``group``; return what is not answered yet.

        Refusals are answered after the write too: the heads that they tell are durable then.
        """
        commit = Commit()
        later: list[_Job] = []
        outcomes: list[tuple[_Job, int | LedgerError]] = []
        try:
            for job in group:
                if self._must_wait(job, commit):
                    later.append(job)
                else:
                    outcomes.append((job, self._try_place(job, commit)))
            if commit.leaves:
                self._persist(commit)
            elif commit.puts:
                self._store.write(commit.puts)
                self.view = replace(self.view, cosigned=self._cosigned)
        except Exception as error:
            self._halt(error)
            return group
        for job, outcome in outcomes:
            self._settle(job, outcome)
        if commit.puts:
            self._announce()
        return later

    def _announce(self) -> None:
        """Tell of what was published and note its mark; answers wait for neither, and a fault halts the writer."""
        try:
            for listener in self._listeners:
                listener(self.view)
            self._guard.note(self.view.size, self.view.root)
        except Exception as error:
            self._halt(error)

    def _must_wait(self, job: _Job, commit: Commit) -> bool:
        """Return whether the job has to wait until this very commit is stored.

        Its sequence may have been given out in it, perhaps to the same bytes; and an erasure has a commit of its own.
        """
        if commit.leaves and isinstance(job.body, bodies.Erasure):
            commit.closed = True
        if commit.closed:
            return True
        if job.intake is None or job.intake.batch.source_id not in commit.touched:
            return False
        batch = job.intake.batch
        return self._state.sources[batch.source_id].next_sequence > batch.first_sequence

    def _halt(self, error: Exception) -> None:
        if isinstance(error, LedgerError):
            reason = str(error)
        elif isinstance(error, OSError) and error.errno is not None:
            reason = f"a write failed ({os.strerror(error.errno)}); see to the disk, then restart"
        else:
            reason = f"a write failed ({type(error).__name__}); restart"
        self.halt(reason)

    def _try_place(self, job: _Job, commit: Commit) -> int | LedgerError:
        """Return the index that the job gets, or why it is refused; anything else that is raised halts the writer."""
        try:
            return self._place(job, commit)
        except StoreDamaged:
            raise
        except LedgerError as error:
            return error

    def _place(self, job: _Job, commit: Commit) -> int:
        if job.note:
            return self._place_cosigned(job.note, commit)
        if job.boxes:
            check_accredited(job.boxes, self._state.auditors)
            commit.puts.extend((schema.deposit_key(job.batch, item.key_id), item.box) for item in job.boxes)
            return job.batch
        if job.body is not None:
            return self._place_own(job, job.body, commit)
        intake = job.intake
        assert intake is not None  # noqa: S101 -- a job is one of these
        batch, binding = intake.batch, intake.binding
        source = self._state.sources.get(batch.source_id)
        if source is not None and batch.first_sequence < source.next_sequence:
            return find_same(self._store, self._tree, batch, source)
        source = self._state.check_binding(batch.source_id, binding)
        self._state.check_chain(batch, source)
        check_clock(batch, self._clock())
        if intake.sealed_keys:
            check_boxes(intake.sealed_keys, source, self._state.auditors, self._sealing.min_auditors)
            self._sealing.check_published(batch.leaves)
        digest = verify_seal(batch, binding, source.keys)
        lives = self._state.follow(batch, self._finder(commit), intake.travelled)
        first = self._state.size
        self._state.apply(batch, digest)
        commit.add(first, batch, source, intake, lives)
        return first

    def _finder(self, commit: Commit) -> Find:
        """Return what finds the life of an entry, whether it is stored or about to be."""

        def find(source_id: str, sequence: int) -> Life | None:
            return commit.find(source_id, sequence) or find_life(self._store, source_id, sequence)

        return find

    def _place_cosigned(self, note: bytes, commit: Commit) -> int:
        """Take a note in that is larger than the one kept and under this very policy; return its size."""
        governing = self._state.governing
        found = open_cosigned(note, self._keys.checkpoint.vkey(), governing.origin, self._policy, self._tree.root_at)
        if self._cosigned is not None and found.size <= self._cosigned.size:
            raise Refused(f"cosigned: a tree of {self._cosigned.size} entries is kept already")
        commit.puts.append((schema.meta_key("cosigned"), note))
        self._cosigned = found
        return found.size

    def _place_own(self, job: _Job, body: Own, commit: Commit) -> int:
        policy, sealing = self._policy, self._sealing
        if isinstance(body, bodies.PolicyChanged):
            policy, sealing = check_policies(body, dict(job.files))
        match body:
            case bodies.Anchor():
                self._state.check_anchor(body, self._state.size)
            case bodies.AuditReport():
                self._state.check_report(body, self._state.size)
            case _:
                self._state.check_governance(body)
        source = self._state.sources[LEDGER]
        minute = max(self._clock(), source.recorded_at)
        binding = Binding(self._state.log_id, source.key_statement, source.previous)
        statement = Statement(LEDGER, source.next_sequence, minute, body)
        batch = decode_batch(sign_batch([statement], binding, ZERO_HASH, [self._keys.chain.sign]))
        digest = verify_seal(batch, binding, source.keys)
        lives = self._state.follow(batch, self._finder(commit))
        if isinstance(body, bodies.Erasure):
            commit.erase(self._store, lives.values())
        first = self._state.size
        self._state.apply(batch, digest)
        commit.add(first, batch, source, None, lives)
        commit.puts.extend(job.files)
        self._sealing = sealing  # from the next batch on, this commit's included
        if policy != self._policy:
            if self._cosigned is not None:
                commit.puts.append((schema.meta_key("cosigned"), b""))
            self._policy, self._cosigned = policy, None  # the old quorum says nothing under the new policy
        return first

    def _persist(self, commit: Commit) -> None:
        hashes = hash_leaves(commit.leaves)
        if commit.hashes != hashes:
            raise StoreDamaged("leaf: changed in memory between check and write")
        staged = self._tree.stage(hashes)
        if staged.size != self._state.size:
            raise StoreDamaged("tree: its size is not the state's")
        note = self._sign(staged)
        puts = commit.puts
        puts.extend(staged.puts)
        puts.extend((schema.source_key(name), rows.write_source(self._state.sources[name])) for name in commit.touched)
        if LEDGER in commit.touched:
            puts.extend(self._governance_rows())
        puts.extend((schema.life_key(life.index), rows.write_life(life)) for life in commit.lives.values())
        puts.append((schema.meta_key("checkpoint"), note))
        self._store.write(puts, commit.deletes)
        if commit.deletes:
            self.traces = tuple(erasing.finish(self._store, commit.pieces))
        self._tree.apply(staged)
        self.view = self._snapshot(staged.root, note)

    def _sign(self, staged: Staged) -> bytes:
        if staged.size <= self.view.size:
            raise StoreDamaged("checkpoint: would not grow the tree")
        checkpoint = Checkpoint(self._state.governing.origin, staged.size, staged.root)
        return sign_checkpoint(checkpoint, self._keys.checkpoint).note.format()

    def _governance_rows(self) -> list[tuple[bytes, bytes]]:
        state = self._state
        puts = [(schema.meta_key("governing"), rows.write_governing(state.governing))]
        puts.extend((schema.source_key(name), rows.write_source(item)) for name, item in state.sources.items())
        puts.extend((schema.auditor_key(item.index), rows.write_auditor(item)) for item in state.auditors.values())
        return puts

    def _snapshot(self, root: Hash, note: bytes) -> View:
        state = self._state
        return View(
            state.size,
            root,
            note,
            state.governing,
            MappingProxyType(dict(state.sources)),
            MappingProxyType(dict(state.auditors)),
            self._sealing,
            self._policy,
            self._cosigned,
        )
