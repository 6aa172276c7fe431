"""Two views of a log are one history, or the evidence that they are not convinces whoever has it."""

from collections.abc import Callable

import pytest

from ledger.audit.compare import NO_TILES, View, compare, first_difference, view_of
from ledger.core.errors import Unavailable, Uncheckable
from ledger.core.merkle import hash_leaves
from ledger.core.split import verify_split
from ledger.tiles.tree import VerifiedTree
from tests.audit.views import VKEY, bare, hash_files, tree
from tests.tiles.logs import LOG, Log
from tests.tiles.sources import Memory

Making = Callable[[Log, int], View]

SIZES = [(0, 0), (0, 5), (1, 1), (1, 700), (255, 256), (256, 257), (256, 256), (300, 700), (512, 700), (700, 700)]
WITH_THE_LARGER = {"two trees": (tree, tree), "the larger tree": (bare, tree)}


@pytest.mark.parametrize(("small", "large"), SIZES)
@pytest.mark.parametrize(("one", "other"), WITH_THE_LARGER.values(), ids=WITH_THE_LARGER)
def test_one_history_is_told_from_the_larger_tree(one: Making, other: Making, small: int, large: int) -> None:
    """The tiles of the larger tree are enough to see that it begins with the smaller, whichever is named first."""
    left, right = one(LOG, small), other(LOG, large)
    assert compare(left, right, VKEY) is None
    assert compare(right, left, VKEY) is None


FORKS = [(2, 1), (255, 254), (256, 1), (256, 255), (257, 256), (300, 255), (512, 300), (700, 1), (700, 699)]
"""Sizes, and where another history parts: no multiple of 7, at which the entries of these logs are the same."""


@pytest.mark.parametrize(("small", "fork"), FORKS)
@pytest.mark.parametrize("large", [700, 900])
def test_two_trees_name_the_first_leaf_that_differs(small: int, fork: int, large: int) -> None:
    """Where both sides have their tiles the evidence is the first leaf that differs, in both orders."""
    other = Log(fork=fork)
    for left, right in ((tree(LOG, small), tree(other, large)), (tree(other, large), tree(LOG, small))):
        evidence = compare(left, right, VKEY)
        assert evidence is not None
        proven = verify_split(evidence)
        assert (proven.kind, proven.index) == ("leaves", fork)
        sizes = {checkpoint.size for checkpoint in proven.checkpoints}
        assert sizes == {small, large}
        assert set(proven.hashes) == {hash_leaves(log.entries(fork, fork + 1))[0] for log in (LOG, other)}


@pytest.mark.parametrize(("small", "fork"), FORKS)
def test_the_larger_tree_alone_convicts(small: int, fork: int) -> None:
    """Against a bare checkpoint of a smaller tree, the larger one's tiles give the root that it begins with."""
    evidence = compare(bare(LOG, small), tree(Log(fork=fork), 900), VKEY)
    assert evidence is not None
    proven = verify_split(evidence)
    assert (proven.kind, [checkpoint.size for checkpoint in proven.checkpoints]) == ("prefixes", [small, 900])


BARE = {
    "two checkpoints": (bare, bare),
    "a checkpoint and a tree": (bare, tree),
    "a tree and a checkpoint": (tree, bare),
}


@pytest.mark.parametrize(("one", "other"), BARE.values(), ids=BARE)
def test_one_size_needs_no_tree(one: Making, other: Making) -> None:
    """Two checkpoints of one size are one history or evidence by themselves."""
    assert compare(one(LOG, 300), other(LOG, 300), VKEY) is None
    evidence = compare(one(LOG, 300), other(Log(fork=7), 300), VKEY)
    assert evidence is not None
    assert verify_split(evidence).kind == "roots"


def test_an_empty_tree_begins_every_other() -> None:
    """The empty tree needs nobody's tiles."""
    assert compare(bare(LOG, 300), bare(Log(fork=0), 0), VKEY) is None


