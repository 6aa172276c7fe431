"""An embargo covers all that hangs on its disclosure, however long the chain of references is."""

import pytest

from ledger.core.errors import Refused
from tests.core.embargoed import MONTH, amendment, delivery, extension, gagged, lift, with_officers
from tests.core.world import World


def test_a_correction_of_what_hangs_on_an_embargo_is_not_erased() -> None:
    """A CORRECTION of a DELIVERY or EMBARGO_EXTENDED may be erased once the DISCLOSURE's embargo is lifted."""
    world = with_officers(threshold=2)
    first = world.say("alpha", gagged(world))
    said = [world.say("alpha", delivery(world, first)), world.say("alpha", extension(world, first, 1, MONTH + 4))]
    amended = [world.say("alpha", amendment(world, index)) for index in said]
    for index in (*said, *amended):
        refused(world, index)
    world.say("alpha", lift(world, first))
    for index in (*said, *amended):
        world.govern(world.erasure(index))


def refused(world: World, index: int) -> None:
    """Raise unless the erasure of entry ``index`` is refused because of an embargo."""
    with pytest.raises(Refused, match="target: is under embargo"):
        world.govern(world.erasure(index))
