"""The checker of the campaigns: honest histories pass, and each broken promise is named."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.client.exchange import Chain
from ledger.client.profile import Profile
from ledger.client.reads import Pins
from ledger.core.checkpoint import Checkpoint, cosign, open_checkpoint, sign_checkpoint
from ledger.core.encoding import ZERO_HASH
from ledger.core.merkle import hash_leaves, tree_root
from ledger.core.note import SigningKey
from ledger.core.policy import Policy
from ledger.core.witnessing import KnownLog, Latest
from ledger.v1.disclosure_pb2 import SubmitBatchRequest
from tests.core.world import ORIGIN, World, disclosure, secret
from tests.faults.invariants import check_entries, check_roots, check_sources, check_witnesses
from tests.faults.seen import Seen, Violation
from tests.faults.sources import Sent, Source, dice
from tests.served import ORIGIN as ORIGIN_SERVED
from tests.served import Member
from tests.service.cosigning import Running, policy_of


def history() -> tuple[World, Seen, list[Source]]:
    """Return a log, all that was told of it, and its two sources; alpha's last batch is logged but unanswered.

    0 LOG_OPENED · 1 alpha · 2 beta · 3 auditor · 4…6 three of alpha · 7…8 two of beta · 9 one of alpha.
    """
    world = World.open()
    world.enrol("alpha")
    world.enrol("beta")
    world.add_auditor("one")
    world.disclose("alpha", disclosure(), disclosure(), disclosure())
    world.disclose("beta", disclosure(), disclosure())
    world.disclose("alpha")
    seen = Seen(Pins(ORIGIN, world.vkey, world.log_id))
    sources = {name: blank(name) for name in ("alpha", "beta")}
    for placed in world.placed[4:]:
        batch = placed.batch
        answered = placed is not world.placed[-1]
        index = placed.first if answered else None
        sources[batch.source_id].sent.append(Sent(SubmitBatchRequest(), batch, placed.binding, index))
        if answered:
            seen.checkpoint(world.checkpoint(placed.first + batch.count))
            for offset, leaf in enumerate(batch.leaf_hashes):
                seen.entry(batch.source_id, batch.first_sequence + offset, placed.first + offset, leaf)
    return world, seen, list(sources.values())


def blank(name: str) -> Source:
    """Return a source that has signed nothing."""
    member = Member(Profile(Path(), "", "", "", ""))
    return Source(member, Chain(name, ZERO_HASH, {}), ZERO_HASH, dice(1), [])


def verify(seen: Seen, sources: list[Source], leaves: list[bytes]) -> dict[str, int]:
    """Check all that can be checked on leaves alone."""
    check_roots(seen, leaves)
    check_entries(seen, leaves)
    return check_sources(sources, leaves)


@pytest.mark.parametrize("end", [9, 10], ids=["lost", "kept"])
def test_an_unanswered_batch_may_be_kept_or_lost(end: int) -> None:
    """All that was told holds with and without the batch that nobody was answered for."""
    world, seen, sources = history()
    assert verify(seen, sources, world.leaves[:end]) == {"ledger": 4, "alpha": end - 6, "beta": 2}


def swapped(leaves: list[bytes]) -> list[bytes]:
    """Exchange two entries."""
    return [*leaves[:4], leaves[5], leaves[4], *leaves[6:]]


BROKEN: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str]] = {
    "entries that were told are gone": (lambda leaves: leaves[:8], "a tree of 9 was told, 8 entries are there"),
    "an entry was rewritten": (lambda leaves: [*leaves[:5], b"", *leaves[6:]], "do not give the root .* tree of 7"),
    "two entries changed places": (swapped, "do not give the root .* tree of 7"),
    "an entry that nobody was told of was rewritten": (lambda leaves: [b"", *leaves[1:]], "do not give the root"),
}


@pytest.mark.parametrize(("change", "message"), BROKEN.values(), ids=BROKEN)
def test_a_changed_log_does_not_give_the_roots_that_were_told(
    change: Callable[[list[bytes]], list[bytes]], message: str
) -> None:
    """Whatever is changed below a checkpoint that left the ledger is seen, acknowledged or not."""
    world, seen, _ = history()
    with pytest.raises(Violation, match=message):
        check_roots(seen, change(world.leaves))


def test_an_acknowledged_entry_at_another_place_is_seen() -> None:
    """Each acknowledged entry has to stand at the index of its answer, and nothing else there."""
    world, seen, _ = history()
    for change in (swapped, lambda leaves: leaves[:6]):
        with pytest.raises(Violation, match=r"alpha \d: acknowledged at index \d, something else stands there"):
            check_entries(seen, change(world.leaves))


CHAINS: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str]] = {
    "half a batch": (lambda leaves: leaves[:6], "alpha 0: a batch of 3 is there in part"),
    "an answered batch is missing": (lambda leaves: leaves[:7], "beta 0: a batch of 2 is there in part"),
    "a batch is there twice": (lambda leaves: [*leaves, leaves[9]], "alpha: has 5 entries, its batches up to there 4"),
    "a batch is torn apart": (lambda leaves: [*leaves[:5], leaves[7], *leaves[5:7], leaves[8]], "is not contiguous"),
    "a batch moved": (lambda leaves: [*leaves[:4], *leaves[7:9], *leaves[4:7]], "answered with index 4, stands at 6"),
}


@pytest.mark.parametrize(("change", "message"), CHAINS.values(), ids=CHAINS)
def test_a_chain_is_its_batches_whole_and_once(change: Callable[[list[bytes]], list[bytes]], message: str) -> None:
    """A batch is in the log whole, contiguous, once and where its answer said, or not at all while it is unanswered."""
    world, _, sources = history()
    with pytest.raises(Violation, match=message):
        check_sources(sources, change(world.leaves))


def test_entries_of_a_stranger_are_seen() -> None:
    """Nobody but the sources of the campaign has signed anything."""
    world, _, sources = history()
    with pytest.raises(Violation, match="beta: nobody here signed for it"):
        check_sources(sources[:1], world.leaves)


def test_two_roots_for_one_size_are_seen() -> None:
    """A second signed root of a tree size that was told before is a second history."""
    world, seen, _ = history()
    seen.checkpoint(world.checkpoint(9))
    forked = sign_checkpoint(replace(Checkpoint(ORIGIN, 9, world.root(9)), root=ZERO_HASH), world.log).note.format()
    with pytest.raises(Violation, match="two roots were signed for the tree of 9"):
        seen.checkpoint(forked)


def test_a_second_answer_for_an_entry_is_seen() -> None:
    """An entry is acknowledged at one index for good, however often it is sent."""
    world, seen, _ = history()
    index, leaf = seen.entries["alpha", 1]
    seen.entry("alpha", 1, index, leaf)
    for other in ((index + 1, leaf), (index, ZERO_HASH)):
        with pytest.raises(Violation, match="alpha 1: acknowledged twice, differently"):
            seen.entry("alpha", 1, *other)
    assert world.size == 10


def test_neighbouring_checkpoints_wait_for_their_proof_once() -> None:
    """A checkpoint that arrives late is joined to both its neighbours."""
    world, seen, _ = history()
    assert seen.unproven() == [(7, 9)]
    seen.proven.update(seen.unproven())
    seen.checkpoint(world.checkpoint(8))
    assert seen.unproven() == [(7, 8), (8, 9)]


def witness(path: Path, leaves: list[bytes]) -> Running:
    """Return a witness that cosigned the tree of ``leaves``."""
    log, key = SigningKey(ORIGIN_SERVED, secret("log")), SigningKey("witness.example", secret("witness"))
    found = Running("one", path, key, 0)
    found.know(log.vkey())
    signed = sign_checkpoint(Checkpoint(ORIGIN_SERVED, len(leaves), tree_root(hash_leaves(leaves))), log)
    note = signed.note.with_signature(cosign(signed.checkpoint, 1, key))
    found.state.put(KnownLog(log.vkey(), ORIGIN_SERVED, Latest(replace(signed, note=note), 1)))
    return found


def test_what_a_witness_cosigned_is_in_the_log(tmp_path: Path) -> None:
    """A tree that a witness cosigned and the log no longer has, or evidence that it keeps, is a broken promise."""
    leaves = [b"%d" % number for number in range(9)]
    kept = witness(tmp_path, leaves[:7])
    check_witnesses([kept], leaves)
    for changed in (leaves[:6], [*leaves[:5], b"", *leaves[6:]]):
        with pytest.raises(Violation, match="witness one: cosigned a tree of 7 that is not the log's"):
            check_witnesses([kept], changed)
    (kept.state.evidence / "1.split").touch()
    with pytest.raises(Violation, match="witness one: was shown two histories"):
        check_witnesses([kept], leaves)


def test_what_is_told_as_cosigned_has_the_quorum(tmp_path: Path) -> None:
    """A note without the quorum, or of a smaller tree than was asked for, is a broken promise."""
    world, seen, _ = history()
    key = SigningKey("witness.example", secret("witness"))
    seen.policy = Policy.parse(policy_of([Running("one", tmp_path, key, 1)], "1"))
    plain = open_checkpoint(world.checkpoint(9), world.vkey)
    with pytest.raises(Violation, match="told as cosigned"):
        seen.quorum(plain.note.format(), 0)
    note = plain.note.with_signature(cosign(plain.checkpoint, 1, key)).format()
    with pytest.raises(Violation, match="a cosigned tree of 10 was asked for, one of 9 was told"):
        seen.quorum(note, 10)
    seen.quorum(note, 9)
    assert seen.cosigned == 9
