"""What a source, and the ledger, may say of an earlier entry, and what that comes to."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace

import pytest

from ledger.core import bodies
from ledger.core.batch import Batch, decode_batch, sign_batch
from ledger.core.building import Prepared, prepare
from ledger.core.encoding import Hash, sha256
from ledger.core.errors import InvalidInput, LedgerError, Refused, VerificationFailed
from ledger.core.life import Life, Lives, Officers, target_of
from ledger.core.rules import MAX_EMBARGO_MONTHS
from ledger.core.statement import Statement, decode_leaf
from tests.core.embargoed import (
    HANDED,
    MONTH,
    amendment,
    correction,
    delivery,
    extension,
    gagged,
    lift,
    with_officers,
)
from tests.core.world import World, disclosure, replay

OPEN, GAGGED, PART = 3, 4, 6
"""Entries of every log here: one without embargo, one under embargo, the second part of a handover."""


def started() -> World:
    """Return a log with an open disclosure, one under embargo, and a handover of two parts."""
    world = with_officers(threshold=2)
    assert world.disclose("alpha") == OPEN
    assert world.say("alpha", gagged(world)) == GAGGED
    parts = [_part(item, at) for at, item in enumerate((_open(world), _open(world)))]
    assert world.say("alpha", *parts) == PART - 1
    return world


def _open(world: World) -> Prepared:
    return prepare(disclosure(), world.entropy)


def _part(item: Prepared, index: int) -> Prepared:
    def say(digest: Hash, publish: Sequence[str]) -> bodies.Body:
        body = item.say(digest, publish)
        assert isinstance(body, bodies.Disclosure)
        return replace(body, part=bodies.Part(index, 2))

    return replace(item, say=say)


def _approved_for_less(world: World) -> Prepared:
    """Return an extension by two months that an officer approved as one by a month."""
    less = extension(world, GAGGED, 1, MONTH + 4, officers=1)

    def say(digest: Hash, publish: Sequence[str]) -> bodies.Body:
        body = less.say(digest, publish)
        assert isinstance(body, bodies.EmbargoExtended)
        return replace(body, until=MONTH + 5)

    return replace(less, say=say)


def life(world: World, index: int) -> Life:
    """Return what an entry has come to."""
    statement = decode_leaf(world.leaves[index]).statement
    found = world.lives.find(statement.source_id, statement.sequence)
    assert found is not None
    return found


def refuse(world: World, kind: type[LedgerError], message: str, *said: Prepared) -> None:
    """Raise unless the batch is refused with these words and nothing has changed."""
    before = deepcopy(world.state), deepcopy(world.lives)
    with pytest.raises(kind, match=message):
        world.say("alpha", *said)
    assert (world.state, world.lives._lives) == (before[0], before[1]._lives)


def test_an_entry_that_nothing_refers_to_is_what_its_leaf_says() -> None:
    """Until somebody says more, only an embargo of its own is known of an entry."""
    world = started()
    assert life(world, OPEN).told == (0, 0, 0, 0, 0)
    assert life(world, GAGGED).told == (MONTH + 3, 0, 0, 0, 0)
    assert not life(world, OPEN).withheld
    assert life(world, GAGGED).withheld


def test_a_life_that_nothing_is_known_of_is_empty() -> None:
    """Without an embargo nothing is withheld, and an embargo to the first month after the epoch's withholds."""
    statement = decode_leaf(started().leaves[OPEN]).statement
    empty = Life(OPEN, sha256(b""), statement.body)
    assert empty.told == (0, 0, 0, 0, 0)
    assert not empty.withheld
    assert replace(empty, until=1).withheld
    assert (Officers().keys, Officers().threshold) == ((), 0)


def test_an_entry_stands_where_it_was_logged() -> None:
    """Each entry of a batch has its own index, and the first part of a handover is delivered for all of them."""
    world = started()
    assert [life(world, index).index for index in (OPEN, GAGGED, PART - 1, PART)] == [OPEN, GAGGED, PART - 1, PART]
    delivered = world.say("alpha", delivery(world, PART - 1))
    assert life(world, PART - 1).delivery == delivered


