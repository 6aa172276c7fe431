"""Receipts are C2SP tlog-proofs to transparency-dev/formats, whoever reads or writes them."""

import pytest

from ledger.core.checkpoint import Checkpoint, sign_checkpoint
from ledger.core.encoding import sha256
from ledger.core.errors import InvalidInput, LedgerError
from ledger.core.merkle import leaf_hash
from ledger.core.note import VKey
from ledger.core.proof import verify_inclusion
from ledger.core.receipt import verify_receipt
from ledger.core.tlogproof import TlogProof
from tests.core.world import World, mixed
from tests.interop.ecosystem import Ecosystem, Job
from tests.interop.material import every_bit_off, key

NOTE = sign_checkpoint(Checkpoint("log.example", 9, sha256(b"root")), key("log.example")).note.format()
PATH = tuple([sha256(b"%d" % level) for level in range(4)])


@pytest.fixture(scope="module")
def world() -> World:
    """A log with a bit of everything."""
    return mixed()


def read_job(raw: bytes, leaf: bytes, vkey: VKey) -> Job:
    """Return the job that verifies a proof file for a leaf."""
    return Job.of("read-tlog-proof", Raw=raw, Leaf=leaf, VKey=vkey.format(), Origin=vkey.name)


def test_every_receipt_verifies_in_go(ecosystem: Ecosystem, world: World) -> None:
    """Go finds every entry under its checkpoint, and would write the same bytes."""
    cases = [(index, size) for size in (1, 8, 13, world.size) for index in range(size)]
    raws = [world.receipt(index, size) for index, size in cases]
    jobs = [read_job(raw, world.leaves[index], world.vkey) for raw, (index, _) in zip(raws, cases, strict=True)]
    for (index, size), raw, verdict in zip(cases, raws, ecosystem.judge(jobs), strict=True):
        assert (verdict["index"], verdict["size"]) == (index, size)
        assert verdict.raw("extra") == TlogProof.parse(raw).extra
        assert verdict.raw("raw") == raw


def test_receipts_of_another_leaf_or_log_are_refused(ecosystem: Ecosystem, world: World) -> None:
    """A receipt proves nothing about other bytes, and nothing under another key."""
    raw, leaf = world.receipt(5), world.leaves[5]
    jobs = [
        *(read_job(raw, other, world.vkey) for other in every_bit_off(leaf)[::97]),
        read_job(raw, world.leaves[4], world.vkey),
        read_job(raw, leaf, key(world.log.name).vkey()),
        read_job(raw, leaf, key("other.example").vkey()),
    ]
    assert all(verdict.refused for verdict in ecosystem.judge(jobs))


@pytest.mark.parametrize("extra", [b"", b"extra", bytes(40_000)])
@pytest.mark.parametrize("path", [(), PATH])
def test_proofs_of_go_are_proofs(ecosystem: Ecosystem, extra: bytes, path: tuple[bytes, ...]) -> None:
    """A proof file that Go writes has the same bytes as ours."""
    fields = {"Extra": extra} if extra else {}
    raw = ecosystem.ask("write-tlog-proof", Index=3, Proof=list(path), Note=NOTE, **fields).raw("raw")
    proof = TlogProof.parse(raw)
    assert (proof.index, proof.path, proof.checkpoint, proof.extra) == (3, path, NOTE, extra)
    assert proof.format() == raw


def test_changed_receipts_are_refused_where_go_refuses(ecosystem: Ecosystem, world: World) -> None:
    """Of the part that C2SP authenticates, what Go refuses after a flipped bit is refused here too."""
    raw = world.receipt(5)
    start = raw.index(b"\nindex ")
    changes = [raw[:start] + tail for tail in every_bit_off(raw[start:])]
    jobs = [read_job(changed, world.leaves[5], world.vkey) for changed in changes]
    for changed, verdict in zip(changes, ecosystem.judge(jobs), strict=True):
        try:
            verify_receipt(changed, world.vkey)
        except InvalidInput:
            continue
        except LedgerError:
            assert verdict.refused
        else:
            assert not verdict.refused


def test_another_origin_than_the_key_name(ecosystem: Ecosystem) -> None:
    """A proof under a checkpoint whose origin is not the key's name verifies once the origin is told."""
    signer = key("key.example")
    leaf = b"leaf"
    raw = TlogProof(0, (), sign_checkpoint(Checkpoint("go.example", 1, leaf_hash(leaf)), signer).note.format()).format()
    fields = {"Raw": raw, "Leaf": leaf, "VKey": signer.vkey().format()}
    assert ecosystem.ask("read-tlog-proof", Origin="go.example", **fields)["size"] == 1
    assert ecosystem.ask("read-tlog-proof", Origin="key.example", **fields).refused
    assert verify_inclusion(leaf_hash(leaf), 0, 1, (), leaf_hash(leaf)) == leaf_hash(leaf)
