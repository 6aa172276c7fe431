"""Canonical keys stand one after the other, and a refused key is told which field breaks which rule."""

from collections.abc import Callable

import pytest

from ledger.core.errors import InvalidInput, Uncheckable
from ledger.core.lookup_keys import (
    KEY_TYPES,
    LookupKey,
    canonicalise,
    canonicalise_request,
    derive_commitments,
    keys_root,
    split_canonical,
    verify_canonical,
)

LONG = LookupKey("account", b"a" * 300)
"""A value whose length has two bytes that are not zero."""


@pytest.mark.parametrize("rest", [b"", b"what follows"])
@pytest.mark.parametrize(
    "key", [*(LookupKey(name, b"value") for name in KEY_TYPES), LONG], ids=[*KEY_TYPES, "a long value"]
)
def test_a_key_is_split_off(key: LookupKey, rest: bytes) -> None:
    """What a canonical form begins with is the key, and the rest is returned."""
    assert split_canonical(key.canonical + rest) == (key, rest)


@pytest.mark.parametrize("key", [LookupKey("ip", b"192.0.2.1"), LONG], ids=["an address", "a long value"])
def test_every_truncation_is_refused(key: LookupKey) -> None:
    """A canonical form cut short anywhere says so."""
    for end in range(len(key.canonical)):
        with pytest.raises(InvalidInput, match=r"^key: cut short$"):
            split_canonical(key.canonical[:end])


def test_the_longest_value() -> None:
    """A value is up to 65,535 bytes long."""
    key = LookupKey("account", bytes(65535))
    assert split_canonical(key.canonical) == (key, b"")


def test_letters_alone_fold() -> None:
    """What stands beside the letters in ASCII stays as it is."""
    assert canonicalise("email", "@[`{@EXAMPLE.ORG".replace("@", "a", 1)).value == b"a[`{@example.org"


def test_other_versions_and_types() -> None:
    """Another version cannot be checked, and an unknown type is refused."""
    with pytest.raises(Uncheckable, match=r"^keys\.version: only 1 is known$"):
        split_canonical(b"\x02\x02ip\x00\x01a")
    with pytest.raises(InvalidInput, match=r"^keys\.type: must be one of phone, "):
        split_canonical(b"\x01\x02\xffp\x00\x01a")


@pytest.mark.parametrize(
    ("refuse", "message"),
    [
        (
            lambda: canonicalise("name", "a"),
            "keys.type: must be one of phone, email, account, ip, username, artifact, or request with authority and",
        ),
        (lambda: canonicalise("request", "a"), "keys.type: must be one of"),
        (lambda: canonicalise("account", ""), "keys.value: must be a text that is not empty"),
        (lambda: canonicalise("account", "\x00"), "keys.value: has a control character"),
        (lambda: canonicalise("email", "a"), "keys.value: not an e-mail address"),
        (lambda: canonicalise("ip", "a"), "keys.value: not an IP address"),
        (lambda: canonicalise("ip", "fe80::1%eth0"), "keys.value: an IP address with a scope"),
        (lambda: canonicalise("artifact", "a"), "keys.value: not a SHA-256 in 64 hexadecimal digits"),
        (lambda: canonicalise("phone", "a"), "keys.value: not a telephone number with + and country code"),
        (lambda: canonicalise("phone", "+999123"), "keys.value: not a possible telephone number"),
        (lambda: canonicalise_request("", "a"), "keys.authority: must be a text that is not empty"),
        (lambda: canonicalise_request("a", ""), "keys.reference: must be a text that is not empty"),
        (lambda: verify_canonical(LookupKey("request", b"\x00\x01a")), "keys.value: not two length-prefixed texts"),
        (lambda: verify_canonical(LookupKey("account", b"\xff")), "keys.value: not UTF-8"),
        (lambda: verify_canonical(LookupKey("account", b"\x00")), "keys.value: has a control character"),
        (lambda: LookupKey("account", b""), "keys.value: must be 1 to 65535 bytes"),
        (lambda: LookupKey("account", bytes(65536)), "keys.value: must be 1 to 65535 bytes"),
        (lambda: derive_commitments((), b"short"), "entry_secret: must be 32 bytes"),
        (lambda: verify_canonical(LookupKey("ip", b"::FFFF")), "keys.value: not the canonical form of type ip"),
        (lambda: keys_root([b"a", b"a"]), "keys: a commitment appears twice"),
    ],
)
def test_where_and_why(refuse: Callable[[], object], message: str) -> None:
    """The message begins with the field and the rule."""
    with pytest.raises(InvalidInput) as error:
        refuse()
    assert str(error.value).startswith(message)
