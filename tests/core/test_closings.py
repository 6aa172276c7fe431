"""Closings tile time and sequence, say what the chain holds, and are refused where they do not."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

import pytest

from ledger.core import bodies
from ledger.core.batch import decode_batch, sign_batch
from ledger.core.building import Prepared, prepare, prepare_closing, prepare_delivery
from ledger.core.closings import Book, Tally
from ledger.core.encoding import ZERO_HASH, Hash, sha256
from ledger.core.errors import InvalidInput, LedgerError, Refused, VerificationFailed
from ledger.core.inner import approve
from ledger.core.merkle import leaf_hash
from ledger.core.periods import WEEK, period_end, period_start
from tests.core.embargoed import HANDED, OFFICERS, gagged, with_officers
from tests.core.world import START, World, disclosure, replay

MONDAY = period_start(START, bodies.Period.WEEK)


def book(world: World) -> Book:
    """Return what alpha's next closing has to say."""
    return world.state.sources["alpha"].book


def closing(world: World, **changes: object) -> bodies.Closing:
    """Return alpha's next closing, changed."""
    said = book(world).next_closing(world.state.sources["alpha"].next_sequence)
    return replace(said, **changes)  # type: ignore[arg-type]  # a table of fields


def close(world: World, **changes: object) -> int:
    """Log alpha's next closing, changed, and return its index."""
    return world.say("alpha", prepare_closing(closing(world, **changes)))


def later(world: World, weeks: int = 1) -> None:
    """Let so many weeks pass."""
    world.minute += weeks * WEEK


def aborted(world: World, index: int) -> Prepared:
    """Return the DELIVERY that says that nothing was handed over."""
    return prepare_delivery(world.target(index), bodies.DeliveryResult.ABORTED, HANDED, world.entropy)


def late(world: World, start: int) -> Prepared:
    """Return a disclosure that names a closed period."""
    item = prepare(disclosure(), world.entropy)

    def say(digest: Hash, publish: object) -> bodies.Body:
        body = item.say(digest, ())
        assert isinstance(body, bodies.Disclosure)
        return replace(body, late_for=bodies.LateFor(start))

    return replace(item, say=say)


def counts(body: bodies.Closing) -> tuple[int, int, int, int]:
    """Return what a closing counts."""
    return body.disclosures.lo, body.aborted.lo, body.embargoed.lo, body.late.lo


def test_a_period_is_counted_as_it_was() -> None:
    """Disclosures, aborted, embargoed and late, of the period alone; the closing's own place is after it."""
    world = with_officers(threshold=1)
    first = world.disclose("alpha", disclosure(), disclosure())
    world.say("alpha", gagged(world), aborted(world, first))
    later(world)
    world.disclose("alpha")
    said = closing(world)
    assert counts(said) == (3, 1, 1, 0)
    assert (said.start, said.end) == (MONDAY, MONDAY + WEEK)
    assert (said.first_sequence, said.end_sequence, said.previous) == (0, 4, bytes(32))
    index = close(world)
    assert book(world).closing == leaf_hash(world.leaves[index])
    assert replay(world.leaves) == world.state


def test_zero_is_said_and_closings_tile() -> None:
    """Periods without a word are closed with zero, one after another, each naming the one before."""
    world = with_officers(threshold=0)
    later(world, 3)
    indexes = [close(world) for _ in range(3)]
    assert book(world).start == MONDAY + 3 * WEEK
    assert book(world).closing == leaf_hash(world.leaves[indexes[-1]])
    with pytest.raises(Refused, match="recorded_at: a period is closed once it is over"):
        close(world)
    later(world)
    said = closing(world)
    assert (counts(said), said.first_sequence, said.end_sequence) == ((0, 0, 0, 0), 0, 0 + 3)
    assert replay(world.leaves) == world.state


def test_late_ones_name_the_period_and_count_where_they_stand() -> None:
    """A disclosure for a closed period says which, counts in the period it is recorded in, and stays visible."""
    world = with_officers(threshold=0)
    later(world)
    close(world)
    world.say("alpha", late(world, MONDAY))
    later(world)
    assert counts(closing(world)) == (1, 0, 0, 1)
    close(world)
    assert replay(world.leaves) == world.state


