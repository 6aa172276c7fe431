"""Batches that may not follow in the small log."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar, cast

from ledger.core import bodies
from ledger.core.batch import Binding, decode_batch, sign_batch
from ledger.core.encoding import ZERO_HASH
from ledger.core.inner import approve, sign_inner
from ledger.core.note import SigningKey
from ledger.core.rules import LEDGER
from ledger.core.signing import SecretKey
from ledger.core.statement import Statement
from vectors import seeds
from vectors.governing import accreditation, enrolment, key_change
from vectors.history import Logged, cosigned, history
from vectors.plain import Json, case
from vectors.refusing import refused
from vectors.saying import disclosure_body
from vectors.wrong_closings import wrong_closings
from vectors.wrong_lives import replayed, wrong_lives

Keyed = TypeVar("Keyed", bodies.SourceEnrolled, bodies.SourceKeyChanged)
_ONE: Final = 3
_TWO: Final = 4
_CHANGED: Final = 6
_FIVE: Final = 7


def wrong_log() -> Json:
    """Return, for some sizes, statements that must not follow."""
    wrong = _wrong(history().logged) | wrong_lives() | wrong_closings()
    return {"refused": [_refused(name, size, statements) for name, (size, statements) in wrong.items()]}


def _refused(name: str, size: int, statements: Sequence[bytes]) -> Json:
    def attempt() -> None:
        state, lives = replayed(size)
        state.replay(decode_batch(statements), lives.find)

    return case(refused(name, attempt), size=size, statements=statements)


def _wrong(logged: Sequence[Logged]) -> dict[str, tuple[int, Sequence[bytes]]]:
    batches = {item.first: [leaf.data for leaf in item.batch.leaves] for item in logged}
    return {
        "a batch again": (_TWO, batches[_ONE]),
        "a batch left out": (_ONE, batches[_TWO]),
        "the source's batch before its key change": (_CHANGED, batches[_FIVE]),
        "a governance statement left out": (_CHANGED, batches[12]),
        "a batch of the source after its revocation": (18, batches[_FIVE]),
        **_sources(),
        **_governance(),
        **_anchors(),
    }


def _sources() -> dict[str, tuple[int, Sequence[bytes]]]:
    key_statement = history().leaf_hashes[1]
    binding = Binding(history().state.log_id, key_statement, ZERO_HASH)

    sealed = seeds.seed("sealed keys digest")

    def first(body: bodies.Body, key: SecretKey = seeds.SOURCE_KEYS[0], **changes: object) -> Sequence[bytes]:
        said = Statement(seeds.SOURCE, 0, seeds.MINUTE, body)
        return sign_batch([replace(said, **cast(Any, changes))], binding, sealed, [key.sign])

    return {
        "signed by another key": (_ONE, first(disclosure_body(), seeds.SOURCE_KEYS[1])),
        "a source that is not enrolled": (_ONE, first(disclosure_body(), source_id="mail.eu-1")),
        "a first sequence that is not 0": (_ONE, first(disclosure_body(), sequence=1)),
        "a lift of a statement that never was": (_ONE, first(bodies.EmbargoLifted(bodies.Target(0, ZERO_HASH)))),
        "late for a period, of which none is closed": (_ONE, first(disclosure_body(late_for=bodies.LateFor(0)))),
        "payloads without sealed keys": (_ONE, _unsealed(binding)),
    }


def _unsealed(binding: Binding) -> Sequence[bytes]:
    said = Statement(seeds.SOURCE, 0, seeds.MINUTE, disclosure_body())
    return sign_batch([said], binding, ZERO_HASH, [seeds.SOURCE_KEYS[0].sign])


def _governance() -> dict[str, tuple[int, Sequence[bytes]]]:
    log_id, size = history().state.log_id, 2
    added = accreditation(log_id, "First Auditor", seeds.AUDITOR_KEY, seeds.AUDITOR_BOX_KEY)
    by_source_key = accreditation(log_id, "First Auditor", seeds.SOURCE_KEYS[0], seeds.AUDITOR_BOX_KEY)
    moved = key_change(log_id, history().leaf_hashes[1], 1, forced=True)
    policy = bodies.PolicyChanged(0, ZERO_HASH, ZERO_HASH, seeds.LOG_OPENED.approvers, ())
    removed = bodies.AuditorRemoved(0, added.name, added.signing_key, added.x25519_key)
    revoked = bodies.SourceRevoked(0, seeds.SOURCE, 1, bodies.RevocationReason.RETIRED)
    again = replace(enrolment(log_id), keys=moved.keys)
    one, two = seeds.APPROVERS[:1], seeds.APPROVERS
    return {
        "a number left out": (size, _governed(added, 3, one)),
        "a number again": (size, _governed(added, 1, one)),
        "no approval": (size, _governed(added, 2, ())),
        "one approval where two are needed": (size, _governed(policy, 2, one)),
        "approved by a stranger": (size, _governed(added, 2, [seeds.OFFICER])),
        "an auditor's signature missing": (size, _governed(replace(added, signatures=()), 2, one)),
        "an auditor with a source's key": (size, _governed(by_source_key, 2, one)),
        "a source enrolled twice": (size, _governed(_proven(again), 2, one)),
        "a key change without proof": (size, _governed(replace(moved, proofs_of_possession=()), 2, one)),
        "a key change of another key statement": (
            size,
            _governed(key_change(log_id, ZERO_HASH, 1, forced=True), 2, one),
        ),
        "a key change to another service": (size, _governed(_proven(replace(moved, service="mail")), 2, one)),
        "an auditor removed who never was": (size, _governed(removed, 2, one)),
        "a source revoked at another sequence": (size, _governed(revoked, 2, one)),
        "a ledger body that this release does not admit": (size, _governed(bodies.Frozen(0, "x"), 2, two)),
        "the ledger's statement before the last one's minute": (size, _governed(added, 2, one, seeds.MINUTE - 1)),
        "the ledger's statement signed by an approver": (size, _governed(added, 2, one, key=seeds.APPROVERS[0])),
    }


def _proven(body: Keyed) -> Keyed:
    """Return a body that the source's second key proves to be its own."""
    signatures = sign_inner(history().state.log_id, body, "proofs_of_possession", [seeds.SOURCE_KEYS[1]])
    return cast(Keyed, replace(cast(Any, body), proofs_of_possession=signatures))


