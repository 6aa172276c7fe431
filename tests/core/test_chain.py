"""A source's chain has no gap, no second history and no way back in time."""

from copy import deepcopy
from dataclasses import replace

import pytest

from ledger.core import bodies
from ledger.core.batch import Batch, Binding, decode_batch, sign_batch
from ledger.core.chain import LogState
from ledger.core.encoding import ZERO_HASH, Hash, sha256
from ledger.core.errors import (
    ChainBroken,
    InvalidInput,
    KeySuperseded,
    LedgerError,
    NotAuthenticated,
    UnknownSource,
    WrongLog,
)
from ledger.core.life import Lives
from ledger.core.statement import Statement
from tests.core.world import World, mixed, replay, secret

BOXES = sha256(b"boxes")
BODY = bodies.Disclosure(sha256(b"slots"), sha256(b"payload"), sha256(b"keys"), 4, sha256(b"aggregates"))


def begun() -> World:
    """Return a log with one source, whose next sequence is 2."""
    world = World.open()
    world.enrol("alpha")
    world.add_auditor("one")
    world.disclose("alpha")
    world.minute += 10
    world.disclose("alpha")
    return world


def sealed(
    world: World,
    sequence: int = 2,
    minute: int = 0,
    digest: Hash = BOXES,
    signer: str = "alpha 0",
    binding: Binding | None = None,
) -> Batch:
    """Return a batch of one disclosure by alpha, ``minute`` after the world's."""
    statement = Statement("alpha", sequence, world.minute + minute, BODY)
    binding = binding or world.binding("alpha")
    return decode_batch(sign_batch([statement], binding, digest, [secret(signer).sign]))


def refuse(state: LogState, batch: Batch, error: type[LedgerError], message: str) -> LedgerError:
    """Return the refusal of ``batch``, which left the state as it was."""
    before = deepcopy(state)
    with pytest.raises(error, match=message) as refused:
        state.replay(batch, Lives().find)
    assert state == before
    return refused.value


def test_leaves_alone_give_the_writers_state() -> None:
    """At every length that ends with a batch, replaying the leaves gives one state, in the end the writer's."""
    world = mixed()
    first, *rest = [item.batch for item in world.placed]
    state = LogState.open(first)
    for batch in rest:
        assert replay(world.leaves[: state.size]) == state
        state.replay(batch, Lives().find)
    assert state == world.state
    assert state.sources["beta"].head.next_sequence == 3


def test_a_batch_moves_the_head_to_its_end() -> None:
    """After three statements the head stands three further, at their time, bound to their digest."""
    world = begun()
    index = world.disclose("alpha")
    head, placed = world.state.source("alpha").head, world.batch_at(index)
    assert (head.next_sequence, head.recorded_at) == (3, world.minute)
    assert head.previous == sha256(placed.batch.signed_bytes(placed.binding))
    assert head.key_statement == placed.binding.key_statement


@pytest.mark.parametrize(
    ("sequence", "minute", "error", "message"),
    [
        pytest.param(3, 0, ChainBroken, "sequence: does not follow", id="a gap of one"),
        pytest.param(2**63 - 2, 0, ChainBroken, "sequence: does not follow", id="a gap as wide as can be"),
        pytest.param(1, 0, ChainBroken, "sequence: does not follow", id="a sequence given out before"),
        pytest.param(0, 0, ChainBroken, "sequence: does not follow", id="a second beginning"),
        pytest.param(2, -1, InvalidInput, "recorded_at: must not lie before", id="a minute earlier than the last"),
    ],
)
def test_a_chain_neither_skips_nor_repeats_nor_goes_back(
    sequence: int, minute: int, error: type[LedgerError], message: str
) -> None:
    """A batch at another sequence than the next, or dated before the latest, is refused with the head."""
    world = begun()
    refusal = refuse(world.state, sealed(world, sequence, minute), error, message)
    assert not isinstance(refusal, ChainBroken) or refusal.head == world.state.source("alpha").head


def test_the_same_minute_is_not_going_back() -> None:
    """Two batches of one minute may follow each other."""
    world = begun()
    world.state.replay(sealed(world), Lives().find)
    assert world.state.source("alpha").next_sequence == 3


@pytest.mark.parametrize("bound", Binding.__slots__)
def test_a_seal_under_another_binding_is_not_the_sources(bound: str) -> None:
    """From leaves alone, a batch made for another log, key statement or predecessor has a seal that fails."""
    world = begun()
    other = sealed(world, binding=replace(world.binding("alpha"), **{bound: BOXES}))
    refuse(world.state, other, NotAuthenticated, "seal: the signature does not verify")


def test_a_seal_by_another_key_is_not_the_sources() -> None:
    """A batch that a stranger sealed in the source's name is refused."""
    world = begun()
    refuse(world.state, sealed(world, signer="stranger"), NotAuthenticated, "seal: the signature does not verify")


@pytest.mark.parametrize(
    ("bound", "error", "message"),
    [
        pytest.param("log_id", WrongLog, "log_id: another log's", id="another log"),
        pytest.param("key_statement", KeySuperseded, "key_statement: not the source's current", id="another key"),
        pytest.param("previous", ChainBroken, "previous: does not follow", id="another predecessor"),
    ],
)
def test_each_part_of_a_binding_is_refused_by_its_name(bound: str, error: type[LedgerError], message: str) -> None:
    """The writer names what is not current, and says what is."""
    world = begun()
    source, binding = world.state.source("alpha"), world.binding("alpha")
    assert world.state.check_binding("alpha", binding) == source
    with pytest.raises(error, match=message) as refused:
        world.state.check_binding("alpha", replace(binding, **{bound: BOXES}))
    if isinstance(refused.value, KeySuperseded):
        assert refused.value.current == source.key_statement
    if isinstance(refused.value, ChainBroken):
        assert refused.value.head == source.head


def test_only_an_enrolled_source_speaks() -> None:
    """A source that the log never named, or revoked, is refused by binding and by replay."""
    world = begun()
    late = sealed(world)
    world.revoke("alpha")
    for name, message in (("nobody", "source_id: not enrolled in this log"), ("alpha", "source_id: revoked")):
        with pytest.raises(UnknownSource, match=message):
            world.state.check_binding(name, world.binding("alpha"))
    refuse(world.state, late, UnknownSource, "source_id: revoked")
    refuse(World.open().state, late, UnknownSource, "source_id: not enrolled")


def test_boxes_stand_where_payloads_are() -> None:
    """Zeros for the sealed keys of a disclosure, or anything else for those of a governance batch, are refused."""
    world = begun()
    refuse(world.state, sealed(world, digest=ZERO_HASH), InvalidInput, "sealed_keys_digest: zeros exactly where")
    head, binding = world.state.source("ledger").head, world.binding("ledger")
    statement = Statement("ledger", head.next_sequence, world.minute, world.enrolment("beta"))
    batch = decode_batch(sign_batch([statement], binding, BOXES, [world.chain.sign]))
    refuse(world.state, batch, InvalidInput, "sealed_keys_digest: zeros exactly where")