def test_closings_and_what_they_count_fit_one_batch() -> None:
    """Statements before a closing in its own batch are part of the chain it closes; what is late may follow it."""
    world = with_officers(threshold=0)
    world.disclose("alpha")
    later(world, 2)
    after = book(world).next_closing(1)
    second = replace(
        after, start=after.end, end=after.end + WEEK, first_sequence=1, end_sequence=1, disclosures=bodies.Count(0, 0)
    )
    hashed = leaf_hash(world.built("alpha", prepare_closing(after), late(world, MONDAY)).statements[0])
    world.say("alpha", prepare_closing(after), late(world, MONDAY), prepare_closing(replace(second, previous=hashed)))
    assert book(world).start == MONDAY + 2 * WEEK
    assert book(world).tallies == (Tally(MONDAY + 2 * WEEK, 1, 1, 0, 0, 1),)
    assert replay(world.leaves) == world.state


def test_parts_count_once() -> None:
    """Of a handover's parts only the first is a disclosure."""
    world = with_officers(threshold=0)
    items = [prepare(disclosure(), world.entropy) for _ in range(3)]

    def part(item: Prepared, index: int) -> Prepared:
        def say(digest: Hash, publish: object) -> bodies.Body:
            body = item.say(digest, ())
            assert isinstance(body, bodies.Disclosure)
            return replace(body, part=bodies.Part(index, 3))

        return replace(item, say=say)

    world.say("alpha", *(part(item, index) for index, item in enumerate(items)))
    later(world)
    assert counts(closing(world)) == (1, 0, 0, 0)


def test_a_batch_over_the_end_of_a_period_is_counted_by_statement() -> None:
    """Statements of one batch belong to the periods of their own minutes."""
    world = with_officers(threshold=0)
    world.disclose("alpha", *(disclosure() for _ in range(5)))
    later(world)
    world.disclose("alpha", disclosure(), disclosure())
    assert [tally.counts for tally in book(world).tallies] == [(5, 0, 0, 0), (2, 0, 0, 0)]
    split = world.built_batch("alpha", *(prepare(disclosure(), world.entropy) for _ in range(3)))
    assert book(world).take(split).tallies[-1].disclosures == 5
    assert period_end(MONDAY, bodies.Period.WEEK) == MONDAY + WEEK


def test_a_batch_whose_minutes_lie_in_two_periods_is_counted_in_both() -> None:
    """What is said before the end of a period counts in it, what is said after it in the next."""
    world = with_officers(threshold=0)
    said = [leaf.statement for leaf in world.built_batch("alpha", *_disclosures(world, 3)).leaves]
    dated = [replace(said[0], recorded_at=START), *[replace(item, recorded_at=START + WEEK) for item in said[1:]]]
    leaves = sign_batch([replace(item, seal=None) for item in dated], world.binding("alpha"), sha256(b""), [])
    found = book(world).take(decode_batch(leaves))
    assert found.tallies == (Tally(MONDAY, 0, 1), Tally(MONDAY + WEEK, 1, 2))


def _disclosures(world: World, count: int) -> list[Prepared]:
    return [prepare(disclosure(), world.entropy) for _ in range(count)]


def test_a_closing_ends_where_the_next_period_begins() -> None:
    """Of several later periods in which something was said the earliest one bounds it."""
    world = with_officers(threshold=0)
    for count in (2, 3, 1):
        world.disclose("alpha", *[disclosure() for _ in range(count)])
        later(world)
    said = closing(world)
    assert (counts(said), said.first_sequence, said.end_sequence, said.mapped_through) == ((2, 0, 0, 0), 0, 2, 0)
    close(world)
    assert (closing(world).first_sequence, closing(world).end_sequence) == (2, 5)


def test_what_stands_beside_a_closing_does_not_hide_it() -> None:
    """A batch in which only one statement has to be taken in order is taken in order."""
    world = with_officers(threshold=0)
    first = world.disclose("alpha")
    with pytest.raises(Refused, match="late_for: names no closed period"):
        world.say("alpha", aborted(world, first), late(world, MONDAY))
    later(world)
    with pytest.raises(Refused, match="disclosures: does not hold what the chain has"):
        world.say("alpha", gagged(world), prepare_closing(closing(world, disclosures=bodies.Count(7, 7))))


