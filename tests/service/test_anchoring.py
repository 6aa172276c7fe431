"""The ledger anchors the cosigned tree hourly with traffic, else daily, and never what is anchored already."""

import time
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from types import MappingProxyType

import pytest

from ledger.core import bodies
from ledger.core.anchors import Anchored
from ledger.core.checkpoint import open_checkpoint
from ledger.core.policy import Policy, verify_quorum
from ledger.core.statement import decode_leaf
from ledger.engine.cosigned import CosignedTree
from ledger.engine.sequencer import View
from ledger.service import cosigning
from ledger.service.anchoring import Intervals, due_minute
from tests.core.world import World
from tests.served import ORIGIN
from tests.service.cosigning import NAMES, Witnessed, witnessed

WORLD = World.open()
POLICY = Policy.parse(b"quorum none\n")


def view(size: int, cosigned: int | None, anchored: Anchored) -> View:
    """Return what is published with these sizes."""
    governing = replace(WORLD.state.governing, anchored=anchored)
    tree = None if cosigned is None else CosignedTree(cosigned, b"note", 1)
    empty: MappingProxyType[object, object] = MappingProxyType({})
    return View(size, WORLD.root(), b"", governing, empty, empty, 1, POLICY, tree)  # type: ignore[arg-type]  # nobody's


@pytest.mark.parametrize(
    ("size", "cosigned", "anchored", "due"),
    [
        (5, None, Anchored(0, 100, 0), None),
        (5, 5, Anchored(0, 100, 0), 160),
        (5, 4, Anchored(0, 100, 0), 160),
        (1, 1, Anchored(0, 100, 0), 1540),
        (9, 8, Anchored(8, 100, 8), None),
        (9, 9, Anchored(8, 100, 8), 1540),
        (10, 10, Anchored(8, 100, 8), 160),
        (10, 8, Anchored(8, 100, 8), None),
    ],
    ids=[
        "nothing is cosigned",
        "traffic since the log was opened",
        "the quorum lags behind",
        "no traffic since the log was opened",
        "the ANCHOR itself is not cosigned yet",
        "no traffic since the last ANCHOR",
        "traffic since the last ANCHOR",
        "the quorum has nothing new",
    ],
)
def test_when_an_anchor_is_due(size: int, cosigned: int | None, anchored: Anchored, due: int | None) -> None:
    """It is due an interval after the last one, or after LOG_OPENED, once a larger tree is cosigned."""
    assert due_minute(view(size, cosigned, anchored), Intervals(60, 1440)) == due


@dataclass(slots=True)
class Clock:
    """A clock that goes as it is told."""

    now: float = field(default_factory=time.time)

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def anchors(log: Witnessed) -> dict[int, bytes]:
    """Return the notes of the ANCHORs in the log, by index."""
    rows = log.served.rows()
    leaves = {int.from_bytes(key[1:], "big"): decode_leaf(value) for key, value in rows.items() if key[:1] == b"e"}
    return {
        index: leaf.statement.body.checkpoint
        for index, leaf in leaves.items()
        if isinstance(leaf.statement.body, bodies.Anchor)
    }


async def test_the_ledger_anchors_what_is_cosigned() -> None:
    """After the interval the quorum's note becomes an entry, and the next is not before another interval."""
    clock = Clock()
    async with witnessed(anchor_minutes=2, idle_anchor_minutes=5, clock=clock, opened_at=clock.now) as log:
        view = log.served.server.sequencer.view
        await log.served.accredit("One")
        await log.covered()
        assert anchors(log) == {}
        clock.now += 121
        await log.served.accredit("Two")
        await log.until(lambda: anchors(log))
        await log.covered()
        ((index, note),) = anchors(log).items()
        signed = open_checkpoint(note, log.served.vkey, ORIGIN)
        verify_quorum(signed, log.policy)
        assert 1 < signed.checkpoint.size <= index
        clock.now += 61
        await log.served.accredit("Three")
        await log.covered()
        assert len(anchors(log)) == 1
        async with log.served.admin() as admin:
            assert (await admin.status()).anchored_index == index
        assert view.governing.anchored.index == 0


