"""A batch that may not follow is refused by name, and leaves no trace."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ledger.core.admission import CLOCK_TOLERANCE, Submission, examine
from ledger.core.batch import Binding
from ledger.core.building import build, prepare
from ledger.core.encoding import Hash, sha256
from ledger.core.errors import (
    ChainBroken,
    InvalidInput,
    KeySuperseded,
    LedgerError,
    NotAuthenticated,
    TooFewAuditors,
    UnknownSource,
    WrongLog,
)
from ledger.engine.fsck import check
from tests.core.world import AuditorKeys, disclosure, secret
from tests.engine.ledger import TIMEOUT, Ledger

OTHER = sha256(b"other")


def made(
    ledger: Ledger,
    source_id: str = "alpha",
    ahead: int = 0,
    minutes: int = 0,
    signer: str | None = None,
    recipients: dict[Hash, bytes] | None = None,
    **binding: Hash,
) -> Submission:
    """Return a batch that may follow, but for what is given."""
    world = ledger.world
    source = world.state.sources[source_id]
    bound = Binding(world.log_id, source.key_statement, source.previous)
    return build(
        [prepare(disclosure(), world.entropy)],
        source_id,
        source.next_sequence + ahead,
        world.minute + minutes,
        replace(bound, **binding),
        world.recipients(source_id) if recipients is None else recipients,
        [world.secrets[source_id].sign if signer is None else secret(signer).sign],
        world.entropy,
    )


def stranger(ledger: Ledger) -> Submission:
    """Return a batch of a source that was never enrolled."""
    world = ledger.world
    items = [prepare(disclosure(), world.entropy)]
    return build(
        items, "stranger", 0, world.minute, world.binding("alpha"), {OTHER: OTHER}, [secret("x").sign], world.entropy
    )


def own_key_only(ledger: Ledger) -> dict[Hash, bytes]:
    """Return alpha itself as the only recipient."""
    world = ledger.world
    key_statement = world.state.sources["alpha"].key_statement
    return {key_statement: world.recipients("alpha")[key_statement]}


def auditors_only(ledger: Ledger) -> dict[Hash, bytes]:
    """Return the recipients without alpha itself."""
    world = ledger.world
    found = world.recipients("alpha")
    del found[world.state.sources["alpha"].key_statement]
    return found


def with_a_stranger(ledger: Ledger) -> dict[Hash, bytes]:
    """Return the recipients and one that the log does not name."""
    return ledger.world.recipients("alpha") | {OTHER: AuditorKeys.of("nobody").x25519}


REFUSED: dict[str, tuple[Callable[[Ledger], Submission], type[LedgerError], str]] = {
    "a gap": (lambda it: made(it, ahead=1), ChainBroken, "sequence: does not follow"),
    "a broken chain": (lambda it: made(it, previous=OTHER), ChainBroken, "previous: does not follow"),
    "another log": (lambda it: made(it, log_id=OTHER), WrongLog, "log_id: another log's"),
    "another key": (lambda it: made(it, key_statement=OTHER), KeySuperseded, "key_statement: not the source's current"),
    "a stranger": (stranger, UnknownSource, "source_id: not enrolled in this log"),
    "a signature by another": (lambda it: made(it, signer="other"), NotAuthenticated, "seal: the signature does not"),
    "the clock ahead": (
        lambda it: made(it, minutes=CLOCK_TOLERANCE + 1),
        InvalidInput,
        "recorded_at: must be at most 5 minutes ahead",
    ),
    "time going back": (lambda it: made(it, minutes=-1), InvalidInput, "recorded_at: must not lie before"),
    "no auditor": (lambda it: made(it, recipients=own_key_only(it)), TooFewAuditors, "boxes for at least 1"),
    "no box for itself": (lambda it: made(it, recipients=auditors_only(it)), InvalidInput, "one box for the source"),
    "a box for a stranger": (
        lambda it: made(it, recipients=with_a_stranger(it)),
        TooFewAuditors,
        "a box for one who is no auditor",
    ),
}


@pytest.mark.parametrize(("make", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_what_may_not_follow_is_refused(
    ledger: Ledger, make: Callable[[Ledger], Submission], error: type[LedgerError], message: str
) -> None:
    """The refusal names what is wrong, tells the head where it can help, and the chain goes on as if it never came."""
    ledger.world.disclose("alpha")
    ledger.follow()
    with pytest.raises(error, match=message) as refused:
        ledger.submit(make(ledger)).result(TIMEOUT)
    source = ledger.world.state.sources["alpha"]
    if isinstance(refused.value, ChainBroken):
        assert refused.value.head == source.head
    if isinstance(refused.value, KeySuperseded):
        assert refused.value.current == source.key_statement
    ledger.check()
    ledger.world.disclose("alpha")
    ledger.follow()
    ledger.check()
    assert check(ledger.store).size == ledger.world.size


def test_a_revoked_source_says_no_more(ledger: Ledger) -> None:
    """What a source sends after its revocation is refused, also in the same group."""
    late = made(ledger)
    with ledger.busy():
        ledger.world.revoke("alpha")
        ledger.send_all()
        together = ledger.submit(late)
    for future in (together, ledger.submit(late)):
        with pytest.raises(UnknownSource, match="source_id: revoked"):
            future.result(TIMEOUT)
    ledger.check()


def test_a_key_that_was_changed_signs_no_more(ledger: Ledger) -> None:
    """A batch under the old key that waits behind the change is refused, and told the current key statement."""
    late = made(ledger)
    with ledger.busy():
        ledger.world.change_key("alpha")
        ledger.send_all()
        future = ledger.submit(late)
    with pytest.raises(KeySuperseded) as refused:
        future.result(TIMEOUT)
    assert refused.value.current == ledger.world.state.sources["alpha"].key_statement
    ledger.check()


def test_the_tolerated_minutes_are_admitted(ledger: Ledger) -> None:
    """Exactly five minutes ahead of the ledger's clock is still on time."""
    submission = made(ledger, minutes=CLOCK_TOLERANCE)
    assert ledger.submit(submission).result(TIMEOUT) == ledger.world.size
    assert examine(submission).batch.last_minute == ledger.minute + CLOCK_TOLERANCE


def test_a_head_that_is_told_is_durable(ledger: Ledger) -> None:
    """A refusal that tells a head of this very group is answered after the write that makes it true."""
    with ledger.busy():
        ledger.world.disclose("alpha")
        (logged,) = ledger.send_all()
        gap = ledger.submit(made(ledger, ahead=1))
        answered: list[bool] = []
        gap.add_done_callback(lambda _: answered.append(ledger.view.size == ledger.world.size))
    logged.result(TIMEOUT)
    with pytest.raises(ChainBroken) as refused:
        gap.result(TIMEOUT)
    assert refused.value.head == ledger.view.sources["alpha"].head
    assert answered == [True]
