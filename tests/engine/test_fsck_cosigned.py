"""fsck holds the cosigned note and every ANCHOR against the tree that the leaves give."""

from collections.abc import Callable

import pytest

from ledger.core import bodies
from ledger.core.encoding import sha256
from ledger.core.errors import StoreDamaged
from ledger.engine import schema
from ledger.engine.fsck import check
from tests.core.world import WITNESS_POLICY
from tests.engine.cosigning import cosigned, set_policy
from tests.engine.ledger import TIMEOUT, Ledger

ROW = schema.meta_key("cosigned")


@pytest.fixture
def anchored(ledger: Ledger) -> Ledger:
    """A log with a cosigned note, an ANCHOR of it, and an entry behind that."""
    set_policy(ledger)
    note = cosigned(ledger)
    ledger.sequencer.keep(note).result(TIMEOUT)
    ledger.sequencer.anchor(note).result(TIMEOUT)
    ledger.world.say_as_ledger(bodies.Anchor(note))
    ledger.followed += 1
    ledger.world.disclose("alpha")
    ledger.follow()
    return ledger


def test_a_witnessed_log_is_whole(anchored: Ledger) -> None:
    """A cosigned note of any published size is whole, none at all too, and an empty one after a change of policy."""
    assert check(anchored.store).size == anchored.world.size
    anchored.sequencer.keep(cosigned(anchored)).result(TIMEOUT)
    assert check(anchored.store).size == anchored.world.size
    set_policy(anchored, WITNESS_POLICY)
    assert anchored.store.require(ROW) == b""
    assert check(anchored.store).size == anchored.world.size
    anchored.store.write([], [ROW])
    assert check(anchored.store).size == anchored.world.size


SPOILED: dict[str, Callable[[Ledger], bytes]] = {
    "no note": lambda _: b"x",
    "without the quorum": lambda ledger: cosigned(ledger, names=["one"]),
    "of another tree": lambda ledger: cosigned(ledger, root=sha256(b"another")),
}


@pytest.mark.parametrize("spoiled", SPOILED.values(), ids=SPOILED)
def test_a_spoiled_note_is_named(anchored: Ledger, spoiled: Callable[[Ledger], bytes]) -> None:
    """A note that is none, has no quorum or another root is what is wrong."""
    anchored.store.write([(ROW, spoiled(anchored))])
    with pytest.raises(StoreDamaged, match=r"^cosigned checkpoint: "):
        check(anchored.store)


def test_a_note_under_quorum_none_is_named(anchored: Ledger) -> None:
    """Where the policy asks for nobody, no note is to be kept."""
    note = anchored.store.require(ROW)
    set_policy(anchored, WITNESS_POLICY)
    anchored.store.write([(ROW, note)])
    with pytest.raises(StoreDamaged, match=r"^cosigned checkpoint: witness_policy: asks for nobody"):
        check(anchored.store)


def test_an_anchor_of_another_tree_is_named(anchored: Ledger) -> None:
    """An ANCHOR that bears the log's own signature over another root convicts the log, and fsck says where it is."""
    note = cosigned(anchored, root=sha256(b"another"))
    index = anchored.sequencer.anchor(note).result(TIMEOUT)
    with pytest.raises(StoreDamaged, match=rf"^ANCHOR at {index}: signs another root than the entries give$"):
        check(anchored.store)
