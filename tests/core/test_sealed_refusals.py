"""A refused payload is told which part of it breaks which rule, and a key in it says nothing more than a key."""

import json
from collections.abc import Callable

import pytest

from ledger.core.errors import InvalidInput, VerificationFailed
from ledger.core.sealed import (
    aggregates_root,
    check_payload_size,
    check_shred,
    check_shreds,
    payload_plaintext,
    seal_payload,
    shred_hash,
)
from tests.core.test_sealed import BATCH_KEY, LOG_ID, NONCE, PAYLOAD, SECRET, SHRED, opened, padded, sealed_text

PLAINTEXT = payload_plaintext(SECRET, (), {"notes": "x"})


@pytest.mark.parametrize(
    ("refuse", "message"),
    [
        (lambda: aggregates_root(b"short"), "entry_secret: must be 32 bytes"),
        (lambda: payload_plaintext(b"short", (), {}), "entry_secret: must be 32 bytes"),
        (lambda: shred_hash(b"short"), "shred: must be 32 bytes"),
        (lambda: check_shreds([bytes(616)], [b"short"]), "shred: must be 32 bytes"),
        (lambda: seal_payload(BATCH_KEY, LOG_ID, "a", 0, SHRED, b"", PLAINTEXT), "nonce: must be 24 bytes"),
        (lambda: seal_payload(BATCH_KEY, LOG_ID, "a", 0, SHRED, NONCE, b""), "plaintext: not padded to a class"),
        (lambda: seal_payload(b"", LOG_ID, "a", 0, SHRED, NONCE, PLAINTEXT), "batch_key: must be 32 bytes"),
        (lambda: seal_payload(BATCH_KEY, b"", "a", 0, SHRED, NONCE, PLAINTEXT), "log_id: must be 32 bytes"),
        (lambda: seal_payload(BATCH_KEY, LOG_ID, "a", 0, b"", NONCE, PLAINTEXT), "shred: must be 32 bytes"),
        (
            lambda: check_payload_size(b""),
            "payload: must be 104 bytes and one of 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072, 262144",
        ),
    ],
)
def test_where_and_why(refuse: Callable[[], object], message: str) -> None:
    """The message is the field and the bound."""
    with pytest.raises(InvalidInput) as error:
        refuse()
    assert str(error.value) == message


@pytest.mark.parametrize(
    "key",
    [
        {"type": "account", "value": "61", "version": 1, "more": 1},
        {"type": "account", "value": "61"},
        {"type": "account", "value": "61", "version": True},
        {"type": "account", "value": "6", "version": 1},
        {"type": "unknown", "value": "61", "version": 1},
    ],
    ids=["a member more", "no version", "a version that is no number", "half a byte", "an unknown type"],
)
def test_a_key_of_another_form(key: dict[str, object]) -> None:
    """A sealed key is type, value and version, and nothing may be hidden beside them."""
    text = json.dumps(
        {"entry_secret": SECRET.hex(), "keys": [key], "record": {}}, separators=(",", ":"), sort_keys=True
    )
    with pytest.raises(VerificationFailed, match=r"^content: not an entry secret, keys and a record$"):
        opened(sealed_text(padded(text.encode())))


def test_the_shred_of_a_payload_is_returned() -> None:
    """What a payload begins with names its shred."""
    assert check_shred(PAYLOAD, SHRED) == SHRED
