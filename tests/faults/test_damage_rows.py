"""Whatever row holds a wrong bit, the server does not start, says DATA_LOSS, or answers what does not verify."""

from collections.abc import AsyncIterator

import grpc
import pytest
import pytest_asyncio

from ledger.engine import schema
from ledger.v1.audit_pb2 import StreamSealedPayloadsRequest
from tests.faults.damage_log import Whole, ask, row_bit, sampled, serving_copy, whole
from tests.faults.damage_rows import REFUSED, SERVED, judge
from tests.service.calls import refusal


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def held() -> AsyncIterator[Whole]:
    """Fill a log that has every kind of row, and stop it."""
    async with whole() as filled:
        yield filled


STARTS = {
    schema.META: REFUSED,
    schema.SOURCES: REFUSED,
    schema.AUDITORS: REFUSED,
    schema.PAYLOADS: SERVED,
    schema.SHREDS: SERVED,
    schema.SEALED_KEYS: SERVED,
    schema.QUEUE: SERVED,
    schema.BATCHES: SERVED,
    schema.CHAINS: SERVED,
}
"""How a server takes a bit in a row of each kind; entries and tiles are refused where the checkpoint rests on them."""


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("prefix", schema.KINDS, ids=list(schema.KINDS.values()))
async def test_a_wrong_bit_misleads_nobody_and_is_never_signed(held: Whole, prefix: bytes) -> None:
    """Clients get the old answer, DATA_LOSS, or one that does not verify; the checkpoint is of the true leaves."""
    for number, key in enumerate(sampled(held.rows, prefix)):
        bit = (len(held.rows[key]) * 8 - 1) * (2 + 3 * number) // 8 % (len(held.rows[key]) * 8)
        how, wrong = await judge(held, row_bit(held, key, bit))
        assert not wrong, key
        assert how == STARTS.get(prefix, how), key


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("prefix", [schema.ENTRIES, schema.TILES], ids=["an entry", "a tile"])
async def test_a_wrong_bit_under_the_checkpoint_keeps_the_server_down(held: Whole, prefix: bytes) -> None:
    """Entries past the last full tile, and the tiles above it, are what the checkpoint is compared with at a start."""
    key = max(key for key in held.rows if key[:1] == prefix)
    assert await judge(held, row_bit(held, key, 5)) == (REFUSED, [])


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("key", "bit"),
    [(schema.sealed_keys_key(4), 8 * 60), (schema.sealed_keys_key(4), -8), (schema.batch_key(4), 8 * 12 - 8)],
    ids=["a box", "another box", "how many entries a batch has"],
)
async def test_boxes_that_are_not_the_seals_are_told_as_damage(held: Whole, key: bytes, bit: int) -> None:
    """An auditor whose box is damaged must not take that for a batch that was not sealed to it."""
    bit %= 8 * len(held.rows[key])
    async with serving_copy(held, row_bit(held, key, bit)) as served:
        request = StreamSealedPayloadsRequest(begin=0, end=held.size)
        answer = await refusal(ask(served, held.hand, held.auditor, ("audit", "StreamSealedPayloads", request)))
    assert answer.code is grpc.StatusCode.DATA_LOSS
    assert answer.message == "sealed keys: not those of the batch's seal; run ledgerctl fsck"
