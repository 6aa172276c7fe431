"""Targets: records, lookup keys, payloads and the JSON and YAML that they come in."""

import json
from contextlib import suppress
from typing import Any, Final

import rfc8785

from ledger.core.bodies import Period
from ledger.core.canonical_json import decode_json, encode_json
from ledger.core.errors import InvalidInput, Uncheckable, VerificationFailed
from ledger.core.lookup_keys import (
    KEY_TYPES,
    LookupKey,
    canonicalise,
    canonicalise_request,
    split_canonical,
    verify_canonical,
)
from ledger.core.periods import parse_period, period_name, period_start
from ledger.core.record import DisclosureRecord
from ledger.core.record_input import Disclosure, disclosure_from_object, load_json, load_json_lines, load_yaml
from ledger.core.rules import month_text, parse_month
from ledger.core.sealed import CLASSES, open_payload, payload_plaintext, seal_payload, verify_opened
from ledger.core.sealing_policy import DEFAULT, SealingPolicy
from tests.fuzz.driving import NEEDLE, Broken, Target, require_same
from tests.fuzz.mutating import text
from tests.fuzz.seeds import DISCLOSURES, RECORDS, as_json, vectors

_KEY: Final = bytes(range(32))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _value(data: bytes) -> Any:
    """Return what the interpreter's own decoder makes of JSON, refused where that is nothing."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise InvalidInput("json", "not JSON") from None


def _settled(key: LookupKey) -> None:
    """A key as canonicalised is one that admission takes."""
    try:
        require_same(verify_canonical(key), key)
    except InvalidInput as error:
        raise Broken("canonicalised, and not canonical") from error


def _json(data: bytes) -> None:
    require_same(rfc8785.dumps(decode_json(data)), data)  # type: ignore[arg-type]  # it says what it cannot encode


def _record(data: bytes) -> None:
    record = DisclosureRecord.from_json_object(_value(data))
    require_same(DisclosureRecord.from_json_object(record.to_json_object()), record)


def _disclosures(*found: Disclosure) -> None:
    """What is taken in can be sealed, and reads back the same."""
    for disclosure in found:
        for key in disclosure.keys:
            _settled(key)
        payload_plaintext(_KEY, disclosure.keys, disclosure.record.to_json_object())
        require_same(DisclosureRecord.from_json_object(disclosure.record.to_json_object()), disclosure.record)


def _object(data: bytes) -> None:
    _disclosures(disclosure_from_object(_value(data)))


def _canonicalised(key_type: str) -> Any:
    def check(data: bytes) -> None:
        key = canonicalise(key_type, _text(data))
        _settled(key)
        require_same(canonicalise(key_type, key.value.decode()), key)

    return check


def _request(data: bytes) -> None:
    authority, _, reference = _text(data).partition("|")
    _settled(canonicalise_request(authority, reference))


def _canonical(data: bytes) -> None:
    """The first byte chooses the type, the second the version."""
    head, value = data[:2].ljust(2, b"\x01"), data[2:]
    key = LookupKey(KEY_TYPES[head[0] % len(KEY_TYPES)], value, head[1])
    require_same(verify_canonical(key), key)


def _split(data: bytes) -> None:
    key, rest = split_canonical(data)
    require_same(key.canonical + rest, data)


def _period(data: bytes) -> None:
    """What is read is how people write the period that begins at that minute."""
    start = parse_period(_text(data), "period")
    require_same(_text(data) in {period_name(period_start(start, period), period) for period in Period}, True)


def _month(data: bytes) -> None:
    require_same(month_text(parse_month(_text(data), "month")), _text(data))


def _payload(data: bytes) -> None:
    """Any content under a right key: who sealed it need not be honest."""
    size = next((size for size in CLASSES if len(data) < size), None)
    if size is None:
        raise InvalidInput("payload", "past the largest class")
    plaintext = (data + b"\x80").ljust(size, b"\x00")
    opened = open_payload(
        seal_payload(_KEY, _KEY, "alpha", 7, _KEY, bytes(24), plaintext), _KEY, _KEY, "alpha", 7, _KEY
    )
    require_same(payload_plaintext(opened.entry_secret, opened.keys, opened.record_object), plaintext)
    with suppress(VerificationFailed):
        verify_opened(opened, bytes(32), bytes(32), 4, bytes(32))  # never what these zeros say


def _plaintexts() -> tuple[bytes, ...]:
    keys = (LookupKey("account", NEEDLE.encode()), LookupKey("ip", b"192.0.2.1"))
    found = [payload_plaintext(_KEY, keys, record) for record in RECORDS]
    return tuple(plaintext.rstrip(b"\x00")[:-1] for plaintext in found)


def _typed(key_type: str) -> tuple[bytes, ...]:
    cases = (*vectors("lookup_keys")["canonical"], *vectors("lookup_keys")["not_keys"])
    return tuple(
        case["given"].encode() for case in cases if case["type"] == key_type and isinstance(case["given"], str)
    )


def _standing() -> tuple[bytes, ...]:
    cases = vectors("lookup_keys")["canonical"]
    return tuple(bytes.fromhex(case["canonical_key"]) for case in cases)


def _written() -> tuple[bytes, ...]:
    cases = vectors("lookup_keys")["canonical"]
    return tuple(bytes([KEY_TYPES.index(case["type"]), 1]) + bytes.fromhex(case["value"]) for case in cases)


_MALFORMED: Final = (InvalidInput,)
_PERIODS: Final = (b"2026-10", b"2024-02-29", b"2026-W53", b"1970-W01", b"9999-W52", b"1970-01-01")
_YAML: Final = (
    b"record:\n  authority_type: POLICE\n  authority_country: NO\n  notes: |\n    "
    + NEEDLE.encode()
    + b"\n  produced_at: 2025-11-24T10:00:00.000Z\n  accounts_disclosed: 1\n"
    + b"keys:\n- {type: phone, value: +4721000000}\n",
    b"---\n"
    + json.dumps(DISCLOSURES[1], indent=1).encode()
    + b"\n---\n- "
    + json.dumps(DISCLOSURES[0]).encode()
    + b"\n",
)
_JSON: Final = (
    *as_json(*DISCLOSURES, list(DISCLOSURES)),
    *as_json(*(case["input"] for case in vectors("disclosures")["cases"])),
)

TARGETS: Final = (
    Target("decode_json", _json, _MALFORMED, tuple(encode_json(value) for value in (*RECORDS, [-1, 2**53 - 1])), text),
    Target("DisclosureRecord.from_json_object", _record, _MALFORMED, as_json(*RECORDS), text),
    Target("disclosure_from_object", _object, _MALFORMED, _JSON, text),
    Target("load_json", lambda data: _disclosures(*load_json(_text(data))), _MALFORMED, _JSON, text),
    Target(
        "load_json_lines",
        lambda data: _disclosures(*load_json_lines(_text(data).splitlines())),
        _MALFORMED,
        (b"\n".join(_JSON), b"\n\n" + _JSON[0]),
        text,
    ),
    Target("load_yaml", lambda data: _disclosures(*load_yaml(_text(data))), _MALFORMED, _YAML, text),
    *(
        Target(f"canonicalise {name}", _canonicalised(name), _MALFORMED, _typed(name) or (NEEDLE.encode(),), text)
        for name in KEY_TYPES[:-1]
    ),
    Target("canonicalise_request", _request, _MALFORMED, (f"{NEEDLE} Court|R-1/2025".encode(),), text),
    Target("verify_canonical", _canonical, (InvalidInput, Uncheckable), _written(), text),
    Target("split_canonical", _split, (InvalidInput, Uncheckable), _standing(), text),
    Target("open_payload", _payload, (InvalidInput, VerificationFailed, Uncheckable), _plaintexts(), text),
    Target("parse_period", _period, _MALFORMED, _PERIODS, text),
    Target("parse_month", _month, _MALFORMED, (b"2026-10", b"1970-01", b"9999-12"), text),
    Target(
        "sealing_policy", SealingPolicy.parse, _MALFORMED, (DEFAULT, b'{"min_auditors":3,"publish":["outcome"]}'), text
    ),
)
