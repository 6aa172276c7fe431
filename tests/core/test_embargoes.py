"""Embargoes as everyone sees them from leaves: when they end, how often prolonged, lifted in time or overdue."""

from typing import Final

import pytest

from ledger.core import bodies
from ledger.core.embargoes import EffectiveTime, Embargoes, EmbargoState
from ledger.core.merkle import leaf_hash
from ledger.core.policy import Policy
from ledger.core.rules import month_of
from ledger.core.statement import Statement, decode_leaf
from tests.core.embargoed import MONTH, correction, delivery, extension, gagged, lift
from tests.core.judging import anchor, policy_of
from tests.core.world import START, World, disclosure

MONTHS: Final = 60 * 24 * 31


def begun() -> World:
    """Return a log with a source and an auditor."""
    world = World.open()
    world.enrol("alpha")
    world.add_auditor("one")
    return world


def policy(world: World) -> Policy:
    """Return the policy that asks for the one witness."""
    return Policy.parse(policy_of(world))


def states(world: World, policy: Policy | None = None) -> list[EmbargoState]:
    """Return what all leaves say."""
    fold = Embargoes(EffectiveTime(world.vkey, policy))
    for index, leaf in enumerate(world.leaves):
        fold.take(index, leaf_hash(leaf), decode_leaf(leaf).statement)
    return list(fold.states)


def test_an_open_embargo_is_due() -> None:
    """What nobody says more of ends with its month; from then on it is overdue."""
    world = begun()
    world.disclose("alpha")
    index = world.say("alpha", gagged(world))
    (state,) = states(world)
    assert (state.index, state.source_id, state.sequence, state.recorded_at) == (index, "alpha", 1, START)
    assert (state.until, state.extensions, state.lifted, state.late) == (MONTH + 3, 0, 0, False)
    assert [state.overdue(MONTH + ahead) for ahead in (2, 3, 4)] == [False, True, True]


def test_what_is_said_in_time_leaves_no_mark() -> None:
    """Prolonged before its end and lifted before its new one, it was never overdue; deliveries do not matter."""
    world = begun()
    index = world.say("alpha", gagged(world))
    world.say("alpha", extension(world, index, 1, MONTH + 9), delivery(world, index))
    assert (states(world)[0].until, states(world)[0].extensions) == (MONTH + 9, 1)
    lifted = world.say("alpha", lift(world, index))
    (state,) = states(world)
    assert (state.lifted, state.late, state.open, state.overdue(MONTH + 99)) == (lifted, False, False, False)


@pytest.mark.parametrize("late", ["extended", "lifted", "extended, then lifted in time"])
def test_what_comes_too_late_leaves_its_mark_for_good(late: str) -> None:
    """An extension or a lift after the end does not clear the mark, nor does anything after it."""
    world = begun()
    index = world.say("alpha", gagged(world))
    world.minute = START + 4 * MONTHS
    if late != "lifted":
        world.say("alpha", extension(world, index, 1, MONTH + 12))
    if late != "extended":
        world.say("alpha", lift(world, index))
    (state,) = states(world)
    assert state.late
    assert state.overdue(MONTH)


def test_a_lift_that_is_dated_back_is_late_all_the_same() -> None:
    """Witnesses saw the log after the embargo's end: what follows their ANCHOR was not in time, whatever it says."""
    world = begun()
    index = world.say("alpha", gagged(world))
    anchor(world, START + 4 * MONTHS)
    world.say("alpha", lift(world, index))
    assert states(world)[0].late is False
    assert states(world, policy(world))[0].late is True


def test_only_its_own_lift_opens_a_correction() -> None:
    """What inherited an embargo is withheld until it is lifted itself, by a statement that names its very bytes."""
    world = begun()
    index = world.say("alpha", gagged(world))
    corrected = world.say("alpha", correction(world, index, withheld=True))
    world.say("alpha", lift(world, index))
    fold = Embargoes(EffectiveTime(world.vkey, None))
    for at, leaf in enumerate(world.leaves):
        fold.take(at, leaf_hash(leaf), decode_leaf(leaf).statement)
    (before,) = fold.states
    assert [item.sequence for item in before.corrections] == [1]
    strange = bodies.Target(1, leaf_hash(b"other"))
    right = world.target(corrected)
    handed = delivery(world, corrected).say(leaf_hash(b""), ())
    for body in (bodies.EmbargoLifted(strange), handed):
        fold.take(world.size, leaf_hash(b""), Statement("alpha", 3, START, body))
    assert list(fold.states) == [before]
    fold.take(world.size, leaf_hash(b""), Statement("alpha", 3, START, bodies.EmbargoLifted(right)))
    (after,) = fold.states
    assert (after.corrections, after.open) == ((), False)
    fold.take(world.size, leaf_hash(b""), Statement("alpha", 4, START + 9 * MONTHS, bodies.EmbargoLifted(right)))
    assert list(fold.states) == [after]


