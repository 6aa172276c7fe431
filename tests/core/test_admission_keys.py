"""Which lookup keys travel beside which statement, and what is refused where they should not, or do not fit."""

from dataclasses import replace

import pytest

from ledger.core.admission import Submission, check_accredited, examine
from ledger.core.building import Prepared
from ledger.core.encoding import ZERO_HASH, Hash
from ledger.core.errors import InvalidInput, Refused
from ledger.core.sealed_keys import SealedKey
from ledger.core.statement import roots_of
from tests.core.embargoed import MONTH, amendment, correction, delivery, extension, gagged, lift
from tests.core.world import World, disclosure

WORLD = World.open()
WORLD.enrol("alpha")
WORLD.add_auditor("one")
OPEN = WORLD.disclose("alpha")
GAGGED = WORLD.say("alpha", gagged(WORLD))
DELIVERED = WORLD.say("alpha", delivery(WORLD, OPEN))
LIFT = lift(WORLD, GAGGED)


def travelling(item: Prepared) -> Submission:
    """Return a batch of the entry, with keys beside it though none belong there."""
    built = WORLD.built("alpha", item)
    keys = WORLD.built("alpha", LIFT).attachments[0]
    (attachment,) = built.attachments
    return replace(built, attachments=(attachment._replace(keys=keys.keys, padding=keys.padding),))


@pytest.mark.parametrize(
    "item",
    [
        gagged(WORLD),
        delivery(WORLD, OPEN),
        extension(WORLD, GAGGED, 1, MONTH + 4),
        amendment(WORLD, DELIVERED),
    ],
    ids=["an embargoed disclosure", "a delivery", "an extension", "a correction of a delivery"],
)
def test_keys_that_do_not_belong_there_are_refused(item: Prepared) -> None:
    """Where no keys belong none may travel, and without them the batch is well-formed."""
    assert examine(WORLD.built("alpha", item)).travelled == {}
    with pytest.raises(InvalidInput, match="keys: travel with no DELIVERY or EMBARGO_EXTENDED"):
        examine(travelling(item))


def test_what_keys_give_is_told_where_the_target_names_it() -> None:
    """A lift's keys give its target's root; a correction's are held against its own leaf, whether it has them."""
    lifted = examine(WORLD.built("alpha", correction(WORLD, OPEN), LIFT))
    assert set(lifted.travelled) == {0, 1}
    body = WORLD.batch_at(GAGGED).batch.leaves[0].statement.body
    found = roots_of(body)
    assert found is not None
    assert lifted.travelled[1] == (found.keys_root, found.key_class)
    assert examine(WORLD.built("alpha", correction(WORLD, GAGGED, withheld=True))).travelled == {}


def test_a_lift_carries_no_payload() -> None:
    """An EMBARGO_LIFTED has keys alone; a payload or a shred beside it is refused, and boxes too."""
    built = WORLD.built("alpha", LIFT)
    assert (built.sealed_keys, examine(built).batch.seal.sealed_keys_digest) == ((), ZERO_HASH)
    (attachment,) = built.attachments
    for change in ({"payload": b"x"}, {"shred": bytes(32)}):
        with pytest.raises(InvalidInput, match="payload: an EMBARGO_LIFTED has none"):
            examine(replace(built, attachments=(attachment._replace(**change),)))  # type: ignore[arg-type]  # a table
    box = SealedKey(Hash(bytes(32)), bytes(80))
    with pytest.raises(InvalidInput, match="sealed_keys: a batch without payloads has none"):
        examine(replace(built, sealed_keys=(box,)))
    with pytest.raises(InvalidInput, match=r"keys\.padding: keys and padding do not add up"):
        examine(replace(built, attachments=(attachment._replace(padding=()),)))
    with pytest.raises(InvalidInput, match="keys: an EMBARGO_LIFTED comes with those of its target"):
        examine(replace(built, attachments=(attachment._replace(keys=(), padding=()),)))
    with pytest.raises(InvalidInput, match="attachments: each statement with a payload or keys"):
        examine(replace(built, attachments=()))


def test_a_lift_among_disclosures() -> None:
    """Payloads and keys of one batch are each held against their own statement, in whatever order they stand."""
    built = WORLD.built("alpha", LIFT, gagged(WORLD), delivery(WORLD, GAGGED))
    assert [bool(item.payload) for item in built.attachments] == [False, True, True]
    assert set(examine(built).travelled) == {0}
    with pytest.raises(InvalidInput, match="exactly one, in their order"):
        examine(replace(built, attachments=built.attachments[::-1]))
    assert examine(WORLD.submission("alpha", disclosure())).travelled == {}


def test_boxes_are_deposited_for_accredited_auditors_only() -> None:
    """A box for a stranger, or for an auditor who was removed, is refused."""
    world = World.open()
    world.add_auditor("one")
    (key_id,) = world.state.auditors
    box = SealedKey(key_id, bytes(80))
    check_accredited([box], world.state.auditors)
    with pytest.raises(Refused, match="sealed_keys: a box for one who is no auditor of this log"):
        check_accredited([SealedKey(Hash(bytes(32)), bytes(80))], world.state.auditors)
    world.remove_auditor("one")
    with pytest.raises(Refused, match="sealed_keys: a box for one who is no auditor of this log"):
        check_accredited([box], world.state.auditors)
