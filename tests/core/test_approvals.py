"""Approvals are by distinct current approvers, ascending, for one body at one number of one log."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ledger.core import bodies
from ledger.core.encoding import Hash
from ledger.core.errors import Refused, VerificationFailed
from ledger.core.inner import approve, verify_approvals
from ledger.core.signing import PublicKey, SecretKey, approver_id
from tests.core import wire
from tests.core.examples import hashed
from tests.core.test_inner import KEYS, LOG_ID, PUBLIC, by_hand

FROZEN = bodies.Frozen(10, "a breach")
APPROVED = approve(LOG_ID, FROZEN, KEYS)


def test_approvals_ascend_by_key_id() -> None:
    """Approvals come in order whoever approves first, each key once; those of others are kept."""
    one, two = KEYS
    assert approve(LOG_ID, FROZEN, KEYS[::-1]) == APPROVED
    assert approve(LOG_ID, approve(LOG_ID, FROZEN, [two]), [one]) == APPROVED
    assert approve(LOG_ID, APPROVED, [one, one]) == APPROVED
    ids = [approval.key_id for approval in APPROVED.approvals]
    assert ids == sorted(approver_id(key) for key in PUBLIC)
    message = by_hand(b"ledger", wire.encode([(1, 10), (2, b"a breach")]), 30, 15)
    assert {approval.signature for approval in APPROVED.approvals} == {key.sign(message).signature for key in KEYS}
    assert {approval.algorithm for approval in APPROVED.approvals} == {1}


@pytest.mark.parametrize("threshold", [0, 1, 2])
def test_enough_approvals(threshold: int) -> None:
    """As many as asked for, or more, are enough."""
    assert verify_approvals(LOG_ID, APPROVED, PUBLIC, threshold) == APPROVED.approvals


def test_no_approvals_are_enough_for_none() -> None:
    """Without a threshold nobody has to approve."""
    assert verify_approvals(LOG_ID, FROZEN, PUBLIC, 0) == ()


@pytest.mark.parametrize(
    ("keys", "threshold"), [((), 1), (KEYS[:1], 2), (KEYS, 3)], ids=["none of one", "one of two", "two of three"]
)
def test_too_few_approvals(keys: tuple[SecretKey, ...], threshold: int) -> None:
    """One fewer than asked for is refused with the number needed."""
    with pytest.raises(Refused, match=f"^approvals: {threshold} are needed$"):
        verify_approvals(LOG_ID, approve(LOG_ID, FROZEN, keys), PUBLIC, threshold)


Approvals = tuple[bodies.Approval, ...]
STRANGER = "approvals: not by an approver of this log"
ASCEND = "approvals: must ascend by key id, each key once"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(lambda one, two: (two, one), ASCEND, id="out of order"),
        pytest.param(lambda one, two: (one, one), ASCEND, id="one twice"),
        pytest.param(lambda one, two: (one, two, two), ASCEND, id="the last twice"),
        pytest.param(lambda one, two: (replace(one, key_id=bytes(32)), two), STRANGER, id="a stranger first"),
        pytest.param(lambda one, two: (one, two, replace(two, key_id=b"\xff" * 32)), STRANGER, id="a stranger last"),
        pytest.param(
            lambda one, two: (one, replace(two, signature=one.signature)),
            "approvals: the signature does not verify",
            id="another's signature",
        ),
        pytest.param(
            lambda one, two: (one, replace(two, algorithm=2)),
            "approvals: signed with another algorithm than the key's",
            id="another algorithm",
        ),
        pytest.param(
            lambda one, two: (replace(one, signature=b""), two),
            "approvals: key or signature of the wrong length",
            id="no signature",
        ),
    ],
)
def test_wrong_approvals_are_refused(
    change: Callable[[bodies.Approval, bodies.Approval], Approvals], message: str
) -> None:
    """One wrong approval spoils a body, even where the others would be enough."""
    with pytest.raises(VerificationFailed, match=f"^{message}$"):
        verify_approvals(LOG_ID, replace(APPROVED, approvals=change(*APPROVED.approvals)), PUBLIC, 1)


@pytest.mark.parametrize(
    ("log_id", "body", "approvers", "message"),
    [
        (hashed("another log"), APPROVED, PUBLIC, "approvals: the signature does not verify"),
        (LOG_ID, replace(APPROVED, number=11), PUBLIC, "approvals: the signature does not verify"),
        (LOG_ID, replace(APPROVED, reason="another"), PUBLIC, "approvals: the signature does not verify"),
        (LOG_ID, APPROVED, PUBLIC[:1], STRANGER),
        (LOG_ID, APPROVED, (), STRANGER),
    ],
    ids=["another log", "another number", "another reason", "one no longer an approver", "no approvers"],
)
def test_approvals_do_not_move(
    log_id: Hash, body: bodies.Governance, approvers: tuple[PublicKey, ...], message: str
) -> None:
    """An approval is by a current approver, for one body at one number of one log."""
    with pytest.raises(VerificationFailed, match=f"^{message}$"):
        verify_approvals(log_id, body, approvers, 1)
