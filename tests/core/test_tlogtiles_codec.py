"""Tiles and bundles hold exactly what they should, as C2SP tlog-tiles lays it out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.encoding import sha256
from ledger.core.errors import InvalidInput
from ledger.core.merkle import leaf_hash
from ledger.core.tlogtiles import (
    BUNDLE_BYTES,
    MAX_ENTRY,
    TILE_BYTES,
    WIDTH,
    Leaves,
    decode_entries,
    decode_hashes,
    encode_entries,
    encode_hashes,
)

HASHES = tuple(sha256(bytes((number,))) for number in range(WIDTH))
ENTRIES = (b"one", b"", b"\x00\x01", bytes(300))
BUNDLE = b"\x00\x03one" + b"\x00\x00" + b"\x00\x02\x00\x01" + b"\x01\x2c" + bytes(300)


def test_a_full_tile_is_eight_kilobytes() -> None:
    """A tile is its hashes in a row, a full one 8,192 bytes."""
    data = encode_hashes(HASHES)
    assert len(data) == TILE_BYTES == 8192
    assert data[32:64] == HASHES[1]
    assert decode_hashes(data, WIDTH) == HASHES
    assert decode_hashes(data[:96], 3) == HASHES[:3]


@pytest.mark.parametrize("length", [0, 31, 32, 63, 65, 95, 96])
def test_a_tile_of_another_width_is_refused(length: int) -> None:
    """A tile one hash or byte too long or too short is refused."""
    with pytest.raises(InvalidInput, match=r"^tile: must be 2 hashes of 32 bytes$"):
        decode_hashes(encode_hashes(HASHES)[:length], 2)


def test_a_bundle_is_lengths_and_entries() -> None:
    """Each entry follows its length in two big-endian bytes; an entry may be empty."""
    assert encode_entries(ENTRIES) == BUNDLE
    assert decode_entries(BUNDLE, 4) == ENTRIES
    assert decode_entries(b"", 0) == ()


def test_the_longest_entry_fits() -> None:
    """65,535 bytes are an entry, one more is refused, and no bundle is longer than 256 of these."""
    data = encode_entries([bytes(MAX_ENTRY)])
    assert decode_entries(data, 1) == (bytes(MAX_ENTRY),)
    assert len(data) * WIDTH == BUNDLE_BYTES
    with pytest.raises(InvalidInput, match=r"^entry: longer than 65535 bytes$"):
        encode_entries([b"", bytes(MAX_ENTRY + 1)])


@pytest.mark.parametrize("end", range(len(BUNDLE)))
def test_a_cut_bundle_is_refused(end: int) -> None:
    """No prefix of a bundle is a bundle of as many entries."""
    with pytest.raises(InvalidInput, match=r"^entry bundle: must be 4 entries, each after its length$"):
        decode_entries(BUNDLE[:end], 4)


@pytest.mark.parametrize("width", [0, 3, 5, 256])
def test_a_bundle_of_another_count_is_refused(width: int) -> None:
    """More or fewer entries than the tree says are refused."""
    with pytest.raises(InvalidInput, match=f"^entry bundle: must be {width} entries, each after its length$"):
        decode_entries(BUNDLE, width)


@pytest.mark.parametrize("tail", [b"\x00", b"\x00\x00", b"\x00\x05abc", b"\xff\xff"])
def test_bytes_behind_a_bundle_are_refused(tail: bytes) -> None:
    """Nothing may follow the last entry."""
    with pytest.raises(InvalidInput, match=r"^entry bundle: "):
        decode_entries(BUNDLE + tail, 4)


@given(st.lists(st.binary(max_size=600), max_size=WIDTH))
def test_bundles_read_back(entries: list[bytes]) -> None:
    """Any entries come back from their bundle."""
    assert decode_entries(encode_entries(entries), len(entries)) == tuple(entries)


@given(st.binary(max_size=200))
def test_what_decodes_encodes_to_the_same_bytes(data: bytes) -> None:
    """No two bundles hold the same entries."""
    for width in range(20):
        try:
            entries = decode_entries(data, width)
        except InvalidInput:
            continue
        assert encode_entries(entries) == data


def test_leaves_carry_their_hashes() -> None:
    """Entries and leaf hashes are made and cut together."""
    leaves = Leaves.of(ENTRIES)
    assert leaves.hashes == tuple(map(leaf_hash, ENTRIES))
    assert len(leaves) == 4
    assert leaves.cut(1, 3) == Leaves.of(ENTRIES[1:3])
    assert leaves.cut(3) == Leaves.of(ENTRIES[3:])
