"""A judgment between runs, as bytes: a first line with the version, what is small as JSON, columns of entries, SHA-256.

    disclosure-ledger/v1/completeness-state LF ‖ u64 length ‖ JSON ‖ columns of each chain ‖ SHA-256 of all before

Who may write the file may change the judgment: the hash tells damage, not malice.
"""

import json
from array import array
from collections import Counter
from dataclasses import dataclass
from typing import Final

from ledger.core.anchoring import Anchoring
from ledger.core.chain import LogState
from ledger.core.completeness import Completeness, Noted
from ledger.core.embargoes import Embargoes, EmbargoState
from ledger.core.encoding import HASH_SIZE, Hash, sha256, u64
from ledger.core.errors import InvalidInput, WrongLog
from ledger.core.frozen import plain, restored
from ledger.core.kept import PREFIX, Chain, Entries, Told
from ledger.core.life import Place
from ledger.core.note import VKey

HEADER: Final = b"disclosure-ledger/v1/completeness-state\n"
_LENGTH: Final = 8
_NUMBER: Final = 8
_LITTLE: Final = array("H", [1]).tobytes()[0] == 1


@dataclass(frozen=True, slots=True)
class _Columns:
    """How long the columns of one chain are, and what of it is small."""

    source_id: str
    entries: int
    runs: int
    days: list[int]
    day_firsts: list[int]
    undelivered: dict[int, int]


@dataclass(frozen=True, slots=True)
class _Small:
    """All of a judgment but its columns."""

    log: str
    policy_digest: Hash
    state: LogState | None
    minute: int
    embargoes: tuple[EmbargoState, ...]
    told: dict[Place, Told]
    noted: Noted
    anchoring: Anchoring
    chains: tuple[_Columns, ...]


def save(judgment: Completeness) -> bytes:
    """Return a judgment as bytes."""
    chains = judgment.entries.chains
    small = _Small(
        judgment.log.format(),
        judgment.policy_digest,
        judgment.state,
        judgment.effective.minute,
        tuple(judgment.embargoes.states),
        judgment.entries.told,
        judgment.noted,
        judgment.anchoring,
        tuple(
            _Columns(name, len(chain), len(chain.run_firsts), chain.days, chain.day_firsts, dict(chain.undelivered))
            for name, chain in chains.items()
        ),
    )
    data = json.dumps(plain(small), separators=(",", ":")).encode()
    parts = [HEADER, u64(len(data)), data]
    for chain in chains.values():
        numbers = (_bytes_of(column) for column in (chain.numbers, chain.run_firsts, chain.run_offsets))
        parts += [bytes(chain.hashes), bytes(chain.kinds), *numbers]
    whole = b"".join(parts)
    return whole + sha256(whole)


def resume(data: bytes, log: VKey, policy: bytes | None = None) -> Completeness:
    """Return the judgment that ``data`` has, which goes on as if it had never stopped.

    Raises:
        InvalidInput: damaged, or of another version.
        WrongLog: of another log, or under another witness policy.
    """
    if not data.startswith(HEADER):
        raise InvalidInput("state", "is no judgment, or one of another version")
    if sha256(data[:-HASH_SIZE]) != data[-HASH_SIZE:]:
        raise InvalidInput("state", "is damaged: its hash is another one")
    begin = len(HEADER) + _LENGTH
    end = begin + int.from_bytes(data[len(HEADER) : begin], "big")
    try:
        small = restored(_Small, json.loads(data[begin:end]))
    except ValueError:
        raise InvalidInput("state", "is no JSON where it should be") from None
    judgment = Completeness(log, policy)
    if small.log != log.format():
        raise WrongLog("state: of another log")
    if small.policy_digest != judgment.policy_digest:
        raise WrongLog("state: judged under another witness policy")
    judgment.state, judgment.noted, judgment.anchoring = small.state, small.noted, small.anchoring
    judgment.effective.minute = small.minute
    judgment.embargoes = Embargoes(judgment.effective, small.embargoes)
    judgment.entries = Entries(_chains(small.chains, data[end:-HASH_SIZE]), small.told)
    return judgment


def _chains(columns: tuple[_Columns, ...], data: bytes) -> dict[str, Chain]:
    """Return the chains whose columns stand in ``data``, one behind the other."""
    at = 0

    def cut(length: int) -> bytes:
        nonlocal at
        at += length
        if at > len(data):
            raise InvalidInput("state", "has more or fewer columns than it should")
        return data[at - length : at]

    found = {}
    for row in columns:
        found[row.source_id] = Chain(
            bytearray(cut(row.entries * PREFIX)),
            bytearray(cut(row.entries)),
            _numbers(cut(row.entries * _NUMBER)),
            _numbers(cut(row.runs * _NUMBER)),
            _numbers(cut(row.runs * _NUMBER)),
            row.days,
            row.day_firsts,
            Counter(row.undelivered),
        )
    if at != len(data):
        raise InvalidInput("state", "has more or fewer columns than it should")
    return found


def _bytes_of(column: "array[int]") -> bytes:
    return _swapped(column).tobytes()


def _numbers(data: bytes) -> "array[int]":
    column = array("Q")
    column.frombytes(data)
    return _swapped(column)


def _swapped(column: "array[int]") -> "array[int]":
    """Return little-endian numbers as this machine has them, or the other way round."""
    if not _LITTLE:
        column = column[:]
        column.byteswap()
    return column