def test_an_entry_of_the_same_batch_stands_where_it_is_said() -> None:
    """What a batch says of its own second entry is of the index that this entry gets."""
    world = started()
    said = [leaf.statement for leaf in world.built_batch("alpha", *[_open(world) for _ in range(3)]).leaves]

    def batch(target: bodies.Target) -> Batch:
        body = bodies.Delivery(target, _DELIVERED, sha256(b""), sha256(b""))
        last = replace(said[2], body=body, seal=None)
        return decode_batch(sign_batch([*said[:2], last], world.binding("alpha"), sha256(b""), []))

    second = bodies.Target(said[1].sequence, sha256(b""))
    second = replace(second, leaf_hash=batch(second).leaf_hashes[1])
    found = world.state.follow(batch(second), world.lives.find)["alpha", second.sequence]
    assert (found.index, found.delivery) == (world.size + 1, world.size + 2)


def test_a_whole_life_is_told_by_its_statements() -> None:
    """Extended, lifted, delivered, corrected and erased: each names the statement that says so; a replay agrees."""
    world = started()
    extended = world.say("alpha", extension(world, GAGGED, 1, MONTH + 30))
    assert life(world, GAGGED).told == (MONTH + 30, 1, 0, 0, 0)
    delivered = world.say("alpha", delivery(world, GAGGED))
    lifted = world.say("alpha", lift(world, GAGGED))
    corrected = world.say("alpha", correction(world, GAGGED))
    erased = world.govern(world.erasure(GAGGED))
    assert life(world, GAGGED).told == (MONTH + 30, 1, lifted, delivered, erased)
    assert [life(world, index).told for index in (extended, delivered, lifted, corrected)] == [(0, 0, 0, 0, 0)] * 4
    assert replay(world.leaves) == world.state


def test_statements_of_one_batch_may_refer_to_each_other() -> None:
    """A disclosure, its delivery and a correction of that fit one batch; in another order they do not."""
    world = started()
    sequence = world.state.source("alpha").next_sequence
    first = world.size
    alone = world.submission("alpha", disclosure())
    target = bodies.Target(sequence, sha256(b"\x00" + alone.statements[0]))
    early = replace(delivery(world, OPEN), say=lambda digest, _: bodies.Delivery(target, _DELIVERED, digest, digest))
    refuse(world, Refused, "target: no earlier statement", early)
    refuse(world, Refused, "target.leaf_hash: not the one", _open(world), early)
    assert world.say("alpha", delivery(world, OPEN), correction(world, OPEN)) == first
    assert life(world, OPEN).delivery == first


_DELIVERED = bodies.DeliveryResult.DELIVERED

