"""SubmitBatch refuses what travels beside the statements unless it fits them: payloads, shreds, lookup keys, boxes."""

from collections.abc import Callable

import pytest

from ledger.v1.disclosure_pb2 import Attachment, SealedKey, SubmitBatchRequest
from tests.core.world import disclosure
from tests.service.calls import refusal, stub, unchanged
from tests.service.hand import Hand, malformed, private_disclosure

pytestmark = pytest.mark.asyncio(loop_scope="module")

Change = Callable[[SubmitBatchRequest], object]


def attachment(change: Callable[[Attachment], object]) -> Change:
    """Change what travels beside the first statement."""
    return lambda request: change(request.attachments[0])


def box(change: Callable[[SealedKey], object]) -> Change:
    """Change the first box."""
    return lambda request: change(request.sealed_keys[0])


def put(name: str, value: object) -> Callable[[object], None]:
    """Set one field."""
    return lambda message: setattr(message, name, value)


def flipped(name: str) -> Callable[[object], None]:
    """Flip the last bit of one field."""

    def change(message: object) -> None:
        data = getattr(message, name)
        setattr(message, name, data[:-1] + bytes((data[-1] ^ 1,)))

    return change


def swapped(name: str) -> Change:
    """Put the first two of a repeated field in the other order."""

    def change(request: SubmitBatchRequest) -> None:
        items = list(getattr(request, name))
        request.ClearField(name)  # type: ignore[arg-type]  # the stubs know literals only
        getattr(request, name).extend([items[1], items[0], *items[2:]])

    return change


def key(change: Callable[[object], object]) -> Change:
    """Change the first lookup key."""
    return attachment(lambda item: change(item.keys[0]))


@pytest.mark.parametrize(
    ("change", "field", "bound"),
    [
        pytest.param(attachment(put("payload", b"")), "payload", "must be 104 bytes and one of 512, ", id="no payload"),
        pytest.param(attachment(put("payload", bytes(262_249))), "payload", "262144", id="a payload too large"),
        pytest.param(attachment(put("payload", bytes(1000))), "payload", "1024, 2048", id="a payload of no class"),
        pytest.param(
            attachment(flipped("payload")), "payload_digest", "does not match the payload", id="another payload"
        ),
        pytest.param(attachment(put("shred", bytes(31))), "shred", "must be 32 bytes", id="a short shred"),
        pytest.param(attachment(flipped("shred")), "attachment", "shred hash: ", id="another shred"),
        pytest.param(key(put("type", "passport")), "keys.type", "must be one of phone, ", id="an unknown key type"),
        pytest.param(key(put("version", 2)), "keys.version", "only 1 is known", id="an unknown canonicaliser"),
        pytest.param(key(put("value", b"")), "keys.value", "must be 1 to 65535 bytes", id="an empty key"),
        pytest.param(
            key(put("value", b"+1 202 555 0143")), "keys.value", "not the canonical form", id="a key not canonical"
        ),
        pytest.param(key(put("value", b"+12025550144")), "attachment", "keys root", id="another key"),
        pytest.param(key(flipped("salt")), "attachment", "keys root", id="another salt"),
        pytest.param(key(put("salt", b"")), "keys.salt", "must be 16 bytes", id="no salt"),
        pytest.param(attachment(lambda item: item.keys.pop()), "keys.padding", "do not add up", id="a key kept back"),
        pytest.param(
            attachment(lambda item: item.padding.pop()), "keys.padding", "do not add up", id="padding missing"
        ),
        pytest.param(
            attachment(lambda item: item.padding.__setitem__(0, b"short")),
            "keys.padding",
            "must be 32 bytes",
            id="short padding",
        ),
        pytest.param(lambda r: r.attachments.pop(), "attachments", "exactly one", id="an attachment kept back"),
        pytest.param(
            lambda r: r.attachments.add().CopyFrom(r.attachments[1]), "attachments", "exactly one", id="a doubled one"
        ),
        pytest.param(
            swapped("attachments"), "attachments", "exactly one, in their order", id="attachments out of order"
        ),
        pytest.param(attachment(put("position", 7)), "attachments", "exactly one", id="an attachment of no statement"),
        pytest.param(box(put("box", bytes(79))), "sealed_keys.box", "must be 80 bytes", id="a short box"),
        pytest.param(box(put("suite", 2)), "sealed_keys.suite", "only 1 is known", id="an unknown suite"),
        pytest.param(box(put("key_id", b"")), "sealed_keys.key_id", "must be 32 bytes", id="a box for nobody"),
        pytest.param(box(flipped("box")), "sealed_keys_digest", "does not match the sealed keys", id="another box"),
        pytest.param(
            lambda r: r.ClearField("sealed_keys"), "sealed_keys_digest", "does not match", id="no boxes at all"
        ),
        pytest.param(swapped("sealed_keys"), "sealed_keys", "do not ascend strictly", id="boxes out of order"),
        pytest.param(
            lambda r: r.sealed_keys.extend([r.sealed_keys[0]] * 63), "sealed_keys", "at most 64", id="65 boxes"
        ),
        pytest.param(put("log_id", bytes(31)), "log_id", "must be 32 bytes", id="a short log id"),
        pytest.param(put("key_statement", b""), "key_statement", "must be 32 bytes", id="no key statement"),
        pytest.param(put("previous", bytes(33)), "previous", "must be 32 bytes", id="a long previous"),
    ],
)
async def test_what_does_not_fit_the_statements_is_refused(
    source: Hand, change: Change, field: str, bound: str
) -> None:
    """A payload, shred, key or box that does not match what the leaf commits to is refused by name and bound."""
    found, description = await malformed(source, change)
    assert found == field
    assert bound in description


async def test_a_batch_past_four_mebibytes_is_refused(source: Hand) -> None:
    """Statements and payloads of more than 4 MiB together are refused, though each is within its own bound."""
    large = disclosure(notes="n" * 4000, source_system="s" * 500)
    request = source.request(*([large] * 500))
    assert sum(map(len, request.statements)) + sum(len(item.payload) for item in request.attachments) > 4 << 20
    async with source.channel() as transport, unchanged(source.served):
        answer = await refusal(stub(transport, "disclosure").SubmitBatch(request))
    assert answer.violations == [("batch", "statements and payloads must be at most 4194304 bytes in all")]


async def test_a_large_batch_is_refused_as_a_small_one_is(source: Hand) -> None:
    """A batch that is examined on another thread is refused with the same words."""
    request = source.request(*([private_disclosure()] * 9))
    request.attachments[8].shred = bytes(32)
    async with source.channel() as transport, unchanged(source.served):
        answer = await refusal(stub(transport, "disclosure").SubmitBatch(request))
    assert answer.violations == [("attachment", "shred hash: the payload names another shred")]
