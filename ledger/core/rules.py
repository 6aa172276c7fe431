"""Rules of single bodies that need no state: bounds, order, and what excludes what (protocol §2–§9)."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

from ledger.core import bodies
from ledger.core.encoding import HASH_SIZE
from ledger.core.errors import InvalidInput
from ledger.core.note import VKey
from ledger.core.sealed_keys import check_recipient
from ledger.core.signing import ED25519, KEY_SIZE, PublicKey

LEDGER: Final = "ledger"
"""The source id of the ledger's own chain."""

KEY_CLASSES: Final = (4, 16, 64, 256)
MAX_PARTS: Final = 64
MAX_EMBARGO_MONTHS: Final = 36
MAX_NAME: Final = 253
MAX_LEGAL_BASIS: Final = 500
MAX_GRACE_HOURS: Final = 24 * 31
MAX_MINUTE: Final = 4_223_371_679
"""The last minute of the year 9999: past it a month has no name."""
_SOURCE_ID: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}\Z", re.ASCII)
_NAME: Final = re.compile(r"[!-~]([ -~]*[!-~])?\Z", re.ASCII)
_MONTH: Final = re.compile(r"(?:19[7-9][0-9]|[2-9][0-9]{3})-(?:0[1-9]|1[0-2])\Z", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def check_source_id(source_id: str, field: str = "source_id") -> str:
    """Return ``source_id``; raise InvalidInput unless it is ``[a-z0-9][a-z0-9.-]{0,62}``."""
    if not _SOURCE_ID.match(source_id):
        raise InvalidInput(field, "must be 1 to 63 characters of a-z, 0-9, '.' and '-', the first a-z or 0-9")
    return source_id


def check_name(name: str, field: str) -> str:
    """Return ``name``; raise InvalidInput unless it is 1 to 253 printable ASCII characters, spaces inside only."""
    if len(name) > MAX_NAME or not _NAME.match(name):
        raise InvalidInput(field, f"must be 1 to {MAX_NAME} printable ASCII characters without outer spaces")
    return name


def month_of(minute: int) -> int:
    """Return the month of a minute since the epoch, in months since 1970-01 (UTC)."""
    moment = _EPOCH + timedelta(minutes=minute)
    return (moment.year - 1970) * 12 + moment.month - 1


def month_text(month: int) -> str:
    """Return a month since 1970-01 as YYYY-MM."""
    return f"{1970 + month // 12:04}-{month % 12 + 1:02}"


def parse_month(text: str, field: str) -> int:
    """Return the month of YYYY-MM in months since 1970-01; raise InvalidInput for anything else."""
    if not isinstance(text, str) or not _MONTH.match(text):
        raise InvalidInput(field, "must be a month, YYYY-MM, from 1970 on")
    return (int(text[:4]) - 1970) * 12 + int(text[5:]) - 1


def check_keys(keys: Sequence[PublicKey], field: str) -> None:
    """Raise InvalidInput unless ``keys`` are one or more, ascending by algorithm, all known."""
    if not keys:
        raise InvalidInput(field, "at least one key is needed")
    if any(a.algorithm >= b.algorithm for a, b in pairwise(keys)):
        raise InvalidInput(field, "keys must ascend by algorithm, one each")
    for key in keys:
        check_key(key, field)


def check_key(key: PublicKey, field: str) -> None:
    """Raise InvalidInput unless ``key`` is an Ed25519 key of 32 bytes."""
    if key.algorithm != ED25519:
        raise InvalidInput(field, "algorithm must be 1 (Ed25519)")
    if len(key.key) != KEY_SIZE:
        raise InvalidInput(field, f"an Ed25519 key must be {KEY_SIZE} bytes")


def check_approval_policy(approvers: Sequence[PublicKey], thresholds: Sequence[bodies.Threshold]) -> None:
    """Raise InvalidInput unless approvers are distinct and each threshold can be reached by them."""
    for key in approvers:
        check_key(key, "approvers")
    if len(set(approvers)) != len(approvers):
        raise InvalidInput("approvers", "the same key stands twice")
    if any(a.body >= b.body for a, b in pairwise(thresholds)):
        raise InvalidInput("thresholds", "rows must ascend by body, one each")
    if any(row.count > len(approvers) for row in thresholds):
        raise InvalidInput("thresholds", "more approvals asked for than there are approvers")


def check_body(body: bodies.Body, recorded_at: int) -> None:
    """Raise InvalidInput naming the field and the bound that ``body`` breaks by itself."""
    match body:
        case bodies.Disclosure():
            _check_disclosure(body, recorded_at)
        case bodies.SourceEnrolled() | bodies.SourceKeyChanged():
            _check_enrolment(body)
        case bodies.LogOpened():
            check_name(body.origin, "origin")
            if VKey.parse(body.checkpoint_vkey).name != body.origin:
                raise InvalidInput("checkpoint_vkey", "its name must be the origin")
            check_keys(body.ledger_keys, "ledger_keys")
            check_approval_policy(body.approvers, body.thresholds)
        case bodies.PolicyChanged():
            check_approval_policy(body.approvers, body.thresholds)
        case bodies.SourceRevoked():
            check_enrolled_id(body.source_id)
        case bodies.AuditorAdded() | bodies.AuditorRemoved():
            check_name(body.name, "name")
            check_key(body.signing_key, "signing_key")
            check_recipient(body.x25519_key, "x25519_key")
        case bodies.Correction():
            _check_correction(body)
        case bodies.EmbargoExtended():
            if body.number < 1:
                raise InvalidInput("number", "must be at least 1")
        case bodies.Erasure():
            check_enrolled_id(body.source_id)
            check_legal_basis(body.legal_basis)
        case bodies.AuditReport():
            _check_report(body)
        case bodies.Closing():
            _check_closing(body)
        case bodies.ChallengeAnswer():
            if (body.inclusion is None) == (body.denial is None):
                raise InvalidInput("challenge_answer", "exactly one of inclusion and denial is needed")
        case _:
            pass


def _check_disclosure(body: bodies.Disclosure, recorded_at: int) -> None:
    if body.key_class not in KEY_CLASSES:
        raise InvalidInput("key_class", "must be one of 4, 16, 64, 256")
    if body.embargo is not None:
        months = body.embargo.until - month_of(recorded_at)
        if not 0 < months <= MAX_EMBARGO_MONTHS:
            raise InvalidInput("embargo.until", f"must be 1 to {MAX_EMBARGO_MONTHS} months after recorded_at's month")
        if body.openings:
            raise InvalidInput("openings", "an embargoed disclosure has no public openings")
    if body.part is not None and not (2 <= body.part.count <= MAX_PARTS and body.part.index < body.part.count):
        raise InvalidInput("part", f"count must be 2 to {MAX_PARTS} and index below it")
    positions = [opening.position for opening in body.openings]
    if any(a >= b for a, b in pairwise(positions)):
        raise InvalidInput("openings", "positions must ascend, one each")


def _check_correction(body: bodies.Correction) -> None:
    """Either all three of a DISCLOSURE's are given, or none."""
    if not (body.keys_root or body.key_class or body.aggregates_root):
        return
    if body.key_class not in KEY_CLASSES:
        raise InvalidInput("key_class", "must be one of 4, 16, 64, 256")
    for name, value in (("keys_root", body.keys_root), ("aggregates_root", body.aggregates_root)):
        if len(value) != HASH_SIZE:
            raise InvalidInput(name, f"must be {HASH_SIZE} bytes")


def check_legal_basis(text: str) -> str:
    """Return ``text``; raise InvalidInput unless it is 1 to 500 bytes of UTF-8 without control characters."""
    if not 0 < len(text.encode()) <= MAX_LEGAL_BASIS or _CONTROL.search(text):
        raise InvalidInput("legal_basis", f"must be 1 to {MAX_LEGAL_BASIS} bytes without control characters")
    return text


def _check_report(body: bodies.AuditReport) -> None:
    if body.begin >= body.end:
        raise InvalidInput("end", "must lie after begin")
    if not body.checks or any(a >= b for a, b in pairwise(body.checks)):
        raise InvalidInput("checks", "at least one, ascending, each once")


def check_enrolled_id(source_id: str) -> str:
    """Return ``source_id``; raise InvalidInput unless a source may bear it."""
    if check_source_id(source_id) == LEDGER:
        raise InvalidInput("source_id", "is the ledger's own")
    return source_id


def _check_enrolment(body: bodies.SourceEnrolled | bodies.SourceKeyChanged) -> None:
    check_enrolled_id(body.source_id)
    check_source_id(body.service, "service")
    check_keys(body.keys, "keys")
    if body.grace_hours > MAX_GRACE_HOURS:
        raise InvalidInput("grace_hours", f"must be at most {MAX_GRACE_HOURS}")
    for officer in body.officers:
        check_key(officer, "officers")
    if len(set(body.officers)) != len(body.officers):
        raise InvalidInput("officers", "the same key stands twice")
    if body.officer_threshold > len(body.officers):
        raise InvalidInput("officer_threshold", "more approvals asked for than there are officers")


def _check_closing(body: bodies.Closing) -> None:
    if body.start >= body.end:
        raise InvalidInput("end", "must lie after start")
    if body.first_sequence > body.end_sequence:
        raise InvalidInput("end_sequence", "must not lie below first_sequence")
    for name in ("disclosures", "aborted", "embargoed", "late"):
        count = getattr(body, name)
        if count.lo > count.hi:
            raise InvalidInput(name, "lo must not exceed hi")