def counted(log: Witnessed, count: int) -> bool:
    """Return whether the log has ``count`` ANCHORs, the last of them published."""
    found = anchors(log)
    return len(found) == count and log.served.server.sequencer.view.governing.anchored.index == max(found, default=0)


async def test_an_idle_log_is_anchored_too() -> None:
    """Without traffic an ANCHOR comes after the longer interval; nothing but the clock tells."""
    clock = Clock()
    async with witnessed(anchor_minutes=1, idle_anchor_minutes=3, clock=clock, opened_at=clock.now) as log:
        await log.covered()
        cosigner, seen = log.served.server._cosigner, set[int]()
        for minutes, count in ((2, 0), (1, 1), (2, 1), (1, 2)):
            clock.now += 60 * minutes + 1
            cosigner._rouse()
            await log.until(partial(counted, log, count))
            await log.covered()
            seen.add(log.served.server.sequencer.view.governing.anchored.recorded_at)
        assert len(seen) == 3
        assert all(later - earlier >= 3 for earlier, later in pairwise(sorted(seen)))


def times(note: bytes, log: Witnessed) -> dict[str, int]:
    """Return when each witness cosigned, by its name in the policy."""
    return dict(verify_quorum(open_checkpoint(note, log.served.vkey, ORIGIN), log.policy).timestamps)


async def test_what_is_anchored_was_seen_just_before() -> None:
    """A tree that was cosigned hours ago is cosigned once more: an ANCHOR is worth the time its quorum says."""
    clock, seen = Clock(), Clock()
    async with witnessed(anchor_minutes=60, idle_anchor_minutes=1440, clock=clock, opened_at=clock.now) as log:
        for witness in log.witnesses:
            witness.clock = seen
            await witness.stop()
            await witness.start()
        await log.served.accredit("One")
        kept = await log.covered()
        clock.now += 3600
        seen.now += 3600
        log.served.server._cosigner._rouse()
        await log.until(lambda: anchors(log))
        ((_, note),) = anchors(log).items()
        assert open_checkpoint(note, log.served.vkey, ORIGIN).checkpoint.size == kept.size
        assert set(times(note, log).values()) == {int(seen.now)}
        assert set(times(kept.note, log).values()) <= {int(seen.now) - 3600, int(time.time())}


async def test_an_anchor_waits_for_a_quorum_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the witnesses are away nothing old is anchored in its place, and lines of long ago do not count."""
    monkeypatch.setattr(cosigning, "STALE_ROUND", 0.0)
    clock, seen = Clock(), Clock()
    async with witnessed(anchor_minutes=60, clock=clock, opened_at=clock.now) as log:
        await log.served.accredit("One")
        await log.covered()
        for witness in log.witnesses:
            witness.clock = seen
            await witness.stop()
        cosigner, first = log.served.server._cosigner, log.witnesses[0]
        clock.now += 3600
        seen.now += 3600
        await first.start()
        for name in NAMES:
            log.asked(name).not_before = 0
        cosigner._rouse()
        await log.until(lambda: log.asked("two").failures and log.asked("one").timestamp == int(seen.now))
        assert anchors(log) == {}
        seen.now += 7200
        await log.witnesses[1].start()
        for name in NAMES:
            log.asked(name).not_before = 0
        cosigner._rouse()
        await log.until(lambda: anchors(log))
        ((_, note),) = anchors(log).items()
        assert set(times(note, log).values()) == {int(seen.now)}


async def test_a_refused_anchor_is_not_tried_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the writer refuses to anchor is tried again later, and cosigning goes on meanwhile."""
    clock = Clock()
    async with witnessed(anchor_minutes=1, clock=clock, opened_at=clock.now) as log:
        sequencer = log.served.server.sequencer
        tried: list[bytes] = []
        anchor = sequencer.anchor

        def refuse(note: bytes) -> object:
            tried.append(note)
            return anchor(b"no note") if len(tried) == 1 else anchor(note)

        monkeypatch.setattr(sequencer, "anchor", refuse)
        clock.now += 61
        await log.served.accredit("One")
        await log.until(lambda: tried)
        await log.served.accredit("Two")
        await log.covered()
        assert (len(tried), anchors(log)) == (1, {})
        clock.now += 61
        await log.served.accredit("Three")
        await log.until(lambda: anchors(log))
        assert len(tried) == 2
