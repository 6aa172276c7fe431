"""Refused boxes, recipients and keys are told which field breaks which rule."""

from collections.abc import Callable

import pytest

from ledger.core.encoding import ZERO_HASH, Hash
from ledger.core.errors import InvalidInput
from ledger.core.sealed_keys import (
    SealedKey,
    box_batch_key,
    check_recipient,
    open_box,
    x25519_from_ed25519,
    x25519_secret,
)
from tests.core.world import AuditorKeys

KEY = ZERO_HASH
RECIPIENT = AuditorKeys.of("an auditor").x25519


@pytest.mark.parametrize(
    ("refuse", "message"),
    [
        (lambda: SealedKey(Hash(b"short"), bytes(80)), "sealed_keys.key_id: must be 32 bytes"),
        (lambda: SealedKey(KEY, bytes(79)), "sealed_keys.box: must be 80 bytes"),
        (lambda: x25519_from_ed25519(b"short"), "public_key: must be 32 bytes"),
        (lambda: x25519_from_ed25519(b"\x02" * 32), "public_key: not an Ed25519 public key"),
        (lambda: x25519_secret(b"short"), "seed: must be 32 bytes"),
        (lambda: box_batch_key(KEY, b"short"), "recipient: must be 32 bytes"),
        (lambda: box_batch_key(b"short", RECIPIENT), "batch_key: must be 32 bytes"),
        (lambda: box_batch_key(KEY, bytes(32)), "recipient: a point of small order, which hides nothing"),
        (lambda: check_recipient(b"short", "x25519_key"), "x25519_key: must be 32 bytes"),
        (lambda: check_recipient(bytes(32), "x25519_key"), "x25519_key: a point of small order, which hides nothing"),
        (lambda: open_box(bytes(79), KEY), "box: must be 80 bytes"),
        (lambda: open_box(bytes(80), b"short"), "private_key: must be 32 bytes"),
    ],
)
def test_where_and_why(refuse: Callable[[], object], message: str) -> None:
    """The message is the field and the rule."""
    with pytest.raises(InvalidInput) as error:
        refuse()
    assert str(error.value) == message


def test_a_recipient_that_something_can_be_boxed_to_is_returned() -> None:
    """An auditor's key passes as it is."""
    assert check_recipient(RECIPIENT, "x25519_key") == RECIPIENT
