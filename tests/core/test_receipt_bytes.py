"""A receipt file is what it is: cut, lengthened or changed in a single bit, it proves nothing."""

from collections.abc import Iterator

import pytest

from ledger.core.errors import InvalidInput, LedgerError, Uncheckable, VerificationFailed
from ledger.core.note import VKey
from ledger.core.receipt import verify_receipt
from ledger.core.tlogproof import TlogProof
from tests.core.world import World, disclosure

REFUSALS = (InvalidInput, VerificationFailed, Uncheckable)
"""Bytes changed at will may claim a version to come, which is then uncheckable; they never count as proof."""


def small() -> World:
    """Return a log of five entries, the last two one batch: 0 opened, 1 enrolled, 2 auditor, 3 and 4 disclosed."""
    world = World.open()
    world.enrol("alpha")
    world.add_auditor("one")
    world.disclose("alpha", disclosure(), disclosure())
    return world


WORLD = small()


def one_bit_off(data: bytes) -> Iterator[bytes]:
    """Return every string that differs from ``data`` in one bit."""
    for at in range(len(data)):
        for bit in range(8):
            yield data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


def proven(receipt: bytes, vkey: VKey) -> bool:
    """Return whether a receipt verifies; any error but the refusals passes through."""
    try:
        verify_receipt(receipt, vkey)
    except REFUSALS:
        return False
    return True


def test_every_bit_of_a_receipt_counts() -> None:
    """None of the files that differ from a receipt in one bit verifies."""
    receipt = WORLD.receipt(3)
    assert proven(receipt, WORLD.vkey)
    assert [changed for changed in one_bit_off(receipt) if proven(changed, WORLD.vkey)] == []


@pytest.mark.parametrize("index", [0, 4])
def test_every_bit_of_the_extra_counts(index: int) -> None:
    """Inside its base64, too, no bit of leaf, seal, paths, key statement or LOG_OPENED can be changed."""
    proof = TlogProof.parse(WORLD.receipt(index))
    for extra in one_bit_off(proof.extra):
        changed = TlogProof(proof.index, proof.path, proof.checkpoint, extra)
        assert not proven(changed.format(), WORLD.vkey)


@pytest.mark.parametrize("index", range(5))
def test_every_truncation_is_refused(index: int) -> None:
    """A receipt cut short anywhere does not verify."""
    receipt = WORLD.receipt(index)
    assert proven(receipt, WORLD.vkey)
    for end in range(len(receipt)):
        with pytest.raises(REFUSALS):
            verify_receipt(receipt[:end], WORLD.vkey)


@pytest.mark.parametrize("more", [b"\n", b" ", b"\x00", b"x\n", "— other AAAA\n".encode()])
def test_nothing_may_follow_or_come_before(more: bytes) -> None:
    """Bytes before a receipt or after its last line are refused."""
    receipt = WORLD.receipt(3)
    for changed in (receipt + more, more + receipt):
        with pytest.raises(LedgerError):
            verify_receipt(changed, WORLD.vkey)
