"""Leaves are framed into batches by their seals, however they come."""

import pytest

from ledger.core.batch import MAX_BATCH
from ledger.core.framing import SEAL_TAG, Framer
from ledger.core.statement import decode_leaf
from tests.core.world import mixed, split_batches


@pytest.mark.parametrize("step", [1, 2, 3, 5, 100])
def test_batches_end_with_their_seals(step: int) -> None:
    """In pieces of any size, the same batches come out, and nothing is left."""
    leaves = mixed().leaves
    framer = Framer()
    found = [batch for at in range(0, len(leaves), step) for batch in framer.take(leaves[at : at + step])]
    assert [tuple(batch) for batch in found] == split_batches(leaves)
    assert framer.rest == []


def test_what_no_seal_ends_is_left() -> None:
    """The leaves after the last seal wait for theirs."""
    leaves = mixed().leaves
    framer = Framer()
    assert len(framer.take(leaves[:5])) == 4
    assert framer.rest == leaves[4:5]


def test_each_seal_has_the_tag() -> None:
    """The five bytes stand in every leaf with a seal; others may hold them by chance and end nothing."""
    leaves = mixed().leaves
    for data in leaves:
        assert (SEAL_TAG in data) == (decode_leaf(data).statement.seal is not None)


def test_a_leaf_with_the_bytes_but_no_seal_ends_nothing() -> None:
    """Only the decoder says whether there is a seal."""
    leaves = mixed().leaves
    chance = leaves[4].replace(leaves[4][-32:], SEAL_TAG + leaves[4][-27:])
    assert decode_leaf(chance).statement.seal is None
    framer = Framer()
    assert framer.take([chance]) == []
    assert framer.rest == [chance]


@pytest.mark.parametrize("cut", range(1, len(SEAL_TAG)))
def test_the_bytes_across_two_leaves_end_nothing(cut: int) -> None:
    """Where one leaf ends with some of them and the next begins with the others, neither has a seal."""
    framer = Framer()
    halves = [SEAL_TAG[:cut], SEAL_TAG[cut:]]
    assert framer.take(halves) == []
    assert framer.rest == halves
    assert framer.take([SEAL_TAG[:cut], SEAL_TAG, SEAL_TAG[cut:]]) == [[*halves, SEAL_TAG[:cut], SEAL_TAG]]
    assert framer.rest == [SEAL_TAG[cut:]]


def test_what_can_be_no_batch_comes_back_for_its_decoder() -> None:
    """Bytes with the tag that are no leaf end a batch, and so does one leaf more than a batch may have."""
    leaves = mixed().leaves
    framer = Framer()
    assert framer.take([leaves[4], SEAL_TAG]) == [[leaves[4], SEAL_TAG]]
    plain = [leaves[4]] * (MAX_BATCH + 1)
    assert framer.take(plain[:-1]) == []
    assert framer.take([leaves[4], leaves[4]]) == [plain]
    assert framer.rest == [leaves[4]]
    assert [len(batch) for batch in framer.take([*plain, leaves[0]])] == [MAX_BATCH + 1]