def test_of_a_handover_the_first_part_counts() -> None:
    """Also where a period ends between its parts."""
    body = prepare(disclosure(), World.open().entropy).say(ZERO_HASH, ())
    assert isinstance(body, bodies.Disclosure)
    added = [Tally(0, 0).add(replace(body, part=bodies.Part(index, 3))).disclosures for index in range(3)]
    assert added == [1, 0, 0]


REFUSED: dict[str, tuple[dict[str, object], type[LedgerError], str]] = {
    "another start": ({"start": MONDAY + 1}, Refused, "start: the period to close next is"),
    "another end": ({"end": MONDAY + 2 * WEEK}, Refused, "start: the period to close next is"),
    "a gap in sequence": ({"first_sequence": 1}, Refused, "first_sequence: the period's statements are"),
    "too few sequences": ({"end_sequence": 1}, Refused, "first_sequence: the period's statements are"),
    "another predecessor": ({"previous": sha256(b"other")}, Refused, "previous: not the leaf hash of the previous"),
    "a disclosure forgotten": ({"disclosures": bodies.Count(1, 1)}, Refused, "disclosures: does not hold what"),
    "a band beside the truth": ({"disclosures": bodies.Count(3, 9)}, Refused, "disclosures: does not hold what"),
    "an abortion made up": ({"aborted": bodies.Count(1, 1)}, Refused, "aborted: does not hold what"),
    "an embargo hidden": ({"embargoed": bodies.Count(0, 0)}, Refused, "embargoed: does not hold what"),
    "a late one made up": ({"late": bodies.Count(2, 2)}, Refused, "late: does not hold what"),
    "mapped past its end": ({"mapped_through": 3}, InvalidInput, "mapped_through: must not exceed end_sequence"),
    "no officer's approval": (
        {"approvals": (bodies.Approval(1, sha256(b"nobody"), bytes(64)),)},
        VerificationFailed,
        "approvals: not by an officer of this source",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_closing_that_contradicts_the_chain_is_refused(name: str) -> None:
    """Whatever a closing says that the chain does not is refused by field, and nothing has changed."""
    world = with_officers(threshold=1)
    world.say("alpha", gagged(world), prepare(disclosure(), world.entropy))
    later(world)
    change, kind, message = REFUSED[name]
    before = deepcopy(world.state)
    with pytest.raises(kind, match=message):
        close(world, **change)
    assert world.state == before
    close(world)


def test_a_band_that_holds_the_truth_is_admitted() -> None:
    """Who may not say the number says bounds of it."""
    world = with_officers(threshold=0)
    world.disclose("alpha", disclosure(), disclosure())
    later(world)
    close(world, disclosures=bodies.Count(0, 499))
    assert replay(world.leaves) == world.state


def test_officers_countersign() -> None:
    """Approvals of officers are held against their keys; that there are too few is for reports to say."""
    world = with_officers(threshold=2)
    later(world)
    said = closing(world)
    world.say("alpha", prepare_closing(approve(world.log_id, said, OFFICERS[:1], "alpha")))
    later(world)
    close(world)
    assert replay(world.leaves) == world.state


@pytest.mark.parametrize("start", [MONDAY, MONDAY + 1, MONDAY - WEEK, MONDAY + WEEK], ids=str)
def test_what_is_late_for_no_closed_period_is_refused(start: int) -> None:
    """Only the first minute of a period that this source has closed can be named."""
    world = with_officers(threshold=0)
    if start != MONDAY:
        later(world)
        close(world)
    with pytest.raises(Refused, match="late_for: names no closed period of this source"):
        world.say("alpha", late(world, start))


def test_a_source_keeps_its_period() -> None:
    """A key change states grace and officers anew, and the same period."""
    world = with_officers(threshold=0)
    key = world.secrets["alpha"]
    change: Callable[[bodies.Period], bodies.SourceKeyChanged] = lambda period: replace(  # noqa: E731 -- one table
        world.key_change("alpha", key), closing_period=period
    )
    with pytest.raises(Refused, match="closing_period: stays as it was enrolled"):
        world.govern(change(bodies.Period.DAY))