@pytest.mark.parametrize(("until", "late"), [(MONTH + 1, True), (MONTH + 2, False)])
@pytest.mark.parametrize("said", ["extended", "lifted"])
def test_the_month_that_it_ends_is_too_late(until: int, late: bool, said: str) -> None:
    """An embargo to December is open in November: what is said of it in December comes once it was overdue."""
    world = begun()
    index = world.say("alpha", gagged(world, until))
    world.minute = START + MONTHS
    assert month_of(world.minute) == MONTH + 1
    world.say("alpha", extension(world, index, 1, MONTH + 12) if said == "extended" else lift(world, index))
    assert states(world)[0].late is late


def test_an_anchor_vouches_for_a_size_and_a_minute() -> None:
    """Those of its quorum; without a policy, without a quorum or for what is no note of this log it is neither."""
    world = begun()
    size = world.size
    anchor(world, START + 500)
    body = decode_leaf(world.leaves[-1]).statement.body
    assert isinstance(body, bodies.Anchor)
    assert EffectiveTime(world.vkey, policy(world)).anchored(body) == (size, START + 500)
    nothing = (0, 0)
    assert EffectiveTime(world.vkey, None).anchored(body) == nothing
    assert EffectiveTime(world.vkey, Policy.parse(b"quorum none\n")).anchored(body) == nothing
    assert EffectiveTime(world.vkey, policy(world)).anchored(bodies.Anchor(b"no note")) == nothing
    assert EffectiveTime(world.vkey, policy(world)).minute == 0


def test_effective_time_never_goes_back() -> None:
    """It is the later of what the source says and what witnesses said before it; a bad ANCHOR says nothing."""
    world = begun()
    anchor(world, START + 500)
    anchored = decode_leaf(world.leaves[-1]).statement
    time = EffectiveTime(world.vkey, policy(world))
    plain = Statement("alpha", 0, START, bodies.EmbargoLifted(bodies.Target(0, leaf_hash(b""))))
    assert time.of(plain) == START
    assert time.of(anchored) == START
    assert time.of(plain) == START + 500
    assert time.of(Statement("ledger", 9, START, bodies.Anchor(b"no note"))) == START + 500
    assert time.of(Statement("alpha", 1, START + 900, plain.body)) == START + 900
    assert EffectiveTime(world.vkey, policy(world)).of(anchored) == START


def test_a_policy_that_asks_for_nobody_dates_nothing() -> None:
    """Under ``quorum none`` there is no witnesses' time."""
    world = begun()
    anchor(world, START + 500)
    anchored = decode_leaf(world.leaves[-1]).statement
    time = EffectiveTime(world.vkey, Policy.parse(b"quorum none\n"))
    time.of(anchored)
    assert time.of(Statement("alpha", 0, START, anchored.body)) == START


def test_statements_of_other_bytes_change_nothing() -> None:
    """Whoever reads leaves alone believes no statement that names another entry than the one at its place."""
    world = begun()
    index = world.say("alpha", gagged(world))
    fold = Embargoes(EffectiveTime(world.vkey, None))
    entry = decode_leaf(world.leaves[index]).statement
    fold.take(index, leaf_hash(world.leaves[index]), entry)
    (before,) = fold.states
    strange = bodies.Target(entry.sequence, leaf_hash(b"other"))
    for body in (bodies.EmbargoLifted(strange), bodies.EmbargoLifted(bodies.Target(9, strange.leaf_hash))):
        fold.take(index + 1, leaf_hash(b""), Statement("alpha", 1, START, body))
    fold.take(index + 1, leaf_hash(b""), Statement("beta", 1, START, bodies.EmbargoLifted(world.target(index))))
    assert list(fold.states) == [before]
    fold.take(index + 1, leaf_hash(b""), Statement("alpha", 1, START, bodies.EmbargoLifted(world.target(index))))
    (lifted,) = fold.states
    fold.take(index + 2, leaf_hash(b""), Statement("alpha", 2, START, bodies.EmbargoLifted(world.target(index))))
    assert list(fold.states) == [lifted]
    assert month_of(START) == MONTH
    assert disclosure().embargo is None
