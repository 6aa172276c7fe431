"""Governance through the writer: it numbers, checks, signs, and takes effect from the next batch on."""

from dataclasses import replace
from typing import Any

import pytest
import rfc8785

from ledger.core import bodies
from ledger.core.admission import Submission
from ledger.core.encoding import sha256
from ledger.core.errors import (
    InvalidInput,
    KeySuperseded,
    LedgerError,
    Refused,
    TooFewAuditors,
    UnknownSource,
    VerificationFailed,
)
from ledger.core.inner import approve
from ledger.core.rules import LEDGER
from ledger.engine import schema
from ledger.engine.fsck import check
from tests.core.world import WITNESS_POLICY, disclosure, secret
from tests.engine.ledger import TIMEOUT, Ledger


def policy(minimum: int) -> bytes:
    """Return a sealing policy that asks for ``minimum`` auditors."""
    return rfc8785.dumps({"min_auditors": minimum, "publish": []})


def change_policy(ledger: Ledger, sealing_policy: bytes, witness_policy: bytes = WITNESS_POLICY) -> None:
    """Have the world log a change to these policies."""
    governing = ledger.world.state.governing
    digests = sha256(witness_policy), sha256(sealing_policy)
    ledger.world.govern(bodies.PolicyChanged(0, *digests, governing.approvers, governing.thresholds))
    ledger.world.sealing_policy = sealing_policy


def files(sealing_policy: bytes, witness_policy: bytes = WITNESS_POLICY) -> list[tuple[bytes, bytes]]:
    """Return the rows that go with a change of policy."""
    return [
        (schema.meta_key("witness_policy"), witness_policy),
        (schema.meta_key("sealing_policy"), sealing_policy),
    ]


def send_change(ledger: Ledger, sealing_policy: bytes, witness_policy: bytes = WITNESS_POLICY) -> None:
    """Log a change of policies in both logs."""
    change_policy(ledger, sealing_policy, witness_policy)
    ledger.followed += 1
    ledger.send(ledger.world.placed[-1], files(sealing_policy, witness_policy)).result(TIMEOUT)


def test_a_policy_change_moves_the_minimum(ledger: Ledger) -> None:
    """After it, batches need the new number of boxes, also after a restart; files and digests agree."""
    short = ledger.world.submission("alpha", disclosure())
    send_change(ledger, policy(2), b"quorum none\n# new\n")
    assert ledger.view.sealing.min_auditors == 2
    with pytest.raises(TooFewAuditors, match="sealed_keys: boxes for at least 2 auditors are needed") as refused:
        ledger.submit(short).result(TIMEOUT)
    assert refused.value.minimum == 2
    ledger.reopen()
    assert ledger.view.sealing.min_auditors == 2
    with pytest.raises(TooFewAuditors):
        ledger.submit(short).result(TIMEOUT)
    ledger.world.add_auditor("two")
    ledger.world.disclose("alpha")
    ledger.follow()
    ledger.check()
    assert check(ledger.store).size == ledger.world.size


def test_a_policy_change_binds_the_batch_right_behind_it(ledger: Ledger) -> None:
    """A batch that waits in the same group, behind the change, is held to the new minimum already."""
    before = ledger.world.submission("alpha", disclosure())
    after = ledger.world.submission("beta", disclosure())
    with ledger.busy():
        ledger.world.admit(before)
        ledger.send_all()
        change_policy(ledger, policy(2))
        ledger.followed += 1
        changed = ledger.send(ledger.world.placed[-1], files(policy(2)))
        refused = ledger.submit(after)
    assert changed.result(TIMEOUT) == ledger.world.size - 1
    with pytest.raises(TooFewAuditors):
        refused.result(TIMEOUT)
    ledger.check()


def test_a_malformed_policy_changes_nothing(ledger: Ledger) -> None:
    """A policy that a restart could not read is refused, and the ledger goes on."""
    governing = ledger.world.state.governing
    body = bodies.PolicyChanged(
        governing.next_number, sha256(WITNESS_POLICY), sha256(b"{}"), governing.approvers, governing.thresholds
    )
    approved = approve(ledger.world.log_id, body, ledger.world.approvers)
    with pytest.raises(InvalidInput, match="sealing_policy"):
        ledger.govern(approved, files(b"{}")).result(TIMEOUT)
    ledger.world.disclose("alpha")
    ledger.follow()
    ledger.check()


def test_approvers_change_with_the_policy(ledger: Ledger) -> None:
    """After a change of approvers the old ones approve nothing, and the new ones do."""
    governing = ledger.world.state.governing
    new = secret("another approver")
    ledger.world.govern(
        bodies.PolicyChanged(
            0,
            governing.witness_policy_digest,
            governing.sealing_policy_digest,
            (new.public,),
            (bodies.Threshold(0, 1),),
        )
    )
    ledger.followed += 1
    ledger.send(ledger.world.placed[-1], files(ledger.world.sealing_policy)).result(TIMEOUT)
    number = ledger.world.state.governing.next_number
    body = replace(ledger.world.enrolment("gamma"), number=number)
    old = approve(ledger.world.log_id, body, ledger.world.approvers)
    with pytest.raises(VerificationFailed, match="approvals: not by an approver of this log"):
        ledger.govern(old).result(TIMEOUT)
    ledger.world.approvers = (new,)
    ledger.world.enrol("gamma")
    ledger.follow()
    ledger.check()


