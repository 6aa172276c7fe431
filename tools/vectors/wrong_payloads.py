"""Payloads that are changed, moved, malformed, or not what their leaf says."""

from dataclasses import replace

from ledger.core.errors import InvalidInput, VerificationFailed
from ledger.core.sealed import (
    payload_digest,
    payload_plaintext,
)
from vectors.plain import Json, case
from vectors.records import REQUIRED
from vectors.sealing import HANDED, SEALED_AT, SECRET, Keyless, Place, given, keyless_of, leaf_of, open_all
from vectors.seeds import seed


def wrong_payloads() -> Json:
    """Return payloads to refuse."""
    return {"refused": _refused_payloads()}


def _refused_payloads() -> list[Json]:
    place = Place()
    payload = place.seal(payload_plaintext(SECRET, (), REQUIRED))
    leaf = leaf_of(payload, (), REQUIRED)
    rows: list[tuple[str, str, bytes, Place, Keyless]] = [
        ("another digest", "payload digest", payload, place, replace(leaf, payload_digest=seed("other"))),
        ("another shred", "shred hash", payload, replace(place, shred=seed("other")), leaf),
        ("another batch key", "commit", payload, replace(place, batch_key=seed("other")), leaf),
        ("another log", "commit", payload, replace(place, log_id=seed("other")), leaf),
        ("another source", "commit", payload, replace(place, source_id="mail.eu-1"), leaf),
        ("another sequence", "commit", payload, replace(place, sequence=301), leaf),
        ("another slots root", "slots root", payload, place, replace(leaf, slots_root=seed("other"))),
        ("another keys root", "keys root", payload, place, replace(leaf, keys_root=seed("other"))),
        ("another key class", "key class", payload, place, replace(leaf, key_class=16)),
        ("another aggregates root", "aggregates root", payload, place, replace(leaf, aggregates_root=seed("other"))),
    ]
    changed = {
        "a flipped bit in the shred hash": ("shred hash", _flip(payload, 0)),
        "a flipped bit in the commit": ("commit", _flip(payload, 32)),
        "a flipped bit in the nonce": ("decryption", _flip(payload, 64)),
        "a flipped bit in the ciphertext": ("decryption", _flip(payload, SEALED_AT)),
        "a flipped bit in the tag": ("decryption", _flip(payload, len(payload) - 1)),
        "a byte short": ("payload", payload[:-1]),
        **{name: (fails, place.seal(plaintext)) for name, (fails, plaintext) in _wrong_plaintexts().items()},
    }
    for name, (fails, wrong) in changed.items():
        rows.append((name, fails, wrong, place, replace(leaf, payload_digest=payload_digest(wrong))))
    return [_refused(*row) for row in (*rows, *_keyless(place))]


def _keyless(place: Place) -> list[tuple[str, str, bytes, Place, Keyless]]:
    """What a DELIVERY's leaf does not say of its payload."""
    record = HANDED.to_json_object()
    text = payload_plaintext(SECRET, (), record).rstrip(b"\x00")
    keyed = _with_key(text, b'"type":"account","value":"30","version":1').ljust(512, b"\x00")
    good, wrong = place.seal(text.ljust(512, b"\x00")), place.seal(keyed)
    open_all(good, place, keyless_of(good, record))
    other = replace(keyless_of(good, record), slots_root=seed("other"))
    return [
        ("another slots root, of a DELIVERY", "slots root", good, place, other),
        ("a key, of a DELIVERY", "keys", wrong, place, keyless_of(wrong, record)),
    ]


def _flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _wrong_plaintexts() -> dict[str, tuple[str, bytes]]:
    good = payload_plaintext(SECRET, (), REQUIRED)
    text = good.rstrip(b"\x00")[:-1]

    def padded(content: bytes, size: int = 0) -> bytes:
        return (content + b"\x80").ljust(size or len(good), b"\x00")

    unsorted = b'{"keys":[],' + text[1:].replace(b'"keys":[],', b"")
    return {
        "zeros without 80": ("padding", text.ljust(len(good), b"\x00")),
        "a class larger than need be": ("padding", padded(text, 2 * len(good))),
        "a space after JSON": ("canonical JSON", padded(text + b" ")),
        "members out of order": ("canonical JSON", padded(unsorted)),
        "no JSON": ("canonical JSON", padded(b"{")),
        "null in the record": ("canonical JSON", padded(text[:-2] + b',"notes":null}}')),
        "another member": ("content", padded(text[:-1] + b',"zone":1}')),
        "a member missing": ("content", padded(text.replace(b'"keys":[],', b""))),
        "an entry secret in upper case": ("content", padded(_upper_secret(text))),
        "an entry secret of 31 bytes": ("content", padded(text.replace(SECRET.hex().encode(), b"ab" * 31))),
        "keys that are no list": ("content", padded(text.replace(b'"keys":[]', b'"keys":{}'))),
        "a key of an unknown type": ("content", padded(_with_key(text, b'"type":"passport","value":"30","version":1'))),
        "a key without version": ("content", padded(_with_key(text, b'"type":"account","value":"30"'))),
        "an unknown field in the record": ("payload content", padded(text[:-2] + b',"zone":"x"}}')),
        "a key twice": (
            "payload content",
            padded(_with_key(text, *[b'"type":"account","value":"30","version":1'] * 2)),
        ),
    }


def _upper_secret(text: bytes) -> bytes:
    secret = SECRET.hex().encode()
    return text.replace(secret, secret.upper())


def _with_key(text: bytes, *keys: bytes) -> bytes:
    return text.replace(b'"keys":[]', b'"keys":[' + b",".join(b"{" + key + b"}" for key in keys) + b"]")


def _refused(name: str, fails: str, payload: bytes, place: Place, leaf: Keyless) -> Json:
    try:
        open_all(payload, place, leaf)
    except (VerificationFailed, InvalidInput) as error:
        if not str(error).startswith(f"{fails}:"):
            raise AssertionError(f"{name}: {error}") from None
        return case(name, fails=fails, payload=payload, **given(place), leaf=leaf)
    raise AssertionError(f"accepted: {name}")
