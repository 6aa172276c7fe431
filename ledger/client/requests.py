"""Files that travel between a source, an auditor, an approver and the operator: requests and proposals.

    {"log_id": hex, "statement": base64}

The statement is the ledger's future one, still without place, time and seal: in a request its number is cleared, in a
proposal it is set and approvals gather. Private keys never travel.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from ledger.core import bodies
from ledger.core.bodies import Period
from ledger.core.encoding import Hash, check_hash, decode_base64, decode_hex, encode_base64
from ledger.core.errors import InvalidInput
from ledger.core.inner import approve, sign_inner
from ledger.core.rules import LEDGER
from ledger.core.signing import PublicKey, SecretKey
from ledger.core.statement import Statement, decode_leaf, encode_statement


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks to be logged, signed by whom it concerns."""

    log_id: Hash
    body: bodies.Governance

    @property
    def statement(self) -> bytes:
        """The statement, still without place, time and seal."""
        return encode_statement(Statement(LEDGER, 0, 0, self.body))

    def format(self) -> str:
        """Return the file's text."""
        content = {"log_id": self.log_id.hex(), "statement": encode_base64(self.statement)}
        return json.dumps(content, indent=1, sort_keys=True) + "\n"

    @classmethod
    def parse(cls, text: str) -> "Request":
        """Parse strictly; raise InvalidInput or Uncheckable unless it is a governance statement."""
        try:
            content = json.loads(text)
            log_id, statement = content["log_id"], content["statement"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise InvalidInput("request", "not a request file") from None
        if not isinstance(log_id, str) or not isinstance(statement, str) or len(content) != 2:
            raise InvalidInput("request", "not a request file")
        body = decode_leaf(decode_base64(statement, "statement")).statement.body
        if not isinstance(body, bodies.Governance):
            raise InvalidInput("request", "not a governance statement")
        request = cls(check_hash(decode_hex(log_id, "log_id"), "log_id"), body)
        if request.statement != decode_base64(statement, "statement"):
            raise InvalidInput("statement", "has a place, a time or a seal, which only the ledger gives")
        return request

    @classmethod
    def load(cls, path: Path) -> "Request":
        """Parse the file at ``path``."""
        try:
            return cls.parse(path.read_text("utf-8"))
        except UnicodeDecodeError:
            raise InvalidInput("request", "not a request file") from None

    def numbered(self, number: int) -> "Request":
        """Return the proposal that asks for this as governance statement ``number``, not yet approved."""
        return replace(self, body=replace(cast(Any, self.body), number=number, approvals=()))

    def approved(self, keys: Sequence[SecretKey]) -> "Request":
        """Return it with an approval by each of ``keys``, those of others kept."""
        return replace(self, body=approve(self.log_id, self.body, keys))


def request_source(
    log_id: Hash,
    key: SecretKey,
    source_id: str,
    service: str,
    period: Period = Period.MONTH,
    grace_hours: int = 24,
    officers: tuple[PublicKey, ...] = (),
    officer_threshold: int = 0,
) -> Request:
    """Return a source's request to be enrolled, with its proof of possession."""
    body = bodies.SourceEnrolled(0, source_id, service, (key.public,), period, grace_hours, officers, officer_threshold)
    return Request(log_id, replace(body, proofs_of_possession=sign_inner(log_id, body, "proofs_of_possession", [key])))


def request_key_change(
    log_id: Hash,
    current: bodies.SourceEnrolled | bodies.SourceKeyChanged,
    replaces: Hash,
    key: SecretKey,
    old_key: SecretKey | None,
) -> Request:
    """Return a source's request for another key; without ``old_key`` the change can only be a forced one."""
    body = bodies.SourceKeyChanged(
        0,
        current.source_id,
        current.service,
        (key.public,),
        current.closing_period,
        current.grace_hours,
        current.officers,
        current.officer_threshold,
        replaces=replaces,
    )
    proofs = sign_inner(log_id, body, "proofs_of_possession", [key])
    old = () if old_key is None else sign_inner(log_id, body, "old_key_signatures", [old_key])
    return Request(log_id, replace(body, proofs_of_possession=proofs, old_key_signatures=old))


def request_auditor(log_id: Hash, key: SecretKey, x25519_key: bytes, name: str) -> Request:
    """Return an auditor's request to be accredited, signed by it."""
    body = bodies.AuditorAdded(0, name, key.public, check_hash(x25519_key, "x25519_key"))
    return Request(log_id, replace(body, signatures=sign_inner(log_id, body, "signatures", [key])))
