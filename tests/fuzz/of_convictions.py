"""Targets: evidence against a source, and what its payloads may hold."""

from collections.abc import Sequence
from random import Random
from typing import Final

from ledger.core import bodies
from ledger.core.conviction import Conviction, find_fault, verify_conviction
from ledger.core.encoding import ZERO_HASH, decode_base64, encode_base64
from ledger.core.errors import InvalidInput, Uncheckable, VerificationFailed
from ledger.core.sealed import payload_digest, seal_payload
from tests.core.dishonest import BATCH_KEY, NOTE, SOURCE, Entry, Parts, padded, resealed, speak, stage
from tests.fuzz.driving import NEEDLE, Broken, Target, require_same
from tests.fuzz.messages import protobuf, receipt
from tests.fuzz.mutating import text

_WORLD: Final = stage()
_WRONG: Final = (
    Entry(seal=resealed(lambda found: found["record"].pop("outcome"))),
    Entry(shift=1),
    Entry(spoil=lambda payload: payload[:-1] + b"?"),
)
_HONEST: Final = speak(_WORLD, Entry(), Entry())
_GUILTY: Final = speak(_WORLD, *_WRONG)
_SEEDS: Final = (
    *(_GUILTY.conviction(position).format() for position in range(len(_WRONG))),
    *(_HONEST.conviction(position).format() for position in range(2)),
)


def _verify(data: bytes) -> None:
    """Whatever convicts reads back the same, and is about an entry that its source got wrong."""
    require_same(Conviction.parse(data).format(), data)
    convicted = verify_conviction(data, _WORLD.vkey)
    if not 0 <= convicted.index - _GUILTY.first < len(_WRONG):
        raise Broken("an entry without fault is convicted")


def _file(chance: Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """Return a file changed as text, with a part of another one, in the message of a statement, or in its receipt."""
    first, second, rest = (*data.split(b"\n\n", 2), b"", b"")[:3]
    in_first = bool(chance.randrange(3))
    lines = (first if in_first else second).split(b"\n")
    other = (*chance.choice(seeds).split(b"\n\n", 2), b"", b"")[:3]
    at = chance.randrange(len(lines))
    match chance.randrange(5):
        case 0:
            return b"\n\n".join((first, second, receipt(chance, rest, seeds)))
        case 1:
            return b"\n\n".join(chance.choice(pair) for pair in zip((first, second, rest), other, strict=True))
        case 2:
            lines[at] = chance.choice([*other[0].split(b"\n"), *other[1].split(b"\n")])
        case 3:
            try:
                part = decode_base64(lines[at].decode("latin-1"), "part")
            except InvalidInput:
                return text(chance, data, seeds)
            change = chance.choice((protobuf, text))
            lines[at] = encode_base64(change(chance, part, seeds)).encode()
        case _:
            return text(chance, data, seeds)
    changed = b"\n".join(lines)
    return b"\n\n".join((changed, second, rest) if in_first else (first, changed, rest))


def _content(data: bytes) -> None:
    """Any content under a right key and a leaf that it does not give: its source is at fault, in words without it."""
    if len(data) > 60_000:
        raise InvalidInput("payload", "more than a target takes")
    payload = seal_payload(BATCH_KEY, bytes(32), SOURCE, 7, bytes(32), bytes(24), padded(data))
    digest = payload_digest(payload)
    keyed = bodies.Disclosure(ZERO_HASH, digest, ZERO_HASH, 4, ZERO_HASH)
    keyless = bodies.Correction(bodies.Target(0, ZERO_HASH), ZERO_HASH, digest)
    for body in (keyed, keyless):
        fault = find_fault(body, bytes(32), SOURCE, 7, payload, bytes(32), BATCH_KEY, (), ())
        if fault is None or NEEDLE in fault:
            raise Broken("no fault, or one that carries a value")


def _contents() -> tuple[bytes, ...]:
    assert NOTE == NEEDLE
    honest = Parts.of((), bytes(32)), Parts.of(Entry().keys, bytes(32))
    return tuple(parts.plaintext.rstrip(b"\x00")[:-1] for parts in honest)


TARGETS: Final = (
    Target("verify_conviction", _verify, (InvalidInput, VerificationFailed, Uncheckable), _SEEDS, _file),
    Target("find_fault, of any content", _content, (InvalidInput, Uncheckable), _contents(), text),
)
