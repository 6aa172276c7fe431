"""Rules of single bodies beyond their tables' types: bounds, order, and what excludes what (protocol §4)."""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final

from tests.vectors.basics import require
from tests.vectors.notes import VKey
from tests.vectors.sealing import box_of
from tests.vectors.wire import Message

SOURCE_ID: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")
_NAME: Final = re.compile(r"(?=.{1,253}\Z)[!-~]([ -~]*[!-~])?")


def check(name: str, body: Message) -> None:
    """Raise Disproven unless a body keeps its own rules."""
    if name in _RULES:
        _RULES[name](body)


def _ascending(values: Sequence[Any], what: str) -> None:
    require(all(a < b for a, b in pairwise(values)), what)


def _keys(keys: Sequence[Message], what: str) -> None:
    require(all(key["algorithm"] == 1 and len(key["key"]) == 32 for key in keys), what)


def _registered(keys: Sequence[Message], what: str) -> None:
    _ascending([key["algorithm"] for key in keys], what)
    require(len(keys) > 0, what)
    _keys(keys, what)


def _distinct(keys: Sequence[Message], what: str) -> None:
    _keys(keys, what)
    require(len({key["key"] for key in keys}) == len(keys), what)


def _disclosure(body: Message) -> None:
    require(body["key_class"] in (4, 16, 64, 256), "key_class")
    part = body["part"]
    require(part is None or (2 <= part["count"] <= 64 and part["index"] < part["count"]), "part")
    _ascending([opening["position"] for opening in body["openings"]], "openings")


def _enrolment(body: Message) -> None:
    _enrolled_id(body)
    require(SOURCE_ID.fullmatch(body["service"]) is not None, "service")
    _registered(body["keys"], "keys")
    require(body["grace_hours"] <= 744, "grace_hours")
    _distinct(body["officers"], "officers")
    require(body["officer_threshold"] <= len(body["officers"]), "officer_threshold")


def _enrolled_id(body: Message) -> None:
    require(SOURCE_ID.fullmatch(body["source_id"]) is not None and body["source_id"] != "ledger", "source_id")


def _policy(body: Message) -> None:
    _distinct(body["approvers"], "approvers")
    _ascending([row["body"] for row in body["thresholds"]], "thresholds")
    require(all(row["count"] <= len(body["approvers"]) for row in body["thresholds"]), "thresholds")


def _opened(body: Message) -> None:
    require(_NAME.fullmatch(body["origin"]) is not None, "origin")
    require(VKey.parse(body["checkpoint_vkey"]).name == body["origin"], "checkpoint_vkey")
    _registered(body["ledger_keys"], "ledger_keys")
    _policy(body)


def _auditor(body: Message) -> None:
    require(_NAME.fullmatch(body["name"]) is not None, "name")
    _keys([body["signing_key"]], "signing_key")
    box_of(bytes(32), body["x25519_key"])


def _closing(body: Message) -> None:
    require(body["start"] < body["end"] and body["first_sequence"] <= body["end_sequence"], "closing")
    counts = [body[name] for name in ("disclosures", "aborted", "embargoed", "late")]
    require(all(count["lo"] <= count["hi"] for count in counts), "counts")


def _answer(body: Message) -> None:
    require((body["inclusion"] is None) != (body["denial"] is None), "answer")


def _correction(body: Message) -> None:
    given = [body["keys_root"], body["key_class"], body["aggregates_root"]]
    if any(given):
        require(body["key_class"] in (4, 16, 64, 256), "key_class")
        require(len(body["keys_root"]) == len(body["aggregates_root"]) == 32, "keys_root, aggregates_root")


def _extension(body: Message) -> None:
    require(body["number"] >= 1, "number")


def _erasure(body: Message) -> None:
    _enrolled_id(body)
    require(1 <= len(body["legal_basis"].encode()) <= 500, "legal_basis")
    require(all(ord(character) >= 32 and ord(character) != 127 for character in body["legal_basis"]), "legal_basis")


def _report(body: Message) -> None:
    require(body["begin"] < body["end"], "end")
    _ascending(body["checks"], "checks")
    require(len(body["checks"]) > 0, "checks")


_RULES: Final[dict[str, Callable[[Message], None]]] = {
    "DISCLOSURE": _disclosure,
    "SOURCE_ENROLLED": _enrolment,
    "SOURCE_KEY_CHANGED": _enrolment,
    "SOURCE_REVOKED": _enrolled_id,
    "LOG_OPENED": _opened,
    "POLICY_CHANGED": _policy,
    "AUDITOR_ADDED": _auditor,
    "AUDITOR_REMOVED": _auditor,
    "CORRECTION": _correction,
    "EMBARGO_EXTENDED": _extension,
    "ERASURE": _erasure,
    "AUDIT_REPORT": _report,
    "CLOSING": _closing,
    "CHALLENGE_ANSWER": _answer,
}
