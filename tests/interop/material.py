"""What the comparisons are made of: named keys, and every change of one bit."""

from ledger.core.encoding import sha256
from ledger.core.note import SigningKey, VKey
from ledger.core.signing import SecretKey


def key(name: str) -> SigningKey:
    """Return the one signing key of ``name``."""
    return SigningKey(name, SecretKey.from_seed(sha256(name.encode())))


def identity(vkey: VKey) -> str:
    """Return a key as the program names it."""
    return f"{vkey.name}+{vkey.key_id.hex()}"


def every_bit_off(raw: bytes) -> list[bytes]:
    """Return ``raw`` with one bit flipped, once for each bit."""
    return [raw[:at] + bytes([byte ^ 1 << bit]) + raw[at + 1 :] for at, byte in enumerate(raw) for bit in range(8)]


def every_edit(text: str, characters: str) -> list[str]:
    """Return ``text`` with one character taken out, or another one put in its place or before it, once for each."""
    edits = {text[:at] + text[at + 1 :] for at in range(len(text))}
    for char in characters:
        edits.update([text[:at] + char + text[at + 1 :] for at in range(len(text))])
        edits.update([text[:at] + char + text[at:] for at in range(len(text) + 1)])
    return sorted(edits - {text})