REFUSED: dict[str, tuple[Callable[[World], Prepared], type[LedgerError], str]] = {
    "a delivery of a delivery": (
        lambda world: delivery(world, world.say("alpha", delivery(world, OPEN))),
        Refused,
        "target: a DELIVERY names a DISCLOSURE",
    ),
    "a second delivery": (
        lambda world: (world.say("alpha", delivery(world, OPEN)), delivery(world, OPEN))[1],
        Refused,
        "target: has a DELIVERY, entry 7",
    ),
    "a delivery of a second part": (
        lambda world: delivery(world, PART),
        Refused,
        "target: a DELIVERY names the first part",
    ),
    "a target of another source": (lambda world: delivery(world, 2), Refused, "target.leaf_hash: not the one"),
    "a target that never was": (
        lambda world: replace(
            delivery(world, OPEN),
            say=lambda digest, _: bodies.Delivery(bodies.Target(99, sha256(b"")), _DELIVERED, digest, digest),
        ),
        Refused,
        "target: no earlier statement",
    ),
    "a correction of a correction": (
        lambda world: correction(world, world.say("alpha", correction(world, OPEN))),
        Refused,
        "target: a CORRECTION names a DISCLOSURE, DELIVERY or",
    ),
    "a correction with keys of a delivery": (
        lambda world: correction(world, world.say("alpha", delivery(world, OPEN))),
        InvalidInput,
        "keys_root: stands in the CORRECTION of a DISCLOSURE",
    ),
    "a correction without keys of a disclosure": (
        lambda world: amendment(world, OPEN),
        InvalidInput,
        "keys_root: stands in",
    ),
    "a correction whose keys travel under an embargo": (
        lambda world: correction(world, GAGGED),
        InvalidInput,
        "keys: travel with",
    ),
    "a correction whose keys stay at home": (
        lambda world: correction(world, OPEN, withheld=True),
        InvalidInput,
        "keys: travel with",
    ),
    "a lift of an open disclosure": (lambda world: lift(world, OPEN), Refused, "target: is under no embargo"),
    "a second lift": (
        lambda world: (world.say("alpha", lift(world, GAGGED)), lift(world, GAGGED))[1],
        Refused,
        "target: is under no embargo, or that was lifted",
    ),
    "a lift with another's keys": (
        lambda world: replace(
            lift(world, GAGGED), keys=lift(world, OPEN).keys, commitments=lift(world, OPEN).commitments
        ),
        InvalidInput,
        "keys: must give the keys root",
    ),
    "an extension of an open disclosure": (
        lambda world: extension(world, OPEN, 1, MONTH + 4),
        Refused,
        "target: is no DISCLOSURE under embargo",
    ),
    "an extension out of turn": (
        lambda world: extension(world, GAGGED, 2, MONTH + 4),
        Refused,
        "number: the next extension of this embargo is number 1",
    ),
    "an extension to the same month": (
        lambda world: extension(world, GAGGED, 1, MONTH + 3),
        InvalidInput,
        "until: must be 1 to 36 months after",
    ),
    "an extension past its cap": (
        lambda world: extension(world, GAGGED, 1, MONTH + 3 + MAX_EMBARGO_MONTHS + 1),
        InvalidInput,
        "until: must be 1 to 36 months after",
    ),
    "an extension approved by a stranger": (
        lambda world: _approved_for_less(world),
        VerificationFailed,
        "approvals: ",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_its_target_is_refused(name: str) -> None:
    """A statement about another that may not be said is refused with the reason, and the log stays as it is."""
    world = started()
    make, kind, message = REFUSED[name]
    refuse(world, kind, message, make(world))


def test_the_third_extension_needs_officers() -> None:
    """Two extensions are the source's own to say; the third needs as many officers as its enrolment says."""
    world = started()
    for number in (1, 2):
        world.say("alpha", extension(world, GAGGED, number, MONTH + 3 + number))
    refuse(world, Refused, "approvals: 2 are needed", extension(world, GAGGED, 3, MONTH + 6, officers=1))
    world.say("alpha", extension(world, GAGGED, 3, MONTH + 6, officers=2))
    assert life(world, GAGGED).told[:2] == (MONTH + 6, 3)
    assert replay(world.leaves) == world.state


def test_a_source_without_officers_cannot_extend_a_third_time() -> None:
    """Where enrolment names none, no third extension can be approved, and a stranger's approval is none."""
    world = with_officers(threshold=0)
    world.disclose("alpha")
    assert world.say("alpha", gagged(world)) == GAGGED
    for number in (1, 2):
        world.say("alpha", extension(world, GAGGED, number, MONTH + 3 + number))
    refuse(world, Refused, "approvals: 1 are needed", extension(world, GAGGED, 3, MONTH + 6))
    world.change_key("alpha")  # the change names no officers
    refuse(world, VerificationFailed, "not by an officer of this source", extension(world, GAGGED, 3, MONTH + 6, 1))


def test_a_correction_inherits_an_embargo() -> None:
    """Its keys stay with the source until it is lifted itself, which is only possible once its target is."""
    world = started()
    corrected = world.say("alpha", correction(world, GAGGED, withheld=True))
    assert life(world, corrected).told == (MONTH + 3, 0, 0, 0, 0)
    refuse(world, Refused, "target: the DISCLOSURE that it corrects is lifted first", lift(world, corrected))
    refuse(world, Refused, "target: is no DISCLOSURE under embargo", extension(world, corrected, 1, MONTH + 4))
    world.say("alpha", lift(world, GAGGED), lift(world, corrected))
    assert not life(world, corrected).withheld
    assert replay(world.leaves) == world.state


def test_each_correction_of_a_batch_inherits() -> None:
    """Two corrections that stand in one batch are two entries under the embargo."""
    world = started()
    first = world.say("alpha", *[correction(world, GAGGED, withheld=True) for _ in range(2)])
    for index in (first, first + 1):
        assert (life(world, index).index, life(world, index).told) == (index, (MONTH + 3, 0, 0, 0, 0))


def test_an_extension_may_reach_as_far_as_its_cap() -> None:
    """36 months after the end that it extends is the last month that it may name."""
    world = started()
    world.say("alpha", extension(world, GAGGED, 1, MONTH + 3 + MAX_EMBARGO_MONTHS))
    assert life(world, GAGGED).until == MONTH + 3 + MAX_EMBARGO_MONTHS


def test_deliveries_and_extensions_are_corrected_without_keys() -> None:
    """What a DELIVERY or EMBARGO_EXTENDED says is corrected by fields alone, and changes no life."""
    world = started()
    said = [world.say("alpha", delivery(world, OPEN)), world.say("alpha", extension(world, GAGGED, 1, MONTH + 9))]
    told = [life(world, index).told for index in said]
    for index in said:
        world.say("alpha", amendment(world, index))
    assert [life(world, index).told for index in said] == told
    assert HANDED.to_json_object() == {"produced_at": "2025-11-25T10:00:00.000Z"}


def test_what_is_erased_is_not_corrected() -> None:
    """A correction would bring back what an erasure took away."""
    world = started()
    erased = world.govern(world.erasure(OPEN))
    refuse(world, Refused, f"target: erased by entry {erased}", correction(world, OPEN))
    world.say("alpha", delivery(world, OPEN))


def _erase(world: World, erasure: bodies.Erasure) -> None:
    world.govern(erasure)


def test_what_cannot_be_erased() -> None:
    """Nothing under embargo, nothing that hangs on it, nothing twice, nothing without a payload, nothing unknown."""
    world = started()
    delivered = world.say("alpha", delivery(world, GAGGED))
    lifted_later = world.say("alpha", correction(world, GAGGED, withheld=True))
    for index in (GAGGED, delivered, lifted_later):
        with pytest.raises(Refused, match="target: is under embargo"):
            _erase(world, world.erasure(index))
    lifted = world.say("alpha", lift(world, GAGGED))
    with pytest.raises(Refused, match="target: is under embargo"):
        _erase(world, world.erasure(lifted_later))
    with pytest.raises(Refused, match="target: has no payload"):
        _erase(world, world.erasure(lifted))
    for index in (GAGGED, delivered):
        _erase(world, world.erasure(index))
        with pytest.raises(Refused, match="target: erased by entry"):
            _erase(world, world.erasure(index))
    with pytest.raises(Refused, match="target: no earlier statement"):
        _erase(world, bodies.Erasure(0, "alpha", bodies.Target(99, sha256(b"")), "Art. 17"))
    with pytest.raises(Refused, match=r"target\.leaf_hash: not the one"):
        _erase(world, bodies.Erasure(0, "alpha", bodies.Target(0, sha256(b"")), "Art. 17"))
    assert replay(world.leaves) == world.state


def test_who_replays_leaves_alone_sees_no_keys() -> None:
    """Leaves do not tell what travelled, so that a lift is taken from them as it is."""
    world = started()
    placed = world.placed[-1]
    with pytest.raises(InvalidInput, match="keys: must give"):
        world.state.follow(world.built_batch("alpha", lift(world, GAGGED)), world.lives.find, {})
    assert world.state.follow(world.built_batch("alpha", lift(world, GAGGED)), world.lives.find)
    assert world.state.follow(placed.batch, Lives().find) == {}


def test_what_a_statement_refers_to() -> None:
    """An ERASURE names another source's entry, a DELIVERY one of its own, a disclosure none."""
    world = started()
    erasure = Statement("ledger", 9, 0, world.erasure(OPEN))
    assert target_of(erasure) == (("alpha", 0), world.target(OPEN))
    assert target_of(decode_leaf(world.leaves[OPEN]).statement) is None