def _anchors() -> dict[str, tuple[int, Sequence[bytes]]]:
    """What would be the ledger's statement after its ANCHOR of the first 17 entries."""
    entries = history()
    hashes = entries.leaf_hashes
    size = len(hashes)
    binding = Binding(entries.state.log_id, entries.state.log_id, entries.state.sources[LEDGER].previous)
    sequence = entries.state.sources[LEDGER].next_sequence

    def said(note: bytes) -> tuple[int, Sequence[bytes]]:
        statement = Statement(LEDGER, sequence, entries.minute, bodies.Anchor(note))
        return size, sign_batch([statement], binding, ZERO_HASH, [seeds.LEDGER_KEY.sign])

    stranger = SigningKey(seeds.ORIGIN, seeds.OFFICER)
    return {
        "an anchor of what was anchored before": said(cosigned(hashes[:17])),
        "an anchor of its own place": said(cosigned([*hashes, hashes[0]])),
        "an anchor of another origin": said(cosigned(hashes, origin="ledger.example/other")),
        "an anchor that another key signed": said(cosigned(hashes, key=stranger)),
        "an anchor that is no checkpoint": said(b"ledger.example/log\n\n"),
    }


def _governed(
    body: bodies.Governance,
    number: int,
    approvers: Sequence[SecretKey],
    minute: int = seeds.MINUTE,
    key: SecretKey = seeds.LEDGER_KEY,
) -> Sequence[bytes]:
    """What would be the ledger's second statement after its enrolment of the source."""
    entries = history()
    log_id = entries.state.log_id
    binding = Binding(log_id, log_id, entries.logged[2].binding.previous)
    numbered = cast(bodies.Governance, replace(cast(Any, body), number=number))
    said = Statement(LEDGER, 2, minute, approve(log_id, numbered, approvers))
    return sign_batch([said], binding, ZERO_HASH, [key.sign])
