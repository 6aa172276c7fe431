"""The ledger's own chain: opened once, numbered without gaps, approved as the log itself says."""

from copy import deepcopy
from dataclasses import replace
from typing import Any, cast

import pytest

from ledger.core import bodies
from ledger.core.batch import OPENING, decode_batch, sign_batch
from ledger.core.chain import LogState
from ledger.core.encoding import ZERO_HASH, sha256
from ledger.core.errors import ChainBroken, InvalidInput, LedgerError, NotAuthenticated, Refused, VerificationFailed
from ledger.core.inner import approve
from ledger.core.life import Lives
from ledger.core.statement import Statement, body_field
from tests.core.world import START, World, mixed, opening, replay, secret


def numbered(world: World, body: bodies.Governance, ahead: int = 0) -> bodies.Governance:
    """Return ``body`` with the next number, or one ``ahead`` of it."""
    return cast(bodies.Governance, replace(cast(Any, body), number=world.state.governing.next_number + ahead))


def ready(world: World, body: bodies.Governance, ahead: int = 0) -> bodies.Governance:
    """Return ``body`` numbered and approved by every approver of ``world``."""
    return approve(world.log_id, numbered(world, body, ahead), world.approvers)


def policy(approvers: int = 1, *thresholds: tuple[int, int]) -> bodies.PolicyChanged:
    """Return a change to that many approvers and to (body, count) thresholds."""
    keys = tuple(secret(f"approver {number}").public for number in range(approvers))
    rows = tuple(bodies.Threshold(body, count) for body, count in thresholds)
    return bodies.PolicyChanged(0, sha256(b"witnesses"), sha256(b"sealing"), keys, rows)


def refuse(world: World, error: type[LedgerError], message: str, *said: bodies.Body) -> None:
    """Assert that the ledger may not say this, and that trying leaves the state as it was."""
    before = deepcopy(world.state)
    with pytest.raises(error, match=message):
        world.say_as_ledger(*said)
    assert world.state == before


def test_a_log_opens_with_its_own_chain() -> None:
    """Index 0 settles log id, origin, keys and policy, and the next number is 1."""
    world = World.open(approvers=2, threshold=2)
    body = opening(world.log, world.chain, world.approvers, 2)
    governing = world.state.governing
    assert (world.state.size, world.state.log_id) == (1, world.placed[0].batch.leaf_hashes[0])
    assert (governing.origin, governing.checkpoint_vkey) == (body.origin, body.checkpoint_vkey)
    assert (governing.approvers, governing.thresholds, governing.next_number) == (body.approvers, body.thresholds, 1)
    assert governing.witness_policy_digest == body.witness_policy_digest
    assert governing.sealing_policy_digest == body.sealing_policy_digest
    assert set(world.state.sources) == {"ledger"}
    own = world.state.source("ledger")
    assert (own.keys, own.key_statement, own.key_index) == (body.ledger_keys, world.log_id, 0)
    assert (own.head.next_sequence, own.recorded_at, own.past_keys) == (1, START, (world.chain.public.key,))


def test_only_log_opened_opens_a_log() -> None:
    """Another first statement, sealed keys without payloads, or a seal by another key opens nothing."""
    world = World.open()
    body = opening(world.log, world.chain, world.approvers, 1)
    enrolment = Statement("ledger", 0, START, world.enrolment("alpha"))
    opened = Statement("ledger", 0, START, body)
    for statement, digest, signer, error, message in (
        (enrolment, ZERO_HASH, world.chain, InvalidInput, "log_opened: index 0 must be LOG_OPENED"),
        (opened, sha256(b"boxes"), world.chain, InvalidInput, "sealed_keys_digest: must be zeros"),
        (opened, ZERO_HASH, secret("stranger"), NotAuthenticated, "seal: the signature does not verify"),
    ):
        batch = decode_batch(sign_batch([statement], OPENING, digest, [signer.sign]))
        with pytest.raises(error, match=message):
            LogState.open(batch)


def test_a_log_opens_once() -> None:
    """LOG_OPENED again is refused, because sequence 0 of the ledger's chain is taken."""
    world = World.open()
    before = deepcopy(world.state)
    with pytest.raises(ChainBroken, match="sequence: does not follow"):
        world.state.replay(world.placed[0].batch, Lives().find)
    assert world.state == before


@pytest.mark.parametrize("ahead", [-1, 1])
def test_governance_is_numbered_without_gaps(ahead: int) -> None:
    """A number given out before, or one left out, is refused with the number that is next."""
    world = World.open()
    world.enrol("alpha")
    refuse(world, Refused, "number: .* is number 2", ready(world, world.enrolment("beta"), ahead))
    assert world.say_as_ledger(ready(world, world.enrolment("beta"))) == 2
    assert world.state.governing.next_number == 3


def test_two_of_three_approvers_must_agree() -> None:
    """Under a threshold of two, one approval is too few, two or all three are enough."""
    world = World.open(approvers=3, threshold=2)
    for approvers in ((), world.approvers[:1]):
        body = approve(world.log_id, numbered(world, world.enrolment("alpha")), approvers)
        refuse(world, Refused, "approvals: 2 are needed", body)
    world.govern(world.enrolment("alpha"), world.approvers[1:])
    world.govern(world.enrolment("beta"), world.approvers)
    assert set(world.state.sources) == {"ledger", "alpha", "beta"}


