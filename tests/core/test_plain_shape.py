"""A plain DISCLOSURE is recognised by its one shape, and read so says what the parser says."""

from dataclasses import replace
from typing import Any

import pytest

from ledger.core import bodies
from ledger.core.batch import decode_batch
from ledger.core.encoding import sha256
from ledger.core.errors import InvalidInput
from ledger.core.rules import month_of
from ledger.core.shape import PlainShape, looks_plain
from ledger.core.statement import MAX_SEQUENCE, Statement, decode_leaf, encode_statement
from tests.core.embargoed import live
from tests.core.test_seal import signed
from tests.core.world import START, World, disclosure


def plain(count: int, **changes: Any) -> list[Statement]:
    """Return statements of which all but the last are plain disclosures of one minute."""
    body = bodies.Disclosure(sha256(b"slots"), sha256(b"payload"), sha256(b"keys"), 4, sha256(b"aggregates"))
    return [Statement("alpha", 126 + at, START, replace(body, **changes)) for at in range(count)]


@pytest.mark.parametrize("key_class", [4, 16, 64, 256])
def test_a_plain_disclosure_is_recognised_by_its_shape(key_class: int) -> None:
    """What is read without a parser says the same as what a parser reads; the largest class has another shape."""
    leaves = signed(plain(5, key_class=key_class))
    assert leaves[:-1] == tuple(encode_statement(said) for said in plain(5, key_class=key_class)[:-1])
    batch = decode_batch(leaves)
    assert [leaf.is_plain for leaf in batch.leaves] == [False, *[key_class < 256] * 3, False]
    for leaf, data in zip(batch.leaves, leaves, strict=True):
        parsed = decode_leaf(data)
        assert (leaf, leaf.roots, leaf.unsealed) == (parsed, parsed.roots, parsed.unsealed)
        assert leaf.statement == parsed.statement
        assert hash(leaf) == hash(parsed)


@pytest.mark.parametrize(
    "changes",
    [
        {"part": bodies.Part(0, 2)},
        {"embargo": bodies.Embargo(month_of(START) + 1)},
        {"late_for": bodies.LateFor(0)},
        {"openings": (bodies.SlotOpening(1, "", b"", b"", ()),)},
    ],
)
def test_what_more_a_disclosure_says_is_parsed(changes: dict[str, Any]) -> None:
    """A disclosure with an option has another shape and goes through the parser, rules and all."""
    shape = PlainShape("alpha", START)
    (said,) = plain(1, **changes)
    assert shape.read(encode_statement(said), said.sequence) is None
    assert isinstance(said.body, bodies.Disclosure)
    assert shape.write(said.sequence, said.body) is None


@pytest.mark.parametrize("sequence", [0, 1, 127, 128, 2**14 - 1, 2**14, 2**32, MAX_SEQUENCE])
@pytest.mark.parametrize("minute", [0, 1, 127, 128, START])
def test_shapes_at_any_place(sequence: int, minute: int) -> None:
    """A plain disclosure of any sequence and minute is recognised there, and nowhere else."""
    said = replace(plain(1)[0], sequence=sequence, recorded_at=minute)
    data = encode_statement(said)
    leaf = PlainShape("alpha", minute).read(data, sequence)
    assert leaf is not None
    assert isinstance(said.body, bodies.Disclosure)
    assert PlainShape("alpha", minute).write(sequence, said.body) == data
    assert leaf.statement == said
    assert PlainShape("alpha", minute + 1).read(data, sequence) is None
    assert PlainShape("beta", minute).read(data, sequence) is None
    assert PlainShape("alpha", minute).read(data, sequence + 1) is None


def test_every_change_of_a_plain_leaf_reads_alike() -> None:
    """Whatever bit of a plain leaf flips, the shape says nothing that the parser does not say."""
    (said,) = plain(1)
    data, shape = encode_statement(said), PlainShape("alpha", START)
    read = 0
    for bit in range(8 * len(data)):
        changed = data[: bit // 8] + bytes((data[bit // 8] ^ 1 << bit % 8,)) + data[bit // 8 + 1 :]
        leaf = shape.read(changed, said.sequence)
        if leaf is not None:
            parsed = decode_leaf(changed)
            assert (leaf.roots, leaf.statement) == (parsed.roots, parsed.statement)
            read += 1
    assert read == 8 * 32 * 4  # the four hashes
    assert shape.read(data + b"\x00", said.sequence) is None
    assert all(shape.read(data[:size], said.sequence) is None for size in range(len(data)))


def test_time_that_goes_back_behind_a_plain_disclosure_is_refused() -> None:
    """A plain disclosure of the first minute after a later one is out of order, by its shape or not."""
    first, second, third, last = plain(4)
    with pytest.raises(InvalidInput, match="recorded_at: must not decrease within the batch"):
        decode_batch(signed([first, replace(second, recorded_at=START + 1), third, last]))


def test_a_part_among_plain_disclosures_is_refused() -> None:
    """Parts stand in a row also where plain disclosures surround one."""
    first, _, third = plain(3)
    part = plain(2, part=bodies.Part(0, 2))[1]
    with pytest.raises(InvalidInput, match="part: a handover's parts stand in a row"):
        decode_batch(signed([first, part, third]))


def test_what_looks_plain_refers_to_nothing() -> None:
    """A look at a leaf is enough to leave out plain disclosures; nothing that refers to another looks like one."""
    world = World.open()
    world.enrol("alpha")
    world.add_auditor("one")
    live(world, "alpha", "one")
    world.disclose("alpha", *(disclosure() for _ in range(200)))
    for data in world.leaves:
        leaf = decode_leaf(data)
        body, seal = leaf.statement.body, leaf.statement.seal
        plain = isinstance(body, bodies.Disclosure) and body.embargo is None and seal is None
        assert looks_plain(data) == plain
        assert not looks_plain(data + b"\x00")