@pytest.mark.parametrize("missing", [0, 1])
def test_a_policy_change_brings_its_files(ledger: Ledger, missing: int) -> None:
    """Without either file behind its digest a change is refused, and nothing a restart could not read is stored."""
    governing = ledger.world.state.governing
    body = bodies.PolicyChanged(
        0, governing.witness_policy_digest, governing.sealing_policy_digest, governing.approvers, governing.thresholds
    )
    rows = files(ledger.world.sealing_policy)
    name = rows.pop(missing)[0][1:].decode()
    with pytest.raises(InvalidInput, match=f"{name}: does not match its digest"):
        ledger.sequencer.govern(numbered(ledger, body), rows).result(TIMEOUT)
    ledger.reopen()
    ledger.check()


def numbered(ledger: Ledger, body: Any, **changes: object) -> Any:
    """Return ``body`` with the next number and its approvals, ``changes`` made before these."""
    changed = replace(body, **{"number": ledger.world.state.governing.next_number, **changes})
    return approve(ledger.world.log_id, changed, ledger.world.approvers)


def refused_bodies(ledger: Ledger) -> list[tuple[bodies.Governance, type[LedgerError], str]]:
    """Return what may not be logged now, and what is said of it."""
    world = ledger.world
    number = world.state.governing.next_number
    enrolment = world.enrolment("gamma")
    change = world.key_change("alpha", secret("alpha 1"))
    return [
        (numbered(ledger, enrolment, number=number - 1), Refused, f"number: the next .* is number {number}"),
        (numbered(ledger, enrolment, number=number + 1), Refused, f"number: the next .* is number {number}"),
        (replace(enrolment, number=number), Refused, "approvals: 1 are needed"),
        (numbered(ledger, world.enrolment("alpha")), Refused, "source_id: was enrolled before"),
        (numbered(ledger, enrolment, source_id="delta"), VerificationFailed, "proofs_of_possession"),
        (numbered(ledger, world.enrolment("gamma", secret("alpha 0"))), Refused, "keys: a key is never enrolled"),
        (numbered(ledger, change, replaces=sha256(b"other")), KeySuperseded, "replaces: not the source's current"),
        (numbered(ledger, world.accreditation("one")), Refused, "keys: a key is never enrolled twice"),
        (numbered(ledger, bodies.Frozen(0, "reason")), InvalidInput, "FROZEN is not admitted by this release"),
        (
            numbered(ledger, bodies.SourceRevoked(0, "gamma", 0, bodies.RevocationReason.RETIRED)),
            UnknownSource,
            "source_id: not enrolled in this log",
        ),
        (
            numbered(ledger, bodies.SourceRevoked(0, "alpha", 5, bodies.RevocationReason.RETIRED)),
            Refused,
            "final_sequence: must be the source's head",
        ),
    ]


def test_governance_that_may_not_follow_changes_nothing(ledger: Ledger) -> None:
    """Each is refused by name, alone and in a group, and what comes after it is logged under the same number."""
    for body, error, message in refused_bodies(ledger):
        with pytest.raises(error, match=message):
            ledger.govern(body).result(TIMEOUT)
        ledger.check()
    with ledger.busy():
        refused = [(ledger.govern(body), error) for body, error, _ in refused_bodies(ledger)]
        ledger.world.enrol("gamma")
        ledger.world.disclose("gamma")
        sent = ledger.send_all()
    for future, error in refused:
        assert isinstance(future.exception(TIMEOUT), error)
    assert [future.result(TIMEOUT) for future in sent] == [ledger.world.size - 2, ledger.world.size - 1]
    ledger.check()
    assert check(ledger.store).size == ledger.world.size


def test_the_ledgers_time_never_goes_back(ledger: Ledger) -> None:
    """Governance is dated by the ledger's clock, or by its own latest statement where the clock went back."""
    ledger.world.minute += 30
    ledger.world.enrol("gamma")
    ledger.follow()
    ledger.minute = ledger.world.minute - 25
    body = numbered(ledger, ledger.world.enrolment("delta"))
    ledger.sequencer.govern(body).result(TIMEOUT)
    assert ledger.view.sources[LEDGER].recorded_at == ledger.world.minute
    assert check(ledger.store).size == ledger.view.size


def test_the_ledgers_own_statements_may_be_submitted(ledger: Ledger) -> None:
    """A batch that the ledger's key signed elsewhere is the same as one that the writer signs, without payloads."""
    ledger.world.enrol("gamma")
    placed = ledger.world.placed[-1]
    ledger.followed += 1
    submission = Submission(placed.binding, tuple(leaf.data for leaf in placed.batch.leaves), (), ())
    for _ in range(2):
        assert ledger.submit(submission).result(TIMEOUT) == placed.first
    ledger.check()
    ledger.reopen()
    ledger.check()
