"""What only the state can say of a submission: whom its batch key reaches, when it is dated, and who sealed it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from ledger.core import bodies
from ledger.core.admission import CLOCK_TOLERANCE, Submission, check_boxes, check_clock, examine
from ledger.core.batch import Batch, Binding, decode_batch, sign_batch, verify_seal
from ledger.core.building import build, prepare
from ledger.core.encoding import Hash, sha256
from ledger.core.errors import InvalidInput, NotAuthenticated, TooFewAuditors
from ledger.core.statement import Statement
from tests.core.world import AuditorKeys, Entropy, World, disclosure, secret

STRANGER = AuditorKeys.of("stranger")
BODY = bodies.Disclosure(sha256(b"slots"), sha256(b"payload"), sha256(b"keys"), 4, sha256(b"aggregates"))


def audited() -> World:
    """Return a log whose source alpha has changed its key, with auditors one, two and the removed three."""
    world = World.open()
    world.enrol("alpha")
    for name in ("one", "two", "three"):
        world.add_auditor(name)
    world.remove_auditor("three")
    world.change_key("alpha")
    return world


def sealed_to(world: World, recipients: Mapping[Hash, bytes]) -> Submission:
    """Return a submission of alpha whose batch key is boxed to ``recipients`` alone."""
    prepared = [prepare(disclosure(), Entropy())]
    signers = [world.secrets["alpha"].sign]
    return build(prepared, "alpha", 0, world.minute, world.binding("alpha"), recipients, signers, Entropy())


def key_ids(world: World) -> dict[str, Hash]:
    """Return the key ids of the auditors, removed ones too, by name."""
    return {auditor.name: auditor.key_id for auditor in world.state.auditors.values()}


def dated(*minutes: int) -> Batch:
    """Return a batch of one statement a minute given, earliest first."""
    statements = [Statement("alpha", at, minute, BODY) for at, minute in enumerate(sorted(minutes))]
    binding = Binding(BODY.slots_root, BODY.slots_root, BODY.slots_root)
    return decode_batch(sign_batch(statements, binding, BODY.slots_root, [secret("alpha 0").sign]))


def resealed(submission: Submission, signer: str) -> tuple[bytes, ...]:
    """Return the statements of ``submission`` under the seal of another key."""
    batch = decode_batch(submission.statements)
    statements = [replace(leaf.statement, seal=None) for leaf in batch.leaves]
    return sign_batch(statements, submission.binding, batch.seal.sealed_keys_digest, [secret(signer).sign])


@pytest.mark.parametrize(("names", "minimum"), [(("one",), 1), (("one", "two"), 1), (("one", "two"), 2)])
def test_boxes_for_enough_auditors_and_the_source(names: tuple[str, ...], minimum: int) -> None:
    """The source and at least as many auditors as the policy asks for: the count of auditors is returned."""
    world = audited()
    ids = key_ids(world)
    leave_out = {ids[name] for name in ("one", "two") if name not in names}
    recipients = {key_id: key for key_id, key in world.recipients("alpha").items() if key_id not in leave_out}
    sealed = examine(sealed_to(world, recipients)).submission.sealed_keys
    count = check_boxes(sealed, world.state.source("alpha"), world.state.auditors, minimum)
    assert count == len(names)


@pytest.mark.parametrize("minimum", [1, 3])
def test_too_few_auditors(minimum: int) -> None:
    """Fewer boxes than the policy's minimum are refused with that number, also the source's own box alone."""
    world = audited()
    source = world.state.source("alpha")
    recipients = world.recipients("alpha")
    if minimum == 1:
        recipients = {source.key_statement: recipients[source.key_statement]}
    sealed = sealed_to(world, recipients).sealed_keys
    with pytest.raises(TooFewAuditors, match=f"sealed_keys: boxes for at least {minimum} auditors") as refused:
        check_boxes(sealed, source, world.state.auditors, minimum)
    assert refused.value.minimum == minimum


@pytest.mark.parametrize("whose", ["a stranger", "a removed auditor", "the key the source gave up"])
def test_a_box_for_nobody_the_log_names_is_refused(whose: str) -> None:
    """A box beyond the auditors of today and the source's current key would let somebody read: it is refused."""
    world = audited()
    enrolment = world.batch_at(1).batch.leaf_hashes[0]
    extra = {"a stranger": sha256(b"x"), "a removed auditor": key_ids(world)["three"]}.get(whose, enrolment)
    sealed = sealed_to(world, {**world.recipients("alpha"), extra: STRANGER.x25519}).sealed_keys
    with pytest.raises(TooFewAuditors, match="sealed_keys: a box for one who is no auditor of this log") as refused:
        check_boxes(sealed, world.state.source("alpha"), world.state.auditors, 1)
    assert refused.value.minimum == 1


def test_the_source_keeps_a_box_of_its_own() -> None:
    """Without a box for its own key the source could not open its payloads, so the batch is refused."""
    world = audited()
    source = world.state.source("alpha")
    recipients = world.recipients("alpha")
    del recipients[source.key_statement]
    for given in (recipients, dict[Hash, bytes]()):
        with pytest.raises(InvalidInput, match="sealed_keys: one box for the source itself is needed"):
            check_boxes(sealed_to(world, given).sealed_keys, source, world.state.auditors, 1)


@pytest.mark.parametrize("ahead", [-1_000_000, 0, CLOCK_TOLERANCE])
def test_a_date_up_to_five_minutes_ahead_is_admitted(ahead: int) -> None:
    """Whatever is not too far ahead of the ledger's clock is for the chain to judge."""
    check_clock(dated(2_000_000 + ahead), 2_000_000)


def test_a_date_further_ahead_is_refused() -> None:
    """The last and latest statement decides: six minutes ahead is too much."""
    batch = dated(CLOCK_TOLERANCE, 100 + CLOCK_TOLERANCE + 1)
    with pytest.raises(InvalidInput, match="recorded_at: must be at most 5 minutes ahead of the ledger's clock"):
        check_clock(batch, 100)
    check_clock(batch, 101)


def test_the_source_sealed_it() -> None:
    """The digest of the signed bytes comes back for the source's own seal under what the submission binds."""
    world = audited()
    source, submission = world.state.source("alpha"), world.submission("alpha", disclosure())
    batch, binding = examine(submission).batch, submission.binding
    digest = verify_seal(batch, binding, source.keys)
    assert digest == sha256(batch.signed_bytes(binding))
    for wrong, bound in (
        (batch, replace(binding, previous=digest)),
        (replace(batch, root=digest), binding),
        (examine(replace(submission, statements=resealed(submission, "alpha 0"))).batch, binding),
    ):
        with pytest.raises(NotAuthenticated, match="seal: the signature does not verify"):
            verify_seal(wrong, bound, source.keys)
