"""Statements that are no batch, or whose seal is for another log, key, place or chain."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from ledger.core import bodies
from ledger.core.batch import Binding, decode_batch, sign_batch, verify_seal
from ledger.core.encoding import ZERO_HASH
from ledger.core.signing import Signature
from ledger.core.statement import Seal, Statement, decode_leaf, encode_statement
from vectors.batches import BINDING, DIGEST, KEY, said, sign
from vectors.plain import Json, case
from vectors.refusing import refused
from vectors.saying import disclosure_body
from vectors.seeds import LOG_OPENED, MINUTE, SOURCE_KEYS, seed


def wrong_batches() -> Json:
    """Return batches to refuse."""
    return {"refused": _refused()}


def _refused() -> list[Json]:
    three = said(*(disclosure_body(key_class=size) for size in (4, 16, 64)))
    good = sign(three)
    rows = {
        "another log id": (good, replace(BINDING, log_id=seed("other"))),
        "another key statement": (good, replace(BINDING, key_statement=seed("other"))),
        "another previous batch": (good, replace(BINDING, previous=seed("other"))),
        "zeros for the previous batch": (good, replace(BINDING, previous=ZERO_HASH)),
        **{name: (statements, BINDING) for name, statements in (_moved(good, three) | _malformed(three)).items()},
    }
    return [_wrong(name, statements, binding) for name, (statements, binding) in rows.items()]


def _moved(good: tuple[bytes, ...], three: list[Statement]) -> dict[str, tuple[bytes, ...]]:
    seal = decode_leaf(good[-1]).statement.seal
    if seal is None:
        raise ValueError("a batch ends with its seal")
    signature = seal.signatures[0].signature

    def sealed(statements: list[Statement], **changes: object) -> tuple[bytes, ...]:
        last = replace(statements[-1], seal=replace(seal, **cast(Any, changes)))
        return tuple(encode_statement(statement) for statement in (*statements[:-1], last))

    lower = [replace(statement, sequence=statement.sequence - 1) for statement in three]
    return {
        "another sequence": sealed(lower),
        "the first statement left out": good[1:],
        "the seal on the second of three, the third left out": sealed(three[:2]),
        "one statement changed": sealed([replace(three[0], recorded_at=MINUTE - 1), *three[1:]]),
        "the last statement changed": sealed([*three[:-1], replace(three[-1], body=disclosure_body(key_class=256))]),
        "another sealed keys digest": sealed(three, sealed_keys_digest=seed("other")),
        "no signature": sealed(three, signatures=()),
        "the signature twice": sealed(three, signatures=seal.signatures * 2),
        "the signature under algorithm 2": sealed(three, signatures=(Signature(2, signature),)),
        "a signature of 63 bytes": sealed(three, signatures=(Signature(1, signature[:-1]),)),
        "one flipped bit in the signature": sealed(
            three, signatures=(Signature(1, signature[:-1] + bytes([signature[-1] ^ 1])),)
        ),
        "signed by another key": sign_batch(three, BINDING, DIGEST, [SOURCE_KEYS[1].sign]),
        "signed as the batch of another source": sealed(said(*(one.body for one in three), source_id="mail.eu-1")),
    }


def _malformed(three: list[Statement]) -> dict[str, tuple[bytes, ...]]:
    first, second, third = three
    part = [disclosure_body(part=bodies.Part(n, 3)) for n in range(3)]
    early = replace(second, recorded_at=MINUTE - 1)
    between = replace(first, seal=Seal(DIGEST, (KEY.sign(b""),)))
    return {
        "no statement": (),
        "no seal": tuple(encode_statement(statement) for statement in three),
        "a second seal": sign([between, second, third]),
        "a gap in the sequence": sign([first, third]),
        "statements swapped": sign([second, first, third]),
        "time runs backwards": sign([first, early, third]),
        "statements of two sources": sign([first, replace(second, source_id="mail.eu-1"), third]),
        "LOG_OPENED at sequence 1": sign(said(LOG_OPENED, first=1, source_id="ledger")),
        "LOG_OPENED and another": sign(said(LOG_OPENED, bodies.Anchor(b"note\n"), first=0, source_id="ledger")),
        "parts that begin at 1": sign(said(*part[1:])),
        "the last part missing": sign(said(*part[:2])),
        "parts out of order": sign(said(part[0], part[2], part[1])),
        "another statement between parts": sign(said(part[0], disclosure_body(), *part[1:])),
        "parts of different counts": sign(said(part[0], disclosure_body(part=bodies.Part(1, 2)), part[2])),
        "parts of different lateness": sign(said(part[0], part[1], replace(part[2], late_for=bodies.LateFor(0)))),
    }


def _wrong(name: str, statements: Sequence[bytes], binding: Binding) -> Json:
    keys = [KEY.public]
    refused(name, lambda: verify_seal(decode_batch(statements), binding, keys))
    return case(
        name,
        statements=statements,
        log_id=binding.log_id,
        key_statement=binding.key_statement,
        previous=binding.previous,
        keys=keys,
    )
