"""Identifiers and their one spelling, and commitments to them."""

from collections.abc import Sequence
from typing import Final

from ledger.core.lookup_keys import (
    REQUEST,
    LookupKey,
    canonicalise,
    canonicalise_request,
    commitment,
    derive_commitments,
    verify_canonical,
    verify_keys_root,
)
from vectors.plain import Json, case
from vectors.seeds import seed

_WRITTEN: Final = (
    ("phone", "+4721000000"),
    ("phone", "+47 (21) 00-00.00"),
    ("phone", "+44 (0) 20 7946 0000"),
    ("phone", "+12025550100"),
    ("email", "Jane.Doe+tag@Example.ORG"),
    ("email", "zoë@example.org"),
    ("email", "ZOË@EXAMPLE.ORG"),
    ("account", "0001-Ab c"),
    ("username", "Zoë"),
    ("ip", "192.0.2.1"),
    ("ip", "2001:DB8:0:0:1:0:0:1"),
    ("ip", "2001:db8::"),
    ("ip", "::ffff:192.0.2.1"),
    ("ip", "::FFFF:C000:0201"),
    ("artifact", seed("artifact").hex().upper()),
)
_REQUESTS: Final = (("Example Police", "EX-2026/0001"), ("ØKOKRIM", "a"), ("a", "økokrim a"))
SECRET: Final = seed("lookup keys, entry secret")


def lookup_keys() -> Json:
    """Return spellings, commitments and roots."""
    return {
        "description": [
            (
                "canonical: of a type and given, as people write it, comes value (of a request: of authority and "
                "reference, value = u16 length ‖ authority ‖ u16 length ‖ reference). canonical_key = u8 version 1 ‖ "
                "str8(type) ‖ u16 length ‖ value."
            ),
            (
                "phone: E.164 as libphonenumber formats a possible number. email, request: ASCII letters in lower "
                "case, other letters as they are. ip: RFC 5952, IPv4 in IPv6 as IPv4. artifact: SHA-256 in lower-case "
                "hex. account, username: as given."
            ),
            (
                "not_keys: nothing may come of these. not_canonical: values that canonicalising would change, or that "
                "it refuses; none may be taken from a submission."
            ),
            (
                'commitments: stream = SHAKE-256(L("key-salts") ‖ entry_secret). salts: 16 bytes of it a key, in the '
                "order of keys; padding: the 32-byte pieces that follow, until there are key_class of both together, "
                "the smallest of 4, 16, 64 and 256 that suffices."
            ),
            (
                'commitments of keys: SHA-256(L("key") ‖ salt ‖ canonical_key), in the order of keys. keys_root: RFC '
                "6962 root of commitments and padding together, sorted bytewise."
            ),
            (
                "refused: keys, salts and padding as they travel beside a leaf; they must not be accepted for the "
                "key_class and keys_root beside them."
            ),
            "uncheckable: a canonicaliser version that is not known.",
        ],
        "canonical": _canonical(),
        "commitments": [_commitments(name, keys) for name, keys in _sets().items()],
    }


def _canonical() -> list[Json]:
    plain = [
        case(f"{key_type} {given}", type=key_type, given=given, **_of(canonicalise(key_type, given)))
        for key_type, given in _WRITTEN
    ]
    requests = [
        case(
            f"request {reference} of {authority}",
            type=REQUEST,
            authority=authority,
            reference=reference,
            **_of(canonicalise_request(authority, reference)),
        )
        for authority, reference in _REQUESTS
    ]
    return [*plain, *requests]


def _of(key: LookupKey) -> Json:
    return {"value": key.value, "canonical_key": verify_canonical(key).canonical}


def _sets() -> dict[str, list[LookupKey]]:
    spellings = [canonicalise(key_type, given) for key_type, given in (_WRITTEN[at] for at in (0, 4, 7, 8, 9, 14))]
    every = [*spellings, canonicalise_request(*_REQUESTS[0])]
    return {
        "no key": [],
        "one of each type": every,
        "four, a full class": every[:4],
        "five": every[:5],
        "seventeen": [canonicalise("account", f"account {n}") for n in range(17)],
    }


def _commitments(name: str, keys: Sequence[LookupKey]) -> Json:
    derived = derive_commitments(keys, SECRET)
    commitments = [commitment(salt, key) for salt, key in zip(derived.salts, keys, strict=True)]
    verify_keys_root(list(zip(keys, derived.salts, strict=True)), derived.padding, derived.key_class, derived.root)
    return case(
        name,
        entry_secret=SECRET,
        keys=[shown(key) for key in keys],
        salts=derived.salts,
        commitments=commitments,
        padding=derived.padding,
        key_class=derived.key_class,
        keys_root=derived.root,
    )


def shown(key: LookupKey) -> Json:
    """Return a lookup key as the vectors show it."""
    return {"type": key.type, "value": key.value, "version": key.version, "canonical_key": key.canonical}
