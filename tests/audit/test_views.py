"""A view is what the log signed and what a receipt or a log's files show under it, or it is none."""

from dataclasses import replace

import pytest

from ledger.audit.compare import compare, key_in, view_of
from ledger.core.errors import Unavailable, Uncheckable
from ledger.core.merkle import leaf_hash
from ledger.core.note import SigningKey
from ledger.core.split import verify_split
from tests.audit.views import VKEY, OfWorld, bare, parted, proof, tree
from tests.core.world import mixed, secret
from tests.tiles.logs import LOG, ORIGIN, Log
from tests.tiles.sources import Memory

HERE, THERE = parted()
SIZE = mixed().size
"""How many entries both have before they part."""
LOG_KEY = HERE.vkey


def test_a_receipt_shows_its_leaves() -> None:
    """The entry, the opening of the log and the key statement are proven by a receipt, and nothing else."""
    view = view_of("receipt", HERE.receipt(SIZE), LOG_KEY)
    shown = {0, SIZE, HERE.receipt_extra(SIZE).key_statement_index}
    assert set(view.leaves) == shown
    assert len(shown) == 3
    for index in shown:
        leaf = view.leaf(index)
        assert leaf is not None
        assert leaf.hash == leaf_hash(HERE.leaves[index])
    assert view.leaf(1 + SIZE) is None


def test_the_receipt_of_the_first_entry_is_a_view() -> None:
    """The receipt of LOG_OPENED has no key statement, and shows one leaf."""
    assert set(view_of("receipt", HERE.receipt(0), LOG_KEY).leaves) == {0}


def test_a_proof_that_is_no_receipt_is_its_checkpoint() -> None:
    """A tlog-proof without our extra data is compared by what the log signed."""
    for extra in (b"", b"another's"):
        view = view_of("proof", proof(LOG, 3, 9, extra), VKEY)
        assert (view.leaves, view.tree) == ({}, None)
        assert compare(view, tree(LOG, 700), VKEY) is None


def test_receipts_of_one_entry_convict_without_any_tree() -> None:
    """Two receipts of one index, under trees of two sizes, are evidence when they are of two entries."""
    one, other = (world.receipt(SIZE, size) for world, size in ((HERE, SIZE + 2), (THERE, SIZE + 1)))
    evidence = compare(view_of("one", one, LOG_KEY), view_of("other", other, LOG_KEY), LOG_KEY)
    assert evidence is not None
    proven = verify_split(evidence)
    assert (proven.kind, proven.index) == ("leaves", SIZE)
    assert set(proven.hashes) == {leaf_hash(HERE.leaves[SIZE]), leaf_hash(THERE.leaves[SIZE])}


@pytest.mark.parametrize("more", [1, 2])
def test_a_receipt_is_held_against_a_smaller_tree(more: int) -> None:
    """A receipt under a larger tree convicts the log whose smaller tree has another entry there."""
    files = OfWorld.of(THERE).files(SIZE + 1)
    receipt = view_of("receipt", HERE.receipt(SIZE, SIZE + more), LOG_KEY)
    evidence = compare(receipt, view_of("tree", Memory(files), LOG_KEY), LOG_KEY)
    assert evidence is not None
    assert (verify_split(evidence).kind, verify_split(evidence).index) == ("leaves", SIZE)


def test_a_receipt_is_held_against_a_larger_tree() -> None:
    """A receipt under a smaller tree convicts the log whose larger tree has another entry there, and names it."""
    receipt = view_of("receipt", HERE.receipt(SIZE, SIZE + 1), LOG_KEY)
    evidence = compare(receipt, view_of("tree", Memory(OfWorld.of(THERE).files(THERE.size)), LOG_KEY), LOG_KEY)
    assert evidence is not None
    assert (verify_split(evidence).kind, verify_split(evidence).index) == ("leaves", SIZE)
    honest = view_of("tree", Memory(OfWorld.of(HERE).files(HERE.size)), LOG_KEY)
    assert compare(receipt, honest, LOG_KEY) is None


def test_receipts_of_other_entries_leave_it_open() -> None:
    """Two receipts that have no differing entry in common do not show whether the larger tree extends the smaller."""
    one, other = HERE.receipt(1, SIZE), THERE.receipt(SIZE, SIZE + 1)
    with pytest.raises(Uncheckable, match=r"^could not be compared: neither side has the tree$"):
        compare(view_of("one", one, LOG_KEY), view_of("other", other, LOG_KEY), LOG_KEY)


def test_the_key_in_a_receipt() -> None:
    """A receipt names the key that its log opened with; nothing else names one."""
    assert key_in(HERE.receipt(SIZE)) == LOG_KEY
    for raw in (LOG.note(5), proof(LOG, 3, 9), b"", HERE.receipt(3)[:90]):
        assert key_in(raw) is None


def test_the_key_is_read_from_an_opening_alone() -> None:
    """Where another statement stands for LOG_OPENED, there is no key."""
    swapped = replace(HERE.receipt_extra(3), log_opened=HERE.leaves[1])
    assert key_in(proof(LOG, 3, 9, swapped.encode())) is None


NO_VIEW = {
    "nothing": (b"", "A: note: without a blank line"),
    "a page for people": (b"<html>", "A: note: without a blank line"),
    "a note that is no checkpoint": (LOG.note(5).replace(b"\n5\n", b"\nfive\n"), "A: checkpoint size: "),
    "a changed size": (LOG.note(5).replace(b"\n5\n", b"\n6\n"), "A: signature line: "),
    "another log's checkpoint": (Log(key=SigningKey("x", secret("x"))).note(5), "A: note: no signature by a known key"),
    "a namesake's checkpoint": (Log(key=SigningKey(ORIGIN, secret("x"))).note(5), "A: note: no signature by a known"),
    "a cut proof": (proof(LOG, 3, 9)[:40], "A: proof: "),
    "another log's receipt": (HERE.receipt(3), "A: note: no signature by a known key"),
}


@pytest.mark.parametrize(("raw", "message"), NO_VIEW.values(), ids=NO_VIEW)
def test_what_is_no_view_cannot_be_checked(raw: bytes, message: str) -> None:
    """What the log did not sign proves nothing for it or against it, from a file or a log's files."""
    for given in (raw, Memory({"checkpoint": raw})):
        with pytest.raises(Uncheckable) as error:
            view_of("A", given, VKEY)
        assert str(error.value).startswith(message if isinstance(given, bytes) else "A: ")


def test_a_receipt_with_a_broken_path_is_no_view() -> None:
    """A receipt whose entry is not under its checkpoint cannot be held against anything."""
    receipt = HERE.receipt(SIZE)
    wrong = receipt.replace(f"\nindex {SIZE}\n".encode(), f"\nindex {SIZE - 1}\n".encode())
    with pytest.raises(Uncheckable, match=r"^A: inclusion: "):
        view_of("A", wrong, LOG_KEY)


def test_no_log_there_is_told() -> None:
    """A place without a checkpoint is no log's."""
    with pytest.raises(Unavailable, match=r"^A: has no checkpoint; is this where a log is\?$"):
        view_of("A", Memory({}), VKEY)


def test_the_origin_need_not_be_the_keys_name() -> None:
    """Two views of one origin are compared, whatever the key is called."""
    log = Log(origin="another name")
    assert compare(bare(log, 5), tree(log, 9), VKEY) is None
