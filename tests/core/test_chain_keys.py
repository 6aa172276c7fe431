"""Sources are enrolled once, change keys in the open, and end at their head when revoked."""

from copy import deepcopy
from dataclasses import replace

import pytest

from ledger.core import bodies
from ledger.core.encoding import sha256
from ledger.core.errors import ChainBroken, KeySuperseded, LedgerError, Refused, UnknownSource, VerificationFailed
from ledger.core.inner import sign_inner
from tests.core.world import World, disclosure, mixed, replay, secret


def refuse(world: World, error: type[LedgerError], message: str, body: bodies.Governance) -> LedgerError:
    """Return the refusal of ``body``, well numbered and approved, which left the state as it was."""
    before = deepcopy(world.state)
    with pytest.raises(error, match=message) as refused:
        world.govern(body)
    assert world.state == before
    return refused.value


def two() -> World:
    """Return a log with alpha, which has said something, and beta, which has not."""
    world = World.open()
    world.enrol("alpha")
    world.enrol("beta")
    world.add_auditor("one")
    world.disclose("alpha")
    return world


def test_enrolment_settles_key_service_and_place() -> None:
    """A source begins at sequence 0 with the key, service and index of its SOURCE_ENROLLED."""
    world = two()
    beta = world.state.source("beta")
    assert (beta.service, beta.key_index, beta.next_sequence, beta.recorded_at) == ("mail", 2, 0, 0)
    assert (beta.keys, beta.past_keys) == ((secret("beta 0").public,), (secret("beta 0").public.key,))
    assert beta.key_statement == world.batch_at(2).batch.leaf_hashes[0]
    assert not beta.forced
    assert not beta.revoked


def test_a_source_id_is_never_enrolled_twice() -> None:
    """The name of a source, of a revoked one too, is refused under a new key."""
    world = two()
    refuse(world, Refused, "source_id: was enrolled before", world.enrolment("alpha", secret("new")))
    world.revoke("alpha")
    refuse(world, Refused, "source_id: was enrolled before", world.enrolment("alpha", secret("new")))


@pytest.mark.parametrize(
    "used",
    ["chain", "alpha 0", "alpha 1", "beta 0", "beta 1", "auditor one", "auditor two"],
)
def test_a_key_is_never_enrolled_twice(used: str) -> None:
    """The ledger's key, a source's, one given up, a revoked source's, an auditor's, a removed one's: all are used."""
    world = mixed()
    assert world.state.sources["alpha"].revoked
    assert [item.name for item in world.state.auditors.values() if item.removed] == ["one"]
    key = secret(used)
    for body in (world.enrolment("gamma", key), world.key_change("beta", key), accreditation(world, used)):
        refuse(world, Refused, "keys: a key is never enrolled twice", body)


def accreditation(world: World, used: str) -> bodies.AuditorAdded:
    """Return the accreditation of a new auditor under the signing key of ``used``."""
    body = replace(world.accreditation("three"), signing_key=secret(used).public)
    return replace(body, signatures=sign_inner(world.log_id, body, "signatures", [secret(used)]))


@pytest.mark.parametrize(
    "signer", [pytest.param(None, id="no proof"), pytest.param("other", id="a proof by another key")]
)
def test_a_key_is_enrolled_by_who_holds_it(signer: str | None) -> None:
    """Enrolment and key change need the new key's own signature."""
    world = two()
    signers = [secret(signer)] if signer else []
    for body in (world.enrolment("gamma"), world.key_change("beta", secret("beta 1"))):
        proofs = sign_inner(world.log_id, body, "proofs_of_possession", signers)
        refuse(world, VerificationFailed, "proofs_of_possession: ", replace(body, proofs_of_possession=proofs))


def test_a_proof_of_possession_is_for_one_log_and_one_source() -> None:
    """A proof made for another log, or for another source id, does not enrol."""
    world, elsewhere = two(), World.open(origin="other.example")
    foreign = elsewhere.enrolment("gamma")
    refuse(world, VerificationFailed, "proofs_of_possession: the signature does not verify", foreign)
    renamed = replace(world.enrolment("gamma"), source_id="delta")
    refuse(world, VerificationFailed, "proofs_of_possession: the signature does not verify", renamed)


