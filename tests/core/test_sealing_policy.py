"""The sealing policy is canonical JSON with one number that matters."""

import pytest

from ledger.core.batch import decode_batch
from ledger.core.errors import InvalidInput, PolicySuperseded
from ledger.core.sealing_policy import DEFAULT, PUBLISHABLE, SealingPolicy
from tests.core.embargoed import delivery, gagged
from tests.core.world import World, disclosure


def test_the_default_asks_for_one_auditor() -> None:
    """Without a choice each batch key is boxed to one auditor at least."""
    assert SealingPolicy.parse(DEFAULT) == SealingPolicy()
    assert (SealingPolicy().min_auditors, SealingPolicy().publish) == (1, ())


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
        b'{"min_auditors":1,"publish":[[]]}',
        b'{"extra":0,"min_auditors":1,"publish":[]}',
        b'{"min_auditors":9007199254740993,"publish":[]}',
    ],
)
def test_anything_else_is_refused(policy: bytes) -> None:
    """A policy that is not canonical, or says more or less, is refused."""
    with pytest.raises(InvalidInput, match=r"^sealing_policy: "):
        SealingPolicy.parse(policy)


def test_a_policy_reads_back_as_it_was_written() -> None:
    """Minimum and public fields survive, fields in the order of their slots."""
    policy = SealingPolicy(2, ("authority_country", "legal_process", "outcome"))
    assert SealingPolicy.parse(policy.format()) == policy
    assert policy.positions == (4, 7, 19)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (("notes",), "^sealing_policy: publish may name authority_type, authority_country"),
        (("recipient",), "publish may name"),
        (("produced_at",), "publish may name"),
        (("nobody",), "publish may name"),
        (("outcome", "urgency"), "^sealing_policy: publish must name fields in the order of their slots"),
        (("urgency", "urgency"), "publish must name fields in the order of their slots"),
    ],
)
def test_only_words_and_counts_may_be_public(fields: tuple[str, ...], message: str) -> None:
    """Text, times, digests and recipients could name a case: no policy makes them public."""
    with pytest.raises(InvalidInput, match=message):
        SealingPolicy(1, fields)
    assert not {"notes", "request_reference", "recipient", "produced_at", "artifact", "approvals"} & set(PUBLISHABLE)
    assert {"authority_country", "legal_process", "data_categories", "accounts_disclosed"} <= set(PUBLISHABLE)


def test_leaves_open_what_the_policy_says_and_no_more() -> None:
    """Under a policy each disclosure without an embargo opens its fields; one with an embargo opens none."""
    policy = SealingPolicy(1, ("authority_country", "rejection_reason"))
    worlds = [World.open(sealing_policy=item) for item in (DEFAULT, policy.format())]
    for world in worlds:
        world.enrol("alpha")
        world.add_auditor("one")
    silent, public = [
        decode_batch(world.submission("alpha", disclosure(), disclosure()).statements) for world in worlds
    ]
    policy.check_published(public.leaves)
    SealingPolicy().check_published(silent.leaves)
    for other, leaves in ((policy, silent.leaves), (SealingPolicy(), public.leaves), (policy, silent.leaves[:1])):
        with pytest.raises(PolicySuperseded, match="openings: not the fields that the policy in force makes public"):
            other.check_published(leaves)
    several = decode_batch(worlds[0].submission("alpha", *[disclosure() for _ in range(4)]).statements)
    assert several.leaves[1].is_plain
    SealingPolicy().check_published(several.leaves)
    with pytest.raises(PolicySuperseded):
        policy.check_published(several.leaves[1:2])
    gag = worlds[1].built_batch("alpha", gagged(worlds[1]))
    policy.check_published(gag.leaves)
    SealingPolicy().check_published(gag.leaves)
    assert worlds[1].disclose("alpha") == 3
    policy.check_published(worlds[1].built_batch("alpha", delivery(worlds[1], 3)).leaves)


def test_every_word_and_count_may_be_public_at_once() -> None:
    """A policy may name all that can be named."""
    policy = SealingPolicy(1, PUBLISHABLE)
    assert SealingPolicy.parse(policy.format()) == policy
