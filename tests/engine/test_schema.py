"""Keys of the store sort as the numbers they hold, and no two rows share one."""

from collections.abc import Callable

import pytest

from ledger.engine import schema

NUMBERED: tuple[Callable[[int], bytes], ...] = (
    schema.entry_key,
    schema.payload_key,
    schema.shred_key,
    schema.sealed_keys_key,
    schema.queue_key,
    schema.batch_key,
    schema.auditor_key,
    schema.life_key,
    lambda number: schema.tile_key(3, number),
    lambda number: schema.chain_key("alpha", number),
)
NUMBERS = [0, 1, 255, 256, 65_535, 65_536, 2**32, 2**63 - 1, 2**64 - 1]


@pytest.mark.parametrize("key", NUMBERED)
def test_keys_sort_as_their_numbers(key: Callable[[int], bytes]) -> None:
    """Byte order is number order over the whole range of u64, and the number can be read back."""
    keys = [key(number) for number in NUMBERS]
    assert keys == sorted(keys)
    assert [schema.index_of(item) for item in keys] == NUMBERS


def test_every_row_has_a_key_of_its_own() -> None:
    """The same number or name under two prefixes, levels or sources never gives one key."""
    keys = [key(7) for key in NUMBERED]
    keys += [schema.tile_key(4, 7), schema.chain_key("alph", 7), schema.chain_key("alpha0", 7)]
    keys += [schema.meta_key("alpha"), schema.source_key("alpha"), schema.source_key("alph")]
    assert len(set(keys)) == len(keys)


def test_a_source_id_that_begins_like_another_has_its_own_range() -> None:
    """Chain rows are keyed by length first, so those of ``a`` end before those of ``aa`` and never hold them."""
    first, last = schema.chain_key("a", 0), schema.chain_key("a", 2**64 - 1)
    assert not first <= schema.chain_key("aa", 0) <= last
    assert not first <= schema.chain_key("b", 0) <= last


def test_each_prefix_is_one_byte_and_named() -> None:
    """Every prefix of a key has a name for messages, and ``after`` is the first key past all of its rows."""
    prefixes = (
        {key(0)[:1] for key in NUMBERED}
        | {schema.deposit_key(0, b"")[:1]}
        | {schema.meta_key("x")[:1], schema.source_key("x")[:1]}
    )
    assert prefixes == set(schema.KINDS)
    for prefix in prefixes:
        assert prefix + b"\xff" * 300 < schema.after(prefix)
        assert schema.after(prefix)[:-1] == b""
