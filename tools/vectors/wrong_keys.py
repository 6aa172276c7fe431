"""What is no lookup key, and keys that do not give the root in the leaf."""

from collections.abc import Sequence
from typing import Final

from ledger.core.lookup_keys import (
    REQUEST,
    LookupKey,
    canonicalise,
    derive_commitments,
    verify_canonical,
    verify_keys_root,
)
from vectors.keys import SECRET, shown
from vectors.plain import Json, case
from vectors.refusing import refused, uncheckable
from vectors.seeds import seed

_NO_KEYS: Final = (
    ("phone", "21 00 00 00"),
    ("phone", "+47 21 00 00 00 ext. 5"),
    ("phone", "+999 123"),
    ("phone", "+47\u00a021000000"),
    ("email", "example.org"),
    ("email", "a@b@example.org"),
    ("email", "a b@example.org"),
    ("ip", "192.0.2.01"),
    ("ip", "192.0.2"),
    ("ip", "fe80::1%eth0"),
    ("ip", "192.0.2.1/32"),
    ("artifact", "ab" * 31),
    ("account", ""),
    ("account", "a\nb"),
    ("account", "a\u202eb"),
    ("username", "e\u0301"),
    ("username", "a" * 501),
    ("passport", "X0000000"),
    (REQUEST, "EX-2026/0001"),
)


def wrong_keys() -> Json:
    """Return texts, values and sets of keys to refuse."""
    return {
        "not_keys": [_no_key(key_type, given) for key_type, given in _NO_KEYS],
        "not_canonical": _not_canonical(),
        "refused": _refused(),
        "uncheckable": [_unknown_version()],
    }


def _no_key(key_type: str, given: str) -> Json:
    name = f"{key_type}, {given.encode('unicode_escape').decode()[:40]}"
    return case(refused(name, lambda: canonicalise(key_type, given)), type=key_type, given=given)


def _not_canonical() -> list[Json]:
    values = {
        "a telephone number with spaces": ("phone", b"+47 21 00 00 00"),
        "an e-mail address with a capital": ("email", b"A@example.org"),
        "an IP address written out": ("ip", b"2001:db8:0:0:0:0:0:1"),
        "an IPv4 address in IPv6": ("ip", b"::ffff:192.0.2.1"),
        "a digest in upper case": ("artifact", b"AB" * 32),
        "a request with a capital": (REQUEST, b"\x00\x01A\x00\x01b"),
        "a request with bytes left over": (REQUEST, b"\x00\x01a\x00\x01bc"),
        "a request cut short": (REQUEST, b"\x00\x01a\x00\x02b"),
        "a request without reference": (REQUEST, b"\x00\x01a\x00\x00"),
        "a request of one byte": (REQUEST, b"\x00"),
        "bytes that are not UTF-8": ("account", b"\xff"),
    }
    return [_not_canonical_key(name, LookupKey(*value)) for name, value in values.items()]


def _not_canonical_key(name: str, key: LookupKey) -> Json:
    refused(name, lambda: verify_canonical(key))
    return case(name, type=key.type, value=key.value, version=key.version)


def _refused() -> list[Json]:
    keys = [canonicalise("account", f"{n}") for n in range(2)]
    derived = derive_commitments(keys, SECRET)
    salts, padding, root = derived.salts, derived.padding, derived.root
    large = derive_commitments([*keys, *(canonicalise("account", f"more {n}") for n in range(3))], SECRET)
    loose = [LookupKey("email", b"A@example.org"), keys[1]]
    rows: list[tuple[str, Sequence[LookupKey], Sequence[bytes], Sequence[bytes], int, bytes]] = [
        ("another root", keys, salts, padding, 4, seed("other")),
        ("the salts of the other key", keys, salts[::-1], padding, 4, root),
        ("another key", [keys[0], canonicalise("account", "2")], salts, padding, 4, root),
        ("a key left out", keys[:1], salts[:1], padding, 4, root),
        ("a key left out, its commitment as padding", keys[:1], salts[:1], (*padding, seed("pad")), 4, root),
        ("another padding", keys, salts, (*padding[:-1], seed("pad")), 4, root),
        ("too little padding", keys, salts, padding[:-1], 4, root),
        ("a padding of 31 bytes", keys, salts, (*padding[:-1], padding[-1][:-1]), 4, root),
        ("one padding twice", keys, salts, (padding[0], padding[0]), 4, root),
        ("a salt of 15 bytes", keys, (salts[0][:-1], salts[1]), padding, 4, root),
        ("a class larger than need be", keys, salts, large.padding[:3] + padding, 16, large.root),
        ("a class that is none", keys, salts, padding, 5, root),
        ("a key twice", [keys[0], keys[0]], salts, padding, 4, root),
        ("a value that is not canonical", loose, salts, padding, 4, root),
    ]
    return [_refused_keys(*row) for row in rows]


def _refused_keys(
    name: str,
    keys: Sequence[LookupKey],
    salts: Sequence[bytes],
    padding: Sequence[bytes],
    key_class: int,
    root: bytes,
) -> Json:
    pairs = list(zip(keys, salts, strict=True))
    refused(name, lambda: verify_keys_root(pairs, padding, key_class, root))
    listed = [shown(key) for key in keys]
    return case(name, keys=listed, salts=salts, padding=padding, key_class=key_class, keys_root=root)


def _unknown_version() -> Json:
    uncheckable("version 2", lambda: LookupKey("account", b"1", 2))
    return case("version 2", type="account", value=b"1", version=2)
