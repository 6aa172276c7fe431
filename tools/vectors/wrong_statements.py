"""Leaves that are not canonical or break a rule, and those that say what version 1 does not know."""

from dataclasses import replace
from functools import partial
from typing import Final

from ledger.core import bodies
from ledger.core.encoding import ZERO_HASH, Hash
from ledger.core.rules import LEDGER, MAX_MINUTE
from ledger.core.signing import PublicKey
from ledger.core.statement import (
    MAX_SEQUENCE,
    Statement,
    decode_leaf,
    encode_body,
    encode_statement,
)
from vectors.plain import Json, case
from vectors.refusing import refused, uncheckable
from vectors.saying import EVERY_BODY, disclosure_body, opening
from vectors.seeds import LOG_OPENED, MINUTE, MONTH, SOURCE, seed
from vectors.statements import SEAL, speaker
from vectors.wire import number, text

_HASH: Final = seed("hash")
_HEAD: Final = number(1, 1) + text(2, SOURCE.encode()) + number(3, 300) + number(4, MINUTE)
_LIFTED: Final = text(36, text(1, number(1, 7) + text(2, _HASH)))


def wrong_statements() -> Json:
    """Return leaves to refuse, and leaves to leave unchecked."""
    wrong = _not_canonical() | _against_rules()
    return {
        "refused": [case(refused(name, partial(decode_leaf, leaf)), leaf=leaf) for name, leaf in wrong.items()],
        "uncheckable": [
            case(uncheckable(name, partial(decode_leaf, leaf)), leaf=leaf) for name, leaf in _unknown().items()
        ],
    }


def _not_canonical() -> dict[str, bytes]:
    good = _HEAD + _LIFTED
    seal = text(536870911, text(1, SEAL.sealed_keys_digest) + text(2, number(1, 1) + text(2, bytes(64))))
    decode_leaf(good + seal)
    return {
        "no bytes": b"",
        "truncated": good[:-1],
        "a byte after the end": good + b"\x00",
        "a wire type that does not exist": good + b"\x0f",
        "an unknown field among the first fifteen": good + number(15, 1),
        "an unknown field in the body": _HEAD + text(36, text(1, number(1, 7) + text(2, _HASH)) + number(2, 0)),
        "an unknown field in a nested message": _HEAD + text(36, text(1, number(1, 7) + text(2, _HASH) + number(3, 1))),
        "an unknown field in the seal": _HEAD + _LIFTED + text(536870911, text(1, _HASH) + number(9, 1)),
        "a field twice with the same value": _HEAD + number(4, MINUTE) + _LIFTED,
        "a field twice, the last one counting": number(1, 1) + number(1, 1) + good[2:],
        "the body twice": good + _LIFTED,
        "two bodies": good + text(33, encode_body(disclosure_body())),
        "the seal twice": good + seal + seal,
        "the seal before the body": _HEAD + seal + _LIFTED,
        "sequence before source id": number(1, 1)
        + number(3, 300)
        + text(2, SOURCE.encode())
        + number(4, MINUTE)
        + _LIFTED,
        "a varint longer than need be": number(1, 1, 2) + good[2:],
        "a length longer than need be": _HEAD + b"\xa2\x02\xa6\x00" + _LIFTED[3:],
        "a tag longer than need be": b"\x88\x00\x01" + good[2:],
        "a default written out": number(1, 1) + text(2, SOURCE.encode()) + number(3, 0) + number(4, MINUTE) + _LIFTED,
        "an empty text written out": _by_ledger(30, number(1, 1) + text(2, b"")),
        "a source id that is not UTF-8": number(1, 1) + text(2, b"\xff") + _LIFTED,
    }


