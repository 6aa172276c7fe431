"""The log that other tests build on is a valid one, and the same in each run."""

from ledger.core.encoding import sha256
from ledger.core.receipt import verify_receipt
from tests.core.world import Entropy, World, mixed, replay, split_batches


def test_the_same_calls_give_the_same_bytes() -> None:
    """Two mixed logs are equal byte for byte, up to the signed checkpoint."""
    first, second = mixed(), mixed()
    assert first.leaves == second.leaves
    assert first.checkpoint() == second.checkpoint()


def test_the_example_of_the_module_works() -> None:
    """A log opens, enrols, accredits, discloses, and gives a receipt that verifies."""
    world = World.open()
    assert (world.enrol("alpha"), world.add_auditor("auditor"), world.disclose("alpha")) == (1, 2, 3)
    verified = verify_receipt(world.receipt(3), world.vkey)
    assert (verified.index, verified.log_id) == (3, world.log_id)
    assert verified.checkpoint.checkpoint.root == world.root()


def test_a_world_is_what_its_leaves_add_up_to() -> None:
    """Seventeen entries in fourteen batches, which replay to the world's own state."""
    world = mixed()
    assert world.size == world.state.size == 17
    assert [item.first for item in world.placed] == [0, 1, 2, 3, 4, 7, 8, 9, 10, 11, 13, 14, 15, 16]
    assert len(split_batches(world.leaves)) == len(world.placed)
    assert replay(world.leaves) == world.state


def test_entropy_counts() -> None:
    """No two calls give the same bytes, and any size can be had."""
    entropy = Entropy(b"seed")
    assert entropy(32) == sha256(b"seed" + bytes(8))
    assert len(entropy(70)) == 70
    assert entropy.counter == 4
