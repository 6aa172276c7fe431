"""Key statements and approval policies: known keys, each once, and thresholds that can be reached."""

from dataclasses import replace
from typing import Any

import pytest

from ledger.core import bodies
from ledger.core.encoding import Hash
from ledger.core.errors import InvalidInput
from ledger.core.note import ED25519, VKey
from ledger.core.rules import LEDGER, check_body, check_enrolled_id
from ledger.core.signing import PublicKey
from tests.core.examples import (
    AUDITOR_ADDED,
    AUDITOR_REMOVED,
    BODIES,
    LOG_OPENED,
    SOURCE_ENROLLED,
    SOURCE_KEY_CHANGED,
    key,
)
from tests.core.world import ORIGIN, START

POLICY_CHANGED = BODIES["policy_changed"]
SHORT, LONG, QUANTUM = PublicKey(1, bytes(31)), PublicKey(1, bytes(33)), PublicKey(2, bytes(32))
ID = "must be 1 to 63 characters of a-z, 0-9, '.' and '-', the first a-z or 0-9"
LENGTH, ALGORITHM = "an Ed25519 key must be 32 bytes", r"algorithm must be 1 \(Ed25519\)"
BEYOND = "more approvals asked for than there are"


@pytest.mark.parametrize("period", [SOURCE_ENROLLED, SOURCE_KEY_CHANGED], ids=["enrolled", "changed"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"source_id": "Alpha"}, f"source_id: {ID}", id="a source id in capitals"),
        pytest.param({"source_id": ""}, f"source_id: {ID}", id="no source id"),
        pytest.param({"source_id": LEDGER}, "source_id: is the ledger's own", id="the ledger as a source"),
        pytest.param({"service": ""}, f"service: {ID}", id="no service"),
        pytest.param({"service": "Ma il"}, f"service: {ID}", id="a service with a space"),
        pytest.param({"keys": ()}, "keys: at least one key is needed", id="no key"),
        pytest.param({"keys": (key("a"), key("b"))}, "keys: keys must ascend by algorithm, one each", id="two keys"),
        pytest.param({"keys": (QUANTUM, key("a"))}, "keys: keys must ascend by algorithm, one each", id="descending"),
        pytest.param({"keys": (key("a"), QUANTUM)}, f"keys: {ALGORITHM}", id="a key of a new algorithm"),
        pytest.param({"keys": (PublicKey(0, bytes(32)),)}, f"keys: {ALGORITHM}", id="a key of no algorithm"),
        pytest.param({"keys": (SHORT,)}, f"keys: {LENGTH}", id="a short key"),
        pytest.param({"keys": (LONG,)}, f"keys: {LENGTH}", id="a long key"),
        pytest.param({"grace_hours": 745}, "grace_hours: must be at most 744", id="more than a month of grace"),
        pytest.param({"officers": (QUANTUM,)}, f"officers: {ALGORITHM}", id="an officer of a new algorithm"),
        pytest.param({"officers": (key("a"), SHORT)}, f"officers: {LENGTH}", id="a short officer's key"),
        pytest.param({"officers": (key("a"),) * 2}, "officers: the same key stands twice", id="an officer twice"),
        pytest.param(
            {"officers": (key("a"),), "officer_threshold": 2}, f"officer_threshold: {BEYOND} officers", id="too few"
        ),
        pytest.param(
            {"officers": (), "officer_threshold": 1}, f"officer_threshold: {BEYOND} officers", id="no officers"
        ),
    ],
)
def test_enrolments(period: bodies.Body, change: dict[str, Any], message: str) -> None:
    """A key statement names a source, its service, known keys, and officers who can reach their threshold."""
    with pytest.raises(InvalidInput, match=f"^{message}$"):
        check_body(replace(period, **change), START)


@pytest.mark.parametrize("body", [LOG_OPENED, POLICY_CHANGED], ids=["opened", "changed"])
@pytest.mark.parametrize(
    ("approvers", "rows", "message"),
    [
        pytest.param((SHORT,), (), f"approvers: {LENGTH}", id="a short key"),
        pytest.param((key("a"), QUANTUM), (), f"approvers: {ALGORITHM}", id="a new algorithm"),
        pytest.param((key("a"), key("b"), key("a")), (), "approvers: the same key stands twice", id="a key twice"),
        pytest.param((key("a"),), ((0, 2),), f"thresholds: {BEYOND} approvers", id="two of one"),
        pytest.param((), ((0, 1),), f"thresholds: {BEYOND} approvers", id="one of none"),
        pytest.param((key("a"),), ((0, 1), (17, 2)), f"thresholds: {BEYOND} approvers", id="two of one in a later row"),
        pytest.param((key("a"),), ((0, 1), (0, 1)), "thresholds: rows must ascend by body, one each", id="a row twice"),
        pytest.param((key("a"),), ((17, 1), (0, 1)), "thresholds: rows must ascend by body, one each", id="descending"),
    ],
)
def test_approval_policies(
    body: bodies.Body, approvers: tuple[PublicKey, ...], rows: tuple[tuple[int, int], ...], message: str
) -> None:
    """Approvers are distinct keys, thresholds ascend and can be reached."""
    thresholds = tuple(bodies.Threshold(number, count) for number, count in rows)
    changes: dict[str, Any] = {"approvers": approvers, "thresholds": thresholds}
    with pytest.raises(InvalidInput, match=f"^{message}$"):
        check_body(replace(body, **changes), START)


@pytest.mark.parametrize(
    ("vkey", "message"),
    [
        ("vkey", "vkey: not name"),
        (VKey.of("other.example", ED25519, key("checkpoints").key).format(), "checkpoint_vkey: its name must be"),
        (VKey.of(ORIGIN, ED25519, key("checkpoints").key).format()[:-4], "vkey: the public key must be 32 bytes"),
    ],
)
def test_a_log_opens_with_the_key_of_its_origin(vkey: str, message: str) -> None:
    """The checkpoint key is a verifier key whose name is the origin, or no log opens."""
    with pytest.raises(InvalidInput, match=message):
        check_body(replace(LOG_OPENED, checkpoint_vkey=vkey), START)


@pytest.mark.parametrize("small", [bytes(32), b"\x01" + bytes(31)])
@pytest.mark.parametrize("body", [AUDITOR_ADDED, AUDITOR_REMOVED])
def test_auditors_have_keys_that_hide(body: bodies.AuditorAdded | bodies.AuditorRemoved, small: bytes) -> None:
    """An X25519 key of small order is refused: no source could box anything to it."""
    with pytest.raises(InvalidInput, match="x25519_key: a point of small order"):
        check_body(replace(body, x25519_key=Hash(small)), START)


def test_the_ledgers_own_id_is_no_sources() -> None:
    """A source bears any id but the ledger's, and is called by it."""
    assert check_enrolled_id("ledger.eu-1") == "ledger.eu-1"
    with pytest.raises(InvalidInput, match=r"^source_id: is the ledger's own$"):
        check_enrolled_id(LEDGER)
