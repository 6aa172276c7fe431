"""Receipts that are written together are the same files as those written one by one."""

from dataclasses import replace

import pytest

from ledger.core.errors import InvalidInput
from ledger.core.receipt import ReceiptWriter
from tests.core.world import mixed

WORLD = mixed()
BATCH = range(4, 7)


def test_a_batch_is_written_as_its_receipts_one_by_one() -> None:
    """Each receipt has its own leaf, place and paths, and the rest is shared, whatever the order."""
    common = replace(WORLD.receipt_extra(BATCH[0]), leaf=b"", batch_path=())
    writer = ReceiptWriter(WORLD.checkpoint(), common)
    for index in (*BATCH, *reversed(BATCH)):
        extra = WORLD.receipt_extra(index)
        written = writer.write(index, WORLD.inclusion(index), extra.leaf, extra.batch_path)
        assert written == WORLD.receipt(index)


def test_no_receipt_under_a_malformed_checkpoint() -> None:
    """A checkpoint that is no note is refused before the first receipt."""
    with pytest.raises(InvalidInput, match=r"^note: without a blank line"):
        ReceiptWriter(b"", WORLD.receipt_extra(4))
