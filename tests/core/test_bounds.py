"""The bounds are the protocol's numbers, whatever the code calls them."""

from ledger.core import (
    admission,
    batch,
    canonical_json,
    encoding,
    lookup_keys,
    receipt,
    rules,
    sealed,
    slots,
    statement,
)


def test_bounds_of_a_batch() -> None:
    """A leaf has 16 KiB, a batch 1,024 statements and with its payloads 4 MiB; clocks may differ by 5 minutes."""
    assert (statement.MAX_STATEMENT, batch.MAX_BATCH) == (16_384, 1_024)
    assert (admission.MAX_BATCH_BYTES, admission.CLOCK_TOLERANCE) == (4_194_304, 5)


def test_bounds_of_numbers() -> None:
    """Sizes end at 2^63 - 1, sequences one earlier, so that the end of a batch is one too; JSON's integers at 2^53."""
    assert (encoding.MAX_SIZE, statement.MAX_SEQUENCE) == (0x7FFFFFFFFFFFFFFF, 0x7FFFFFFFFFFFFFFE)
    assert canonical_json.INTEGER_BOUND == 0x20000000000000


def test_bounds_of_bodies() -> None:
    """Parts, embargoes, grace and names are bounded as the protocol and its field rules say."""
    assert (rules.MAX_PARTS, rules.MAX_EMBARGO_MONTHS, rules.MAX_GRACE_HOURS, rules.MAX_NAME) == (64, 36, 744, 253)


def test_bounds_of_what_is_sealed() -> None:
    """Key classes, payload classes, slots and the extra line of a receipt have the protocol's sizes."""
    assert lookup_keys.CLASSES == rules.KEY_CLASSES == (4, 16, 64, 256)
    assert (sealed.CLASSES[0], sealed.CLASSES[-1], len(sealed.CLASSES)) == (512, 262_144, 10)
    assert (slots.SLOT_COUNT, slots.SALT_SIZE, slots.PATH_SIZE) == (32, 16, 5)
    assert receipt.MAX_EXTRA == 262_144
