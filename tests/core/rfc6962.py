"""RFC 6962 §2.1 transcribed word for word: slow, recursive, and shares no code with the ledger."""

import hashlib
from collections.abc import Sequence

from ledger.core.encoding import Hash


def leaf(data: bytes) -> Hash:
    """Return SHA-256(0x00 || d)."""
    return Hash(hashlib.sha256(b"\x00" + data).digest())


def _k(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(data: Sequence[bytes]) -> Hash:
    """Return MTH(D[n])."""
    n = len(data)
    if n == 0:
        return Hash(hashlib.sha256(b"").digest())
    if n == 1:
        return leaf(data[0])
    k = _k(n)
    return Hash(hashlib.sha256(b"\x01" + mth(data[:k]) + mth(data[k:])).digest())


def path(m: int, data: Sequence[bytes]) -> list[Hash]:
    """Return PATH(m, D[n])."""
    n = len(data)
    if n == 1:
        return []
    k = _k(n)
    if m < k:
        return [*path(m, data[:k]), mth(data[k:])]
    return [*path(m - k, data[k:]), mth(data[:k])]


def proof(m: int, data: Sequence[bytes]) -> list[Hash]:
    """Return PROOF(m, D[n])."""
    return _subproof(m, data, True)


def _subproof(m: int, data: Sequence[bytes], b: bool) -> list[Hash]:
    n = len(data)
    if m == n:
        return [] if b else [mth(data)]
    k = _k(n)
    if m <= k:
        return [*_subproof(m, data[:k], b), mth(data[k:])]
    return [*_subproof(m - k, data[k:], False), mth(data[:k])]
