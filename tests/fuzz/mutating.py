"""Valid bytes with something changed, whatever they mean."""

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Final

MAX_SIZE: Final = 64 * 1024
"""Bytes of an input; what is larger shows nothing that these do not."""

BOUNDS: Final = (
    *(0, 1, 2, 4, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 1023, 1024, 1025, 4300),
    *(2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53 - 1, 2**53, 2**63 - 2, 2**63 - 1, 2**63, 2**64 - 1),
)
"""Integers at which a rule or a machine changes its mind."""

_TOKENS: Final = (
    *(b"\n", b"\n\n", b"\r\n", b" ", b"\t", b"\x00", b"\x7f", b"\xff", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"),
    *("— é", "e\u0301", "\u2028", "\u202e", "\u00a0", "\ufeff", "٣", "\U0001f600", "İ", "ß"),
    *(b'"', b"'", b"\\", b"\\ud800", b"\\u0000", b"null", b"true", b"NaN", b"-Infinity", b"-0", b"1e400", b"1.0"),
    *(b"[" * 1100, b'{"a":' * 1100, b"9" * 4400, b"[]", b"{}", b",", b":", b"+", b"=", b"-1", b"00", b"!!x ", b"&a *a"),
    *(
        b"- " * 1100,
        b"? ",
        b"---\n",
        b"...\n",
        b"|\n",
        b"#",
        b"%YAML 9.9\n",
        b"2024-13-45",
        b"[[a]]\n",
        b"0x_",
        b"a.b.c=",
        b"a=" + b"[" * 1100,
        b"a=" + b"9" * 4400 + b"\n",
        b"a=2024-13-45\n",
    ),
)
TOKENS: Final = tuple(token if isinstance(token, bytes) else token.encode() for token in _TOKENS)
"""What one format or another takes for more than text."""

Mutate = Callable[[Random, bytes, Sequence[bytes]], bytes]
"""Returns its second argument with something changed; the third is what else is valid."""


def text(chance: Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """Return ``data`` with one bit, span, token or number changed."""
    at, end = sorted((chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)))
    near = min(end, at + chance.randrange(1, 17))
    match chance.randrange(9):
        case 0 if at < len(data):
            return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
        case 1:
            return data[:at] + data[near:]
        case 2:
            return data[:at] + data[at:end] * 2 + data[end:]
        case 3:
            return data[:at]
        case 4:
            other = chance.choice(seeds)
            return data[:at] + other[chance.randrange(len(other) + 1) :]
        case 5:
            return data[:at] + chance.randbytes(chance.randrange(1, 9)) + data[near:]
        case 6:
            return data[:at] + str(chance.choice(BOUNDS) * chance.choice((1, 1, -1))).encode() + data[near:]
        case 7:
            return data[:at] + data[end:] + data[at:end]
        case _:
            return data[:at] + chance.choice(TOKENS) + data[near:]


def changed(chance: Random, mutate: Mutate, seeds: Sequence[bytes]) -> bytes:
    """Return one of ``seeds`` with up to four changes."""
    data = chance.choice(seeds)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 4))):
        data = mutate(chance, data, seeds)[:MAX_SIZE]
    return data


def strange(seeds: Sequence[bytes]) -> Iterator[bytes]:
    """Yield nothing at all, each token by itself, and each before a seed."""
    yield b""
    for token in TOKENS:
        yield token
        yield token + seeds[0]
