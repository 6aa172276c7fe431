"""Which bodies this release admits into a chain, and that it says so by name."""

from copy import deepcopy
from dataclasses import replace
from typing import get_args

import pytest

from ledger.core import bodies
from ledger.core.batch import decode_batch, sign_batch
from ledger.core.building import prepare
from ledger.core.chain import ADMITTED, check_admitted
from ledger.core.encoding import ZERO_HASH, sha256
from ledger.core.errors import InvalidInput, VerificationFailed
from ledger.core.life import Lives
from ledger.core.statement import Statement, body_name
from tests.core.embargoed import gagged, lift, with_officers
from tests.core.world import World, disclosure, replay, secret

DIGEST = sha256(b"digest")
DISCLOSURE = bodies.Disclosure(DIGEST, DIGEST, DIGEST, 4, DIGEST)
NOT_ADMITTED: tuple[bodies.Body, ...] = (
    bodies.MapEpoch(1, DIGEST, DIGEST, DIGEST, 0, 1, DIGEST),
    bodies.Challenge(DIGEST, secret("maker").public),
    bodies.ChallengeAnswer(DIGEST, bodies.Inclusion(0, DIGEST)),
    bodies.KeyChanged(2, bodies.LedgerKey.VRF, "", (), DIGEST, DIGEST),
    bodies.Frozen(2, "reason"),
    bodies.Thawed(2, "reason"),
    bodies.LogClosed(2, "origin", "vkey"),
)


@pytest.mark.parametrize("body", NOT_ADMITTED, ids=lambda body: body_name(type(body)))
def test_what_this_release_does_not_admit_is_refused_by_name(body: bodies.Body) -> None:
    """A known body that this release does not admit is refused with its name, in a chain that fits otherwise."""
    world = World.open()
    world.enrol("alpha")
    message = f"body: {body_name(type(body))} is not admitted by this release"
    with pytest.raises(InvalidInput, match=message):
        check_admitted(body)
    name, key = ("alpha", secret("alpha 0")) if type(body) in bodies.SOURCE_BODIES else ("ledger", world.chain)
    head, binding = world.state.source(name).head, world.binding(name)
    statement = Statement(name, head.next_sequence, world.minute, body)
    batch = decode_batch(sign_batch([statement], binding, ZERO_HASH, [key.sign]))
    before = deepcopy(world.state)
    with pytest.raises(InvalidInput, match=message):
        world.state.replay(batch, Lives().find)
    assert world.state == before


def test_every_body_is_admitted_or_refused() -> None:
    """No body is missing from the two lists, and none stands in both."""
    assert {*ADMITTED, *map(type, NOT_ADMITTED)} == set(get_args(bodies.Body))
    assert len(ADMITTED) + len(NOT_ADMITTED) == len(get_args(bodies.Body))


def test_one_payload_makes_a_batch_a_sealed_one() -> None:
    """Where a statement without a payload stands beside one that has one, boxes travel, and the seal says so."""
    world = with_officers(threshold=1)
    gag = world.say("alpha", gagged(world))
    world.say("alpha", lift(world, gag), prepare(disclosure(), world.entropy))
    assert world.placed[-1].batch.seal.sealed_keys_digest != ZERO_HASH
    assert replay(world.leaves) == world.state


def test_replay_checks_public_openings() -> None:
    """A leaf whose public opening does not lead to its slots root is disproven from the leaves alone."""
    world = World.open()
    world.enrol("alpha")
    opening = bodies.SlotOpening(19, "outcome", b'"FULL"', bytes(16), (DIGEST,) * 5)
    source = world.state.sources["alpha"]
    said = Statement("alpha", 0, world.minute, replace(DISCLOSURE, openings=(opening,)))
    batch = decode_batch(sign_batch([said], world.binding("alpha"), DIGEST, [world.secrets["alpha"].sign]))
    with pytest.raises(VerificationFailed, match="slot: does not lead to the slots root"):
        world.state.replay(batch, Lives().find)
    assert world.state.sources["alpha"] == source