def _against_rules() -> dict[str, bytes]:
    def said(body: bodies.Body, source_id: str = "", sequence: int = 1, recorded_at: int = MINUTE) -> bytes:
        return encode_statement(Statement(source_id or speaker(body), sequence, recorded_at, body))

    disclosed, enrolled = disclosure_body(), EVERY_BODY[1]
    if not isinstance(enrolled, bodies.SourceEnrolled):
        raise TypeError("the second body is SOURCE_ENROLLED")
    short = Hash(seed("short")[:31])
    officer = PublicKey(1, seed("officer"))
    target = bodies.Target(7, _HASH)
    corrected = bodies.Correction(target, _HASH, _HASH)
    whole = replace(corrected, keys_root=_HASH, key_class=4, aggregates_root=_HASH)
    erasure = bodies.Erasure(1, SOURCE, target, "§" * 250)
    report = bodies.AuditReport(_HASH, 0, 9, (bodies.AuditCheck.LOG, bodies.AuditCheck.PAYLOADS), 0, _HASH)
    auditor = bodies.AuditorAdded(1, "First Auditor", officer, seed("auditor box key"))
    for good in (whole, erasure, report, auditor):
        decode_leaf(said(good))
    zero = bodies.Count(0, 0)
    closing = bodies.Closing(0, 1, 0, 0, zero, zero, zero, zero, ZERO_HASH, 0, ZERO_HASH)
    return {
        "no body": _HEAD,
        "no source id": number(1, 1) + number(4, MINUTE) + _LIFTED,
        "a source id with a capital": said(disclosed, "Messenger"),
        "a source id that begins with a dot": said(disclosed, ".messenger"),
        "a source id of 64 characters": said(disclosed, "a" * 64),
        "a source's body by the ledger": said(disclosed, LEDGER),
        "the ledger's body by a source": said(enrolled, SOURCE),
        "a sequence of 2^63 - 1": said(disclosed, sequence=MAX_SEQUENCE + 1),
        "a minute past the year 9999": said(disclosed, recorded_at=MAX_MINUTE + 1),
        "a hash of 31 bytes": said(replace(disclosed, slots_root=short)),
        "no hash": said(replace(disclosed, keys_root=Hash(b""))),
        "no target": _HEAD + text(36, b""),
        "a seal without a digest": _HEAD + _LIFTED + text(536870911, text(2, number(1, 1))),
        "a key class of 5": said(replace(disclosed, key_class=5)),
        "an embargo of no month": said(replace(disclosed, embargo=bodies.Embargo(MONTH))),
        "an embargo of 37 months": said(replace(disclosed, embargo=bodies.Embargo(MONTH + 37))),
        "an embargo with public openings": said(
            replace(disclosed, embargo=bodies.Embargo(MONTH + 1), openings=opening("outcome"))
        ),
        "openings out of order": said(replace(disclosed, openings=opening("outcome", "urgency")[::-1])),
        "a handover of one part": said(replace(disclosed, part=bodies.Part(0, 1))),
        "a handover of 65 parts": said(replace(disclosed, part=bodies.Part(0, 65))),
        "part 2 of two, counted from 0": said(replace(disclosed, part=bodies.Part(2, 2))),
        "an unknown delivery result": _HEAD
        + text(34, text(1, text(2, _HASH)) + number(2, 3) + text(3, _HASH) + text(4, _HASH)),
        "a closing period that is not given": _by_ledger(17, encode_body(enrolled).replace(number(5, 3), b"", 1)),
        "enrolled under the ledger's name": said(replace(enrolled, source_id=LEDGER)),
        "enrolled without a key": said(replace(enrolled, keys=())),
        "enrolled with two keys of one algorithm": said(replace(enrolled, keys=(officer, PublicKey(1, _HASH)))),
        "enrolled with an unknown algorithm": said(replace(enrolled, keys=(PublicKey(2, _HASH),))),
        "enrolled with a key of 31 bytes": said(replace(enrolled, keys=(PublicKey(1, short),))),
        "a grace of 745 hours": said(replace(enrolled, grace_hours=745)),
        "an officer twice": said(replace(enrolled, officers=(officer, officer))),
        "more approvals of officers than there are": said(replace(enrolled, officer_threshold=2)),
        "a service with a capital": said(replace(enrolled, service="Messenger")),
        "an origin that is not the name of the key": said(replace(LOG_OPENED, origin="ledger.example/other")),
        "an auditor whose name ends in a space": said(replace(auditor, name="First Auditor ")),
        "an approver twice": said(replace(LOG_OPENED, approvers=LOG_OPENED.approvers[:1] * 2)),
        "thresholds out of order": said(replace(LOG_OPENED, thresholds=LOG_OPENED.thresholds[::-1])),
        "a threshold that cannot be reached": said(replace(LOG_OPENED, thresholds=(bodies.Threshold(0, 3),))),
        "a correction with a keys root and class 0": said(replace(corrected, keys_root=_HASH, aggregates_root=_HASH)),
        "a correction with a class and no keys root": said(replace(corrected, key_class=4, aggregates_root=_HASH)),
        "a correction without an aggregates root": said(replace(corrected, keys_root=_HASH, key_class=4)),
        "a correction with a class of 5": said(replace(whole, key_class=5)),
        "a correction with a keys root of 31 bytes": said(replace(whole, keys_root=short)),
        "an extension with number 0": said(bodies.EmbargoExtended(target, 0, MONTH, _HASH, _HASH)),
        "an erasure of the ledger's entry": said(replace(erasure, source_id=LEDGER)),
        "an erasure without a legal basis": said(replace(erasure, legal_basis="")),
        "a legal basis of 501 bytes": said(replace(erasure, legal_basis="§" * 250 + "9")),
        "a legal basis on two lines": said(replace(erasure, legal_basis="Example Act\nsection 9")),
        "a report without checks": said(replace(report, checks=())),
        "a report with a check twice": said(replace(report, checks=(bodies.AuditCheck.LOG,) * 2)),
        "a report with checks out of order": said(replace(report, checks=report.checks[::-1])),
        "a report of no entry": said(replace(report, begin=report.end)),
        "a challenge answered both ways": said(
            bodies.ChallengeAnswer(_HASH, bodies.Inclusion(1, _HASH), bodies.Denial(SOURCE))
        ),
        "a challenge not answered": said(bodies.ChallengeAnswer(_HASH)),
        "a closing that ends when it starts": said(replace(closing, end=0)),
        "a closing whose sequences run backwards": said(replace(closing, first_sequence=1)),
        "a band whose lower bound is the higher": said(replace(closing, late=bodies.Count(2, 1))),
    }


def _by_ledger(field: int, body: bytes) -> bytes:
    return number(1, 1) + text(2, LEDGER.encode()) + number(3, 1) + number(4, MINUTE) + text(field, body)


def _unknown() -> dict[str, bytes]:
    rest = _HEAD[2:] + _LIFTED
    return {
        "version 2": number(1, 2) + rest,
        "no version": rest,
        "version 2, and a body that is not known": number(1, 2) + _HEAD[2:] + text(39, b"new"),
        "version 2, not canonical": number(1, 2, 3) + rest,
        "a body that is not known": _HEAD + text(39, b"new"),
        "a body that is not known, and sealed": _HEAD + text(39, b"new") + text(536870911, text(1, _HASH)),
        "an extension": _HEAD + text(5, number(1, 1) + text(2, b"new")) + _LIFTED,
        "an empty extension": _HEAD + text(5, b"") + _LIFTED,
        "an extension and a doubled field": _HEAD + number(4, MINUTE) + text(5, number(1, 1)) + _LIFTED,
    }
