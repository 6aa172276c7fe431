"""The operator rewrites, reorders or drops what is logged, and signs everything anew with the log's own keys."""

from collections.abc import Iterator
from typing import Final

import pytest

from tests.scenarios.stage import EARLY, FIRST, Stage, fresh, sign_anew

AT: Final = FIRST + 1
"""The entry that it is about, which a receipt, the mirror and the reader have seen."""


def rewritten(leaves: list[bytes]) -> list[bytes]:
    """Return the log with another word in an entry."""
    changed = bytearray(leaves[AT])
    changed[len(changed) // 2] ^= 1
    return [*leaves[:AT], bytes(changed), *leaves[AT + 1 :]]


def reordered(leaves: list[bytes]) -> list[bytes]:
    """Return the log with two entries in each other's place."""
    return [*leaves[:AT], leaves[AT + 1], leaves[AT], *leaves[AT + 2 :]]


def dropped(leaves: list[bytes]) -> list[bytes]:
    """Return the log without the entry, and still larger than anybody has seen it."""
    return leaves[:AT] + leaves[AT + 1 :]


ACTS: Final = {"rewritten": rewritten, "reordered": reordered, "dropped": dropped}


@pytest.fixture(scope="module", params=ACTS)
def evil(request: pytest.FixtureRequest, whole: Stage) -> Iterator[Stage]:
    """A ledger that says that its history was always another one, and its static files in ``tiles``."""
    with fresh(whole) as found:
        sign_anew(found.ledger, ACTS[str(request.param)])
        found.exported("tiles")
        yield found


def test_a_mirror_of_before_convicts(evil: Stage) -> None:
    """It refuses to go on, keeps both checkpoints, and evidence that convinces whoever has nothing else."""
    error = evil.call("ledger", "mirror", "tiles", "mirror", "--log", "led/log.vkey", code=1).error
    assert f"does not extend that of {EARLY}: the log has two histories; kept in " in error
    evidence = evil.path("mirror.evidence") / error.rpartition(", ")[2]
    assert "signed two histories" in evil.convicts(evidence, key=False)


def test_an_old_receipt_convicts(evil: Stage) -> None:
    """Whoever holds a receipt of before compares it with what is published, and needs no help of anybody."""
    receipt = f"receipts/alpha-{AT - FIRST}.tlog-proof"
    ran = evil.call("ledger", "compare", receipt, "tiles", "--log", "led/log.vkey", "-o", "old.split", code=1)
    assert "signed two histories: " in ran.stdout
    assert "signed two histories" in evil.convicts(evil.path("old.split"))


def test_a_reader_that_remembers_refuses(evil: Stage) -> None:
    """A member of the public who read the log once is shown nothing of another history."""
    with evil.served():
        for words in (("checkpoint",), ("entries", ":")):
            ran = evil.call("ledger", *words, "-p", "anyone", code=1)
            assert ran.stdout == ""
            assert ran.error == "consistency: the proof does not lead to both roots"


def test_the_operators_own_check_names_it(evil: Stage) -> None:
    """No signature of a source fits what it never said: ``ledgerctl fsck`` finds the entry's batch."""
    assert evil.call("ledgerctl", "fsck", "led", code=1).error.startswith("batch at ")