UNCHECKABLE = {
    "two checkpoints of two sizes": (lambda: (bare(LOG, 5), bare(LOG, 9)), "neither side has the tree"),
    "two such of two histories": (lambda: (bare(LOG, 5), bare(Log(fork=0), 9)), "neither side has the tree"),
    "the smaller tree": (lambda: (tree(LOG, 5), bare(LOG, 9, "B")), f"B, the larger, {NO_TILES}"),
    "tiles that are missing": (
        lambda: (bare(LOG, 5), tree(LOG, 9, {"tile/0/000.p/9": b""}, "B")),
        "B, the larger, lacks its tiles (tile/0/000.p/9: missing, though the checkpoint covers it)",
    ),
    "tiles that are another's": (
        lambda: (bare(LOG, 5), tree(LOG, 9, {"tile/0/000.p/9": bytes(9 * 32)}, "B")),
        "B, the larger, lacks its tiles (tile/0/000.p/9: do not lead to the checkpoint's root)",
    ),
    "a full tile that is another's": (
        lambda: (bare(LOG, 5), tree(LOG, 700, {"tile/0/000": bytes(256 * 32)}, "B")),
        "B: tile/0/000: its hashes are not those of the tree",
    ),
    "two origins": (lambda: (bare(LOG, 5), bare(Log(origin="another"), 5)), "the two are of different origins"),
}


@pytest.mark.parametrize(("views", "message"), UNCHECKABLE.values(), ids=UNCHECKABLE)
def test_what_cannot_be_compared_says_why(views: Callable[[], tuple[View, View]], message: str) -> None:
    """What is not at hand, or does not hold, proves neither one history nor two."""
    with pytest.raises(Uncheckable) as error:
        compare(*views(), VKEY)
    assert str(error.value).startswith(f"could not be compared: {message}")


def test_a_tile_out_of_reach_is_no_evidence() -> None:
    """A full tile that is missing when it is needed leaves open what the two are."""
    with pytest.raises(Unavailable, match="tile/0/000: missing"):
        compare(bare(LOG, 5), tree(LOG, 700, {"tile/0/000": b""}), VKEY)


MISSING = {"missing": b"", "another's": bytes(256 * 32)}


@pytest.mark.parametrize("data", MISSING.values(), ids=MISSING)
@pytest.mark.parametrize(("small", "kind"), [(700, "prefixes"), (900, "roots")])
def test_who_withholds_a_leaf_is_convicted_all_the_same(small: int, kind: str, data: bytes) -> None:
    """Where the leaf that differs is not given, what the checkpoints show is the evidence."""
    other = tree(Log(fork=300), 900, {"tile/0/001": data})
    evidence = compare(tree(LOG, small), other, VKEY)
    assert evidence is not None
    assert verify_split(evidence).kind == kind


def test_the_search_reads_few_tiles_and_each_once() -> None:
    """To name a leaf of 66,000 the edge and one tile a level are read of each side, none twice, and no entries.

    The paths of the evidence need the neighbours of what was read, and nothing more.
    """
    size, fork = 66_000, 40_000
    sources = [Memory(hash_files(log, size)) for log in (LOG, Log(fork=fork))]
    left, right = (view_of("tree", source, VKEY) for source in sources)
    evidence = compare(left, right, VKEY)
    assert evidence is not None
    assert verify_split(evidence).index == fork
    for source in sources:
        assert len(source.asked) == len(set(source.asked))
        assert len(source.asked) <= 1 + 3 + 2


@pytest.mark.parametrize("fork", [1, 255, 256, 300, 510, 512, 701, 767, 768, 899])
def test_the_first_difference_is_the_lowest(fork: int) -> None:
    """Wherever the trees part, the index found is where they do, though all after it differs too."""
    small = VerifiedTree(Memory(LOG.files(900)), bare(LOG, 900).signed.checkpoint)
    large = VerifiedTree(Memory(Log(fork=fork).files(1300)), bare(Log(fork=fork), 1300).signed.checkpoint)
    assert first_difference(small, large) == fork
