"""Files that travel between a source, an auditor, an approver and the operator: requests and proposals.

    {"log_id": hex, "statement": base64}

The statement is the ledger's future one, still without place, time and seal: in a request its number is cleared, in a
proposal it is set and approvals gather. Private keys never travel. Of closings: see ``approvals``.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, cast

from ledger.core import bodies
from ledger.core.bodies import Period
from ledger.core.encoding import Hash, check_hash, decode_base64, decode_hex, encode_base64
from ledger.core.errors import InvalidInput
from ledger.core.inner import approve, sign_inner
from ledger.core.rules import LEDGER
from ledger.core.signing import PublicKey, SecretKey
from ledger.core.statement import Statement, decode_leaf, encode_statement

PLACED: Final = "has a place, a time or a seal, which only the ledger gives"


def format_file(log_id: Hash, statement: bytes) -> str:
    """Return the text of a file."""
    return json.dumps({"log_id": log_id.hex(), "statement": encode_base64(statement)}, indent=1, sort_keys=True) + "\n"


def parse_file(text: str, what: str) -> tuple[Hash, bytes, Statement]:
    """Return the log id, the statement's bytes and the statement of a file.

    Raises:
        InvalidInput: it has not exactly these two members, or the bytes are no statement; the message says ``what``.
        Uncheckable: the statement is of a later release.
    """
    try:
        content = json.loads(text)
        log_id, statement = content["log_id"], content["statement"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _no_file(what) from None
    if not isinstance(log_id, str) or not isinstance(statement, str) or len(content) != 2:
        raise _no_file(what)
    data = decode_base64(statement, "statement")
    said = decode_leaf(data).statement
    return check_hash(decode_hex(log_id, "log_id"), "log_id"), data, said


def _no_file(what: str) -> InvalidInput:
    return InvalidInput(what, f"not {'an' if what[0] in 'aeiou' else 'a'} {what} file")


def read_text(path: Path, what: str) -> str:
    """Return the text of the file at ``path``; raise InvalidInput for bytes that are none."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise _no_file(what) from None


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
        return format_file(self.log_id, self.statement)

    @classmethod
    def parse(cls, text: str) -> "Request":
        """Parse strictly; raise InvalidInput or Uncheckable unless it is a governance statement."""
        log_id, data, said = parse_file(text, "request")
        if not isinstance(said.body, bodies.Governance):
            raise InvalidInput("request", "not a governance statement")
        request = cls(log_id, said.body)
        if request.statement != data:
            raise InvalidInput("statement", PLACED)
        return request

    @classmethod
    def load(cls, path: Path) -> "Request":
        """Parse the file at ``path``."""
        return cls.parse(read_text(path, "request"))

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
