"""How ``ledger embargo list`` puts an embargo in words."""

import pytest

from ledger.cli.embargo import _words
from ledger.core.bodies import Target
from ledger.core.embargoes import EmbargoState
from ledger.core.merkle import leaf_hash

HASH = leaf_hash(b"")
SAID = (Target(4, HASH), Target(7, HASH))


@pytest.mark.parametrize(
    ("lifted", "late", "corrections", "words"),
    [
        (0, False, (), "due in 3 months"),
        (0, True, (), "due in 3 months, once OVERDUE"),
        (0, False, SAID, "due in 3 months"),
        (9, False, (), "lifted by entry 9"),
        (9, True, (), "lifted by entry 9, once OVERDUE"),
        (9, False, SAID, "lifted by entry 9, but not of its corrections of sequence 4, 7: due in 3 months"),
    ],
)
def test_an_embargo_in_words(lifted: int, late: bool, corrections: tuple[Target, ...], words: str) -> None:
    """What is open is due; what was lifted names the lift, and the corrections that were not."""
    state = EmbargoState(2, "alpha", 1, HASH, 0, 103, 0, lifted, late, corrections)
    assert _words(state, 100) == words


@pytest.mark.parametrize(
    ("lifted", "words"),
    [(0, "OVERDUE"), (9, "lifted by entry 9, but not of its corrections of sequence 4, 7: OVERDUE")],
)
def test_an_overdue_embargo_in_words(lifted: int, words: str) -> None:
    """Also where only its corrections are left."""
    assert _words(EmbargoState(2, "alpha", 1, HASH, 0, 103, 0, lifted, False, SAID), 103) == words
