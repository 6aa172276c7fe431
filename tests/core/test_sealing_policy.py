"""The sealing policy is canonical JSON with one number that matters."""

import pytest

from ledger.core.errors import InvalidInput
from ledger.core.sealing_policy import DEFAULT, SealingPolicy


def test_the_default_asks_for_one_auditor() -> None:
    """Without a choice each batch key is boxed to one auditor at least."""
    assert SealingPolicy.parse(DEFAULT) == SealingPolicy()


def test_the_minimum_is_read() -> None:
    """The number in the policy is the number that counts."""
    assert SealingPolicy.parse(b'{"min_auditors":3,"publish":["outcome"]}').min_auditors == 3


@pytest.mark.parametrize(
    "policy",
    [
        b"",
        b"\xff",
        b"[]",
        b"1",
        b"[" * 2000,
        b'{"min_auditors":1}',
        b'{"publish":[],"min_auditors":1}',
        b'{"min_auditors": 1,"publish":[]}',
        b'{"min_auditors":0,"publish":[]}',
        b'{"min_auditors":true,"publish":[]}',
        b'{"min_auditors":1.5,"publish":[]}',
        b'{"min_auditors":"1","publish":[]}',
        b'{"min_auditors":1,"publish":{}}',
        b'{"min_auditors":1,"publish":[1]}',
        b'{"extra":0,"min_auditors":1,"publish":[]}',
        b'{"min_auditors":9007199254740993,"publish":[]}',
    ],
)
def test_anything_else_is_refused(policy: bytes) -> None:
    """A policy that is not canonical, or says more or less, is refused."""
    with pytest.raises(InvalidInput, match=r"^sealing_policy: "):
        SealingPolicy.parse(policy)
