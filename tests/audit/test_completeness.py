"""A log's files read for judgment: nothing is judged that the checkpoint does not cover, nor read on in vain."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ledger.audit.completeness import judge, judge_files, judge_server
from ledger.audit.reading import FilesLog
from ledger.client.reads import LogClient
from ledger.core.checkpoint import cosign, open_checkpoint
from ledger.core.errors import Unavailable, VerificationFailed
from ledger.core.findings import Evidence, Kind
from ledger.core.merkle import leaf_hash
from ledger.core.policy import Policy
from ledger.core.tlogtiles import Leaves
from ledger.tiles.folder import open_writer
from ledger.tiles.source import FolderSource
from tests.client.honest import pins
from tests.client.lying import lying
from tests.core.judging import WITNESS, anchor, policy_of
from tests.core.world import START, World, mixed


def files(world: World, folder: Path, note: bytes | None = None) -> FolderSource:
    """Write a log's files and return where they are."""
    with open_writer(folder, world.vkey) as writer:
        writer.append(Leaves.of(world.leaves))
        writer.publish(world.checkpoint() if note is None else note)
    return FolderSource(folder)


def test_files_are_judged_as_the_leaves_are(tmp_path: Path) -> None:
    """All that the checkpoint covers is read, in order."""
    world = mixed()
    log = FilesLog(files(world, tmp_path / "log"), world.vkey)
    assert [leaf for chunk in log.read() for leaf in chunk] == world.leaves
    assert judge(log.read(), world.vkey).state == world.state


def test_a_quorum_is_told_not_asked_for(tmp_path: Path) -> None:
    """Exported checkpoints are bare; whether one is cosigned as the policy asks is said beside the judgment."""
    world = mixed()
    policy = Policy.parse(policy_of(world))
    signed = open_checkpoint(world.checkpoint(), world.vkey)
    note = signed.note.with_signature(cosign(signed.checkpoint, 1_767_139_200, WITNESS)).format()
    bare = files(world, tmp_path / "bare")
    assert not FilesLog(bare, world.vkey, policy).cosigned
    cosigned = files(world, tmp_path / "cosigned", note)
    assert FilesLog(cosigned, world.vkey, policy).cosigned
    assert not FilesLog(cosigned, world.vkey).cosigned


def test_what_is_no_log_is_not_judged(tmp_path: Path) -> None:
    """No checkpoint, one that is none, and an entry that the tree does not have are told apart."""
    world = mixed()
    with pytest.raises(Unavailable, match="checkpoint: there is none"):
        FilesLog(FolderSource(tmp_path / "nowhere"), world.vkey)
    source = files(world, tmp_path / "log")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/checkpoint").write_bytes(b"no note")
    with pytest.raises(VerificationFailed, match="checkpoint: "):
        FilesLog(FolderSource(tmp_path / "other"), world.vkey)
    bundle = next((tmp_path / "log/tile/entries").rglob("17"))
    bundle.write_bytes(bundle.read_bytes()[:-1] + b"\x00")
    with pytest.raises(VerificationFailed, match="its entries are not those of the tree"):
        judge(FilesLog(source, world.vkey).read(), world.vkey)


def test_nobody_reads_on_behind_a_contradiction() -> None:
    """Where the judgment ends, what follows is not even asked for."""
    world = mixed()

    def chunks() -> Iterator[Sequence[bytes]]:
        yield world.leaves[:1]
        yield [b"\x08\x01junk\xfa\xff\xff\xff\x0f"]
        raise AssertionError

    judgment = judge(chunks(), world.vkey)
    assert judgment.noted.stop is not None
    assert judgment.noted.stop.index == 1


def test_a_tree_that_ends_within_a_batch_is_found() -> None:
    """What is left without a seal is judged as what it is."""
    world = mixed()
    judgment = judge([world.leaves[:5]], world.vkey)
    assert judgment.noted.stop is not None
    assert judgment.noted.stop.words == "seal: missing on the last statement"


def anchored(sizes: dict[int, bool]) -> World:
    """Return a log with an ANCHOR for each size, of its own tree or else of one that has another entry there."""
    world, other = mixed(), mixed()
    for _ in range(3):
        world.disclose("beta")
    other.change_key("beta")
    for _ in range(2):
        other.disclose("beta")
    for size, own in sizes.items():
        anchor(world, START, size, None if own else other)
    return world


SIZES = {1: True, 17: True, 18: True, 19: False, 20: True}


async def test_anchors_are_held_against_the_tree(tmp_path: Path) -> None:
    """Whoever keeps the log: an ANCHOR of a tree that is not this one's contradicts it, the others say nothing."""
    world = anchored(SIZES)
    index = world.size - 2
    async with lying(world) as ledger:
        served = await judge_server(LogClient(ledger.channel, pins(world)))
    of_files = judge_files(FilesLog(files(world, tmp_path / "log"), world.vkey), world.vkey)
    for judgment in (served, of_files):
        assert judgment.noted.stop is None
        (finding,) = [item for item in judgment.noted.findings if item.kind is Kind.CONTRADICTED]
        assert finding.evidence == (Evidence(index, leaf_hash(world.leaves[index])),)
        assert "another root for its first 19 entries" in finding.words


async def test_a_log_that_anchors_itself_is_not_contradicted(tmp_path: Path) -> None:
    """Of any size, also that of the whole tree before the ANCHOR."""
    world = anchored(dict.fromkeys(SIZES, True))
    anchor(world, START)
    async with lying(world) as ledger:
        judgment = await judge_server(LogClient(ledger.channel, pins(world)))
    of_files = judge_files(FilesLog(files(world, tmp_path / "log"), world.vkey), world.vkey)
    for found in (judgment, of_files):
        assert [item for item in found.noted.findings if item.kind is Kind.CONTRADICTED] == []
        assert found.claims() == []


async def test_a_served_log_is_judged_up_to_where_it_contradicts_itself() -> None:
    """What follows is not read."""
    world = mixed()
    async with lying(world) as ledger:
        ledger.world.leaves[-1] = ledger.world.leaves[-1][:-1] + b"\x00"
        judgment = await judge_server(LogClient(ledger.channel, pins(world)))
    assert judgment.noted.stop is not None
    assert judgment.size < world.size