def test_a_signed_key_change_keeps_the_chain() -> None:
    """The new key continues sequence, time and predecessor; the old one seals nothing from there on."""
    world = two()
    before, late = world.state.source("alpha"), world.submission("alpha", disclosure())
    index = world.change_key("alpha")
    after = world.state.source("alpha")
    assert after == replace(
        before,
        keys=(secret("alpha 1").public,),
        key_statement=world.batch_at(index).batch.leaf_hashes[0],
        key_index=index,
        past_keys=(secret("alpha 0").public.key, secret("alpha 1").public.key),
    )
    with pytest.raises(KeySuperseded, match="key_statement: not the source's current one") as refused:
        world.admit(late)
    assert refused.value.current == after.key_statement
    world.disclose("alpha")
    assert replay(world.leaves) == world.state


def test_a_forced_key_change_is_marked_for_good() -> None:
    """Without the old key's signature a change is forced, and a later, signed one does not wash that away."""
    world = two()
    world.change_key("alpha")
    assert not world.state.source("alpha").forced
    world.change_key("alpha", forced=True)
    assert world.state.source("alpha").forced
    world.disclose("alpha")
    world.change_key("alpha")
    assert world.state.source("alpha").forced
    assert replay(world.leaves) == world.state


@pytest.mark.parametrize(
    "signer", [pytest.param("alpha 1", id="the new key itself"), pytest.param("beta 0", id="another source's key")]
)
def test_an_old_key_signature_is_the_old_keys_or_none(signer: str) -> None:
    """What stands as the old key's signature must be it: a forged one is refused, not taken as forced."""
    world = two()
    body = world.key_change("alpha", secret("alpha 1"), forced=True)
    forged = sign_inner(world.log_id, body, "old_key_signatures", [secret(signer)])
    message = "old_key_signatures: the signature does not verify"
    refuse(world, VerificationFailed, message, replace(body, old_key_signatures=forged))


def test_a_key_change_replaces_the_current_key() -> None:
    """A change made before another one came is refused with the key statement that is current."""
    world = two()
    stale = world.key_change("alpha", secret("alpha 2"))
    world.change_key("alpha")
    refusal = refuse(world, KeySuperseded, "replaces: not the source's current key statement", stale)
    assert isinstance(refusal, KeySuperseded)
    assert refusal.current == world.state.source("alpha").key_statement


def test_a_source_stays_with_its_service() -> None:
    """A key change under another service is refused, although the keys signed it."""
    world = two()
    body = replace(world.key_change("alpha", secret("alpha 1"), forced=True), service="chat")
    proofs = sign_inner(world.log_id, body, "proofs_of_possession", [secret("alpha 1")])
    refuse(world, Refused, "service: a source stays with its service", replace(body, proofs_of_possession=proofs))


def test_only_a_source_that_speaks_changes_its_key() -> None:
    """A source never enrolled, or revoked, gets no new key and is not revoked again."""
    world = two()
    change = world.key_change("alpha", secret("alpha 1"))
    revocation = bodies.SourceRevoked(0, "alpha", 1, bodies.RevocationReason.OTHER)
    refuse(world, UnknownSource, "source_id: not enrolled", replace(change, source_id="gamma"))
    refuse(world, UnknownSource, "source_id: not enrolled", replace(revocation, source_id="gamma"))
    world.revoke("alpha")
    refuse(world, UnknownSource, "source_id: revoked", change)
    refuse(world, UnknownSource, "source_id: revoked", revocation)


@pytest.mark.parametrize("final", [0, 2])
def test_a_source_is_revoked_at_its_head(final: int) -> None:
    """A final sequence below or above the next one is refused with the head; at the head the chain ends."""
    world = two()
    revocation = bodies.SourceRevoked(0, "alpha", final, bodies.RevocationReason.KEY_COMPROMISED)
    refusal = refuse(world, ChainBroken, "final_sequence: must be the source's head", revocation)
    assert isinstance(refusal, ChainBroken)
    assert refusal.head == world.state.source("alpha").head
    world.revoke("alpha")
    assert world.state.sources["alpha"].revoked
    assert not world.state.source("beta").revoked


def test_the_digest_of_the_replaced_statement_is_signed() -> None:
    """Signatures made for one key statement do not serve to replace another."""
    world = two()
    body = replace(world.key_change("alpha", secret("alpha 1")), replaces=sha256(b"another"))
    refuse(world, KeySuperseded, "replaces", body)
    replayed = replace(body, replaces=world.state.source("beta").key_statement, source_id="beta")
    refuse(world, VerificationFailed, "proofs_of_possession: the signature does not verify", replayed)
