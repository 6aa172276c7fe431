"""What leaves and payloads tell by their shape: which class, and nothing within a class."""

from dataclasses import replace
from itertools import pairwise
from typing import cast

import pytest

from ledger.core import bodies
from ledger.core.building import prepare
from ledger.core.lookup_keys import LookupKey
from ledger.core.sealed import CLASSES, HEADER_SIZE
from ledger.core.statement import decode_leaf
from tests.core.embargoed import MONTH, ORDER, gagged
from tests.core.test_record import FULL
from tests.core.world import RECORD, World, disclosure


def begun() -> World:
    """Return a log with a source and an auditor."""
    world = World.open()
    world.enrol("alpha")
    world.add_auditor("one")
    world.disclose("alpha")  # a sequence of 0 is written by leaving it out
    return world


def keys(count: int, length: int = 6) -> tuple[LookupKey, ...]:
    """Return so many account keys of a length."""
    return tuple(LookupKey("account", f"{number:0{length}}".encode()) for number in range(count))


def shape(leaf: bytes) -> list[tuple[int, int]]:
    """Return field numbers and lengths of a leaf's body, which is all that anybody sees of it besides hashes."""
    body = cast(bodies.Disclosure, decode_leaf(leaf).statement.body)
    numbers = (body.slots_root, body.payload_digest, body.keys_root, body.aggregates_root)
    return [(body.key_class, len(leaf)), *((number, len(value)) for number, value in enumerate(numbers))]


RECORDS = [
    disclosure(),
    disclosure(**{**FULL, "notes": "x" * 4000}),
    disclosure(*keys(1)),
    disclosure(*keys(4, length=200)),
]


def test_leaves_of_one_class_differ_in_no_visible_shape() -> None:
    """One key or four, the least record or the fullest: leaves of one class have the same fields and lengths."""
    world = begun()
    first = world.disclose("alpha", *RECORDS, disclosure())
    shapes = [shape(leaf) for leaf in world.leaves[first : first + len(RECORDS)]]
    assert all(one == other for one, other in pairwise(shapes))
    hashes = [leaf[-136:] for leaf in world.leaves[first : first + len(RECORDS)]]
    assert len(set(hashes)) == len(hashes)


def test_an_embargo_shows_its_month_and_nothing_else() -> None:
    """Two embargoed disclosures of one class and month differ in hashes alone."""
    world = begun()
    first = world.say("alpha", gagged(world), gagged(world, keys=()), gagged(world))
    shapes = [shape(leaf) for leaf in world.leaves[first : first + 2]]
    assert shapes[0] == shapes[1]
    body = decode_leaf(world.leaves[first]).statement.body
    assert isinstance(body, bodies.Disclosure)
    assert body.embargo == bodies.Embargo(MONTH + 3)
    assert body.openings == ()


@pytest.mark.parametrize(("count", "size"), [(0, 4), (1, 4), (4, 4), (5, 16), (17, 64), (65, 256), (256, 256)])
def test_the_number_of_keys_shows_as_a_class(count: int, size: int) -> None:
    """A reader learns which of four classes the number of keys falls into."""
    world = begun()
    first = world.disclose("alpha", disclosure(*keys(count)), disclosure())
    assert shape(world.leaves[first])[0][0] == size


def test_sizes_of_payloads_show_as_classes() -> None:
    """Whatever a record says, its payload is the header and one of ten sizes, far fewer than there are records."""
    world = begun()
    long = [disclosure(**{**RECORD, "notes": "x" * (count % 4000)}) for count in range(0, 4000, 250)]
    submission = world.submission("alpha", *RECORDS, *long)
    sizes = {len(item.payload) - HEADER_SIZE for item in submission.attachments}
    assert sizes <= set(CLASSES)
    assert len(sizes) < len(long)


def test_what_leaves_tell_is_counted_and_dated_by_source() -> None:
    """Anyone sees how many disclosures which source recorded in which minute, and in what order."""
    world = begun()
    world.enrol("beta")
    world.disclose("alpha", disclosure(), disclosure())
    world.minute += 3
    world.disclose("beta")
    seen = [decode_leaf(leaf).statement for leaf in world.leaves]
    told = [(said.source_id, said.sequence, said.recorded_at) for said in seen if said.source_id != "ledger"]
    start = world.minute - 3
    assert told == [("alpha", 0, start), ("alpha", 1, start), ("alpha", 2, start), ("beta", 0, start + 3)]


def test_public_openings_and_an_embargo_exclude_each_other() -> None:
    """A policy that makes fields public reaches no embargoed disclosure."""
    world = begun()
    item = replace(disclosure(**ORDER), embargo=MONTH + 1)
    body = prepare(item, world.entropy).say(world.log_id, ("authority_country",))
    assert isinstance(body, bodies.Disclosure)
    assert body.openings == ()
    open_body = prepare(disclosure(), world.entropy).say(world.log_id, ("authority_country",))
    assert isinstance(open_body, bodies.Disclosure)
    assert [opening.value for opening in open_body.openings] == [b'"NO"']
