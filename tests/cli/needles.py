"""A search for plaintexts that finds them in every disguise in which text ends up in files by mistake."""

import base64
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

SHORTEST = 8
"""Bytes of a plaintext: shorter ones would be found by chance."""


def disguises(plaintext: str) -> dict[str, bytes]:
    """Return what to look for, by name: raw, hex, base64 at every alignment, UTF-16."""
    raw = plaintext.encode()
    assert len(raw) >= SHORTEST, plaintext
    found = {
        "raw": raw,
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "UTF-16LE": plaintext.encode("utf-16-le"),
        "UTF-16BE": plaintext.encode("utf-16-be"),
        "JSON": ascii(plaintext)[1:-1].encode(),
    }
    for offset in range(3):
        text = base64.b64encode(bytes(offset) + raw)
        inner = text[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6]
        found[f"base64 at {offset}"] = inner
        found[f"base64url at {offset}"] = inner.translate(bytes.maketrans(b"+/", b"-_"))
    return found


def hits(plaintexts: Iterable[str], places: Mapping[str, bytes]) -> list[str]:
    """Return ``place: plaintext, disguise`` for all that is found."""
    needles = [
        (f"{plaintext}, {name}", needle) for plaintext in plaintexts for name, needle in disguises(plaintext).items()
    ]
    return [f"{place}: {words}" for place, data in places.items() for words, needle in needles if needle in data]


def files(*directories: Path) -> dict[str, bytes]:
    """Return every file below ``directories``, by path."""
    return {str(path): path.read_bytes() for directory in directories for path in _walk(directory)}


def _walk(directory: Path) -> Iterator[Path]:
    yield from (path for path in sorted(directory.rglob("*")) if path.is_file())
