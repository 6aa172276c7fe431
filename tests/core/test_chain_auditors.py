"""Auditors are named with keys of their own, once, and removed by exactly those."""

from copy import deepcopy
from dataclasses import replace
from typing import Any, cast

import pytest

from ledger.core import bodies
from ledger.core.encoding import Hash
from ledger.core.errors import LedgerError, Refused, TooFewAuditors, VerificationFailed
from ledger.core.inner import approve, sign_inner
from tests.core.world import AuditorKeys, World, disclosure, replay, secret


def audited() -> World:
    """Return a log with a source and the auditors one and two, of which one was removed."""
    world = World.open()
    world.enrol("alpha")
    world.add_auditor("one")
    world.add_auditor("two")
    world.remove_auditor("one")
    return world


def removal(name: str) -> bodies.AuditorRemoved:
    """Return the removal of an auditor, not yet numbered or approved."""
    keys = AuditorKeys.of(name)
    return bodies.AuditorRemoved(0, name, keys.signing.public, keys.x25519)


def signed(world: World, name: str, x25519_key: Hash) -> bodies.AuditorAdded:
    """Return the accreditation of a new auditor who names ``x25519_key`` as its own."""
    body = replace(world.accreditation(name), x25519_key=x25519_key)
    return replace(body, signatures=sign_inner(world.log_id, body, "signatures", [AuditorKeys.of(name).signing]))


def refuse(world: World, error: type[LedgerError], message: str, body: bodies.Governance) -> None:
    """Assert that ``body``, well numbered and approved, is refused unsigned and signed, and changes nothing."""
    before = deepcopy(world.state)
    numbered = cast(bodies.Governance, replace(cast(Any, body), number=world.state.governing.next_number))
    with pytest.raises(error, match=message):
        world.state.check_governance(approve(world.log_id, numbered, world.approvers))
    with pytest.raises(error, match=message):
        world.govern(body)
    assert world.state == before


def test_an_auditor_is_known_by_its_statement() -> None:
    """Its key id is the leaf hash of AUDITOR_ADDED; removal marks it and forgets nothing."""
    world = audited()
    one, two = world.state.auditors.values()
    assert (one.name, one.index, one.removed) == ("one", 2, True)
    assert (two.name, two.index, two.removed) == ("two", 3, False)
    for auditor in (one, two):
        keys = AuditorKeys.of(auditor.name)
        assert (auditor.signing_key, auditor.x25519_key) == (keys.signing.public, keys.x25519)
        assert world.state.auditors[world.batch_at(auditor.index).batch.leaf_hashes[0]] == auditor
    assert replay(world.leaves) == world.state


@pytest.mark.parametrize("name", ["one", "two"])
def test_an_auditors_keys_are_never_enrolled_twice(name: str) -> None:
    """The same accreditation again, of a removed auditor too, and the X25519 key alone under a new name are refused."""
    world = audited()
    message = "keys: a key is never enrolled twice"
    refuse(world, Refused, message, world.accreditation(name))
    refuse(world, Refused, message, signed(world, "three", AuditorKeys.of(name).x25519))
    refuse(world, Refused, message, signed(world, "three", Hash(secret("alpha 0").public.key)))


def test_an_auditor_signs_its_own_accreditation() -> None:
    """Without the auditor's signature, or with one over another X25519 key, nobody is accredited."""
    world = audited()
    good = world.accreditation("three")
    refuse(world, VerificationFailed, "signatures: exactly one", replace(good, signatures=()))
    moved = replace(good, x25519_key=AuditorKeys.of("four").x25519)
    refuse(world, VerificationFailed, "signatures: the signature does not verify", moved)
    others = sign_inner(world.log_id, good, "signatures", [AuditorKeys.of("two").signing])
    refuse(world, VerificationFailed, "signatures: the signature does not verify", replace(good, signatures=others))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(removal("three"), id="one never added"),
        pytest.param(removal("one"), id="one removed before"),
        pytest.param(replace(removal("two"), name="one"), id="under another name"),
        pytest.param(replace(removal("two"), signing_key=secret("x").public), id="under another signing key"),
        pytest.param(replace(removal("two"), x25519_key=AuditorKeys.of("one").x25519), id="under another X25519 key"),
    ],
)
def test_who_is_removed_is_named_exactly(body: bodies.AuditorRemoved) -> None:
    """A removal that does not match one accredited auditor in name and keys is refused."""
    refuse(audited(), Refused, "signing_key: no accredited auditor has this name and these keys", body)


def test_two_auditors_may_bear_one_name() -> None:
    """Keys tell auditors apart: the one that is removed is the one whose keys are named."""
    world = audited()
    other = replace(signed(world, "three", AuditorKeys.of("three").x25519), name="two")
    signatures = sign_inner(world.log_id, other, "signatures", [AuditorKeys.of("three").signing])
    world.govern(replace(other, signatures=signatures))
    world.govern(replace(removal("three"), name="two"))
    assert [(item.name, item.removed) for item in world.state.auditors.values()] == [
        ("one", True),
        ("two", False),
        ("two", True),
    ]


def test_a_batch_sealed_before_a_removal_comes_too_late() -> None:
    """What a source sealed to an auditor is refused once the auditor is removed, and sealed anew it is admitted."""
    world = audited()
    late = world.submission("alpha", disclosure())
    world.add_auditor("three")
    world.remove_auditor("two")
    with pytest.raises(TooFewAuditors, match="sealed_keys: a box for one who is no auditor of this log"):
        world.admit(late)
    world.disclose("alpha")
    assert world.state.source("alpha").next_sequence == 1