def test_approvals_are_the_logs_own_and_of_this_statement() -> None:
    """An approval by a stranger, of another number, of another body, or given twice does not count."""
    world = World.open(approvers=2, threshold=2)
    body = numbered(world, world.enrolment("alpha"))
    good = approve(world.log_id, body, world.approvers).approvals
    other = approve(world.log_id, numbered(world, world.enrolment("beta")), world.approvers).approvals
    later = approve(world.log_id, numbered(world, world.enrolment("alpha"), 1), world.approvers).approvals
    stranger = approve(world.log_id, body, [world.approvers[0], secret("stranger")]).approvals
    for approvals, message in (
        (other, "approvals: the signature does not verify"),
        (later, "approvals: the signature does not verify"),
        (stranger, "approvals: not by an approver of this log"),
        ((good[0], good[0]), "approvals: must ascend by key id, each key once"),
        ((good[1], good[0]), "approvals: must ascend by key id, each key once"),
    ):
        refuse(world, VerificationFailed, message, cast(bodies.Body, replace(cast(Any, body), approvals=approvals)))


def test_thresholds_are_per_body_with_a_default() -> None:
    """A body with a row needs its row's count, every other one the count of row 0, and without that none."""
    governing = World.open(approvers=3).state.governing
    revoked = body_field(bodies.SourceRevoked)
    assert governing.threshold(bodies.SourceRevoked) == 1
    rows = (bodies.Threshold(0, 2), bodies.Threshold(revoked, 3))
    governing = replace(governing, thresholds=rows)
    assert governing.threshold(bodies.SourceRevoked) == 3
    assert governing.threshold(bodies.SourceEnrolled) == 2
    governing = replace(governing, thresholds=rows[1:])
    assert governing.threshold(bodies.SourceEnrolled) == 0
    assert (
        replace(governing, thresholds=(bodies.Threshold(0, 2), bodies.Threshold(revoked, 0))).threshold(
            bodies.SourceRevoked
        )
        == 0
    )


def test_a_policy_change_is_judged_by_the_old_policy_and_rules_from_then_on() -> None:
    """Approvers, thresholds and digests change with the statement after, never with the change itself."""
    world = World.open()
    enrolled = body_field(bodies.SourceEnrolled)
    change = policy(3, (0, 1), (enrolled, 3))
    others = [secret("approver 1"), secret("approver 2")]
    refuse(world, VerificationFailed, "not by an approver", approve(world.log_id, numbered(world, change), others))
    world.govern(change)
    governing = world.state.governing
    assert (governing.approvers, governing.thresholds) == (change.approvers, change.thresholds)
    assert governing.witness_policy_digest == sha256(b"witnesses")
    assert governing.sealing_policy_digest == sha256(b"sealing")
    refuse(world, Refused, "approvals: 3 are needed", ready(world, world.enrolment("alpha")))
    world.govern(world.enrolment("alpha"), [*world.approvers, *others])
    world.govern(world.accreditation("one"), others[:1])
    assert replay(world.leaves) == world.state


def test_one_batch_may_hold_several_governance_statements() -> None:
    """Statements of one batch take effect one by one, each numbered and judged after the one before."""
    world = World.open()
    enrolments = [ready(world, world.enrolment(name), ahead) for ahead, name in enumerate(("alpha", "beta"))]
    change = ready(world, policy(), 2)
    assert world.say_as_ledger(*enrolments, change) == 1
    assert world.state.governing.next_number == 4
    assert world.state.source("beta").key_index == 2
    assert world.state.source("beta").key_statement == world.placed[1].batch.leaf_hashes[1]
    assert replay(world.leaves) == world.state


@pytest.mark.parametrize("later", ["a number left out", "a source enrolled twice", "a body not admitted"])
def test_a_refused_batch_changes_nothing(later: str) -> None:
    """When a later statement of a batch is refused, the ones before it have had no effect either."""
    world = mixed()
    good = [ready(world, world.accreditation("three")), ready(world, world.enrolment("gamma"), 1)]
    if later == "a number left out":
        refuse(world, Refused, "number", *good, ready(world, policy(), 3))
    elif later == "a source enrolled twice":
        refuse(world, Refused, "source_id", *good, ready(world, world.enrolment("beta", secret("new")), 2))
    else:
        refuse(world, InvalidInput, "FROZEN", *good, ready(world, bodies.Frozen(0, "reason"), 2))


@pytest.mark.parametrize(
    "body", [bodies.Challenge(sha256(b"claim"), secret("maker").public), bodies.Frozen(1, "reason")]
)
def test_applying_refuses_what_has_no_effect_yet(body: bodies.Body) -> None:
    """Even unchecked, an own statement that this release does not admit is never taken in silently."""
    world = World.open()
    before = deepcopy(world.state)
    if isinstance(body, bodies.Frozen):
        body = approve(world.log_id, body, world.approvers)
    statement = Statement("ledger", 1, START, body)
    batch = decode_batch(sign_batch([statement], world.binding("ledger"), ZERO_HASH, [world.chain.sign]))
    with pytest.raises(InvalidInput, match=r"body: [A-Z]+ is not admitted by this release"):
        world.state.apply(batch, sha256(b"digest"))
    assert world.state == before
