"""What a ledger changes in what it hands to an auditor is found, entry by entry, and named."""

from collections.abc import Callable
from typing import Any

import pytest

from ledger.audit.payloads import MISSING, OTHER_BOXES, STRAY
from ledger.core.errors import VerificationFailed
from ledger.v1 import disclosure_pb2
from tests.audit.audited import ONE, audited, opened
from tests.client.lying import lying

Batches = list[disclosure_pb2.SealedBatch]


def each(change: Callable[[Any], None], *indexes: int) -> Callable[[Batches], Batches]:
    """Return a lie that changes the payloads of ``indexes``."""

    def lie(batches: Batches) -> Batches:
        for batch in batches:
            for item in batch.payloads:
                if item.index in indexes:
                    change(item)
        return batches

    return lie


def set_to(**fields: Any) -> Callable[[Any], None]:
    """Return a change that sets fields."""

    def change(item: Any) -> None:
        for name, value in fields.items():
            setattr(item, name, value)

    return change


def flipped(item: disclosure_pb2.SealedPayload) -> None:
    """Flip the payload's last bit."""
    item.payload = item.payload[:-1] + bytes([item.payload[-1] ^ 1])


def swapped(batches: Batches) -> Batches:
    """Exchange the payloads of entries 4 and 5 with their shreds."""
    first, second = batches[1].payloads[:2]
    first.index, second.index = second.index, first.index
    return batches


def without(*indexes: int) -> Callable[[Batches], Batches]:
    """Return a lie that leaves payloads out."""

    def lie(batches: Batches) -> Batches:
        for batch in batches:
            kept = [item for item in batch.payloads if item.index not in indexes]
            batch.ClearField("payloads")
            batch.payloads.extend(kept)
        return batches

    return lie


def boxes(change: Callable[[Any], None]) -> Callable[[Batches], Batches]:
    """Return a lie that changes every box of the first batch."""

    def lie(batches: Batches) -> Batches:
        for box in batches[0].sealed_keys:
            change(box)
        return batches

    return lie


def flip_box(box: disclosure_pb2.SealedKey) -> None:
    """Flip a bit of the box."""
    box.box = bytes([box.box[0] ^ 1]) + box.box[1:]


def without_boxes(batches: Batches) -> Batches:
    """Keep the boxes of the first batch back."""
    batches[0].ClearField("sealed_keys")
    return batches


def other_boxes(batches: Batches) -> Batches:
    """Give the first batch the boxes of the second."""
    batches[0].ClearField("sealed_keys")
    batches[0].sealed_keys.extend(batches[1].sealed_keys)
    return batches


LIES: dict[str, tuple[Callable[[Batches], Batches], dict[int, str]]] = {
    "a payload missing": (without(5), {5: MISSING}),
    "all payloads missing": (lambda _: [], dict.fromkeys((3, 4, 5, 6, 8), MISSING)),
    "a bit of a payload": (each(flipped, 3), {3: "payload digest: not the one in the leaf"}),
    "an empty payload": (each(set_to(payload=b""), 3), {3: "payload digest: not the one in the leaf"}),
    "two payloads swapped": (
        swapped,
        {4: "payload digest: not the one in the leaf", 5: "payload digest: not the one in the leaf"},
    ),
    "a payload under an index of its own": (each(set_to(index=7), 6), {6: MISSING, 7: STRAY}),
    "another shred": (each(set_to(shred=bytes(32)), 3), {3: "shred hash: the payload names another shred"}),
    "a shred too short": (each(set_to(shred=bytes(31)), 3, 8), dict.fromkeys((3, 8), "shred: must be 32 bytes")),
    "another sequence beside it": (each(set_to(sequence=77), 3), {}),
    "boxes with a bit flipped": (boxes(flip_box), {3: OTHER_BOXES}),
    "boxes too short": (boxes(set_to(box=b"\x01" * 79)), {3: "sealed_keys.box: must be 80 bytes"}),
    "no boxes": (without_boxes, {3: OTHER_BOXES}),
    "boxes of another batch": (other_boxes, {3: OTHER_BOXES}),
    "a key id too short": (boxes(set_to(key_id=bytes(31))), {3: "sealed_keys.key_id: must be 32 bytes"}),
    "boxes under one name": (boxes(set_to(key_id=bytes(32))), {3: "sealed_keys: key ids do not ascend strictly"}),
}


@pytest.mark.parametrize(("lie", "findings"), LIES.values(), ids=LIES)
async def test_what_a_ledger_changes_is_found_entry_by_entry(
    lie: Callable[[Batches], Batches], findings: dict[int, str]
) -> None:
    """Exactly the entries that were touched have their finding, the others open, and nothing ends the range early."""
    async with lying(audited()) as ledger:
        ledger.lies["StreamSealedPayloads"] = lie
        found = await opened(ledger, ONE.x25519_secret)
    assert {index: item.finding for index, item in found.items() if item.finding} == findings
    assert set(found) == {3, 4, 5, 6, 8} | set(findings)
    assert all((item.payload is None) == bool(item.finding) for item in found.values())


async def test_a_log_that_does_not_verify_is_no_finding() -> None:
    """Entries come from verified reads: where these fail, so does the audit."""
    async with lying(audited()) as ledger:
        ledger.lies["StreamEntries"] = lambda chunks: chunks[:-1]
        with pytest.raises(VerificationFailed):
            await opened(ledger, ONE.x25519_secret)


async def test_an_unknown_suite_says_nothing() -> None:
    """Boxes of a suite that this release does not know are neither right nor wrong."""
    async with lying(audited()) as ledger:
        ledger.lies["StreamSealedPayloads"] = boxes(set_to(suite=2))
        found = await opened(ledger, ONE.x25519_secret)
    assert (found[3].finding, found[3].unchecked) == ("", "sealed_keys.suite: only 1 is known")
    assert found[4].payload is not None


async def test_a_directory_that_names_no_auditor_ends_the_audit() -> None:
    """Who the auditors are is proven by their own entries."""
    async with lying(audited()) as ledger:

        def misdirected(directory: Any) -> Any:
            directory.auditors[0].index = 2 if directory.auditors[0].index == 1 else 1
            return directory

        ledger.lies["GetDirectory"] = misdirected
        with pytest.raises(VerificationFailed, match=r"^directory: an auditor's row names another statement$"):
            await opened(ledger, ONE.x25519_secret)
