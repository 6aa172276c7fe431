"""Targets: what sources and the ledger say of earlier entries and periods, and leaves as strangers judge them."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, cast

from google.protobuf.message import DecodeError

from ledger.audit.completeness import Judge
from ledger.client.history import History, _place, _referring
from ledger.client.reads import Entry
from ledger.core import bodies
from ledger.core.batch import Batch, decode_batch, sign_batch
from ledger.core.building import Prepared, prepare, prepare_closing
from ledger.core.checkpoint import cosign, open_checkpoint
from ledger.core.completeness import Completeness
from ledger.core.completeness_report import report
from ledger.core.completeness_state import resume, save
from ledger.core.encoding import ZERO_HASH
from ledger.core.errors import InvalidInput, LedgerError, Refused, Uncheckable
from ledger.core.inner import approve
from ledger.core.kept import PREFIX
from ledger.core.life import target_of
from ledger.core.merkle import leaf_hash
from ledger.core.periods import DAY
from ledger.core.rules import MAX_MINUTE
from ledger.core.statement import Statement, decode_leaf, encode_statement
from ledger.v1 import disclosure_pb2
from tests.core.embargoed import (
    MONTH,
    OFFICERS,
    amendment,
    correction,
    delivery,
    extension,
    gagged,
    lift,
    with_officers,
)
from tests.core.judging import WITNESS, anchor, close_as, judged, policy_of
from tests.core.test_closings import MONDAY, aborted, closing, late, later
from tests.core.world import World, disclosure, secret
from tests.fuzz.driving import Broken, Target, require_same
from tests.fuzz.messages import protobuf

OPEN, GAGGED, EXTENDED, DELIVERED = range(3, 7)
"""Entries of the log: a disclosure, one under embargo, what prolongs that, what says that the first was delivered."""


def _log() -> World:
    world = with_officers(threshold=1)
    world.disclose("alpha")
    world.say("alpha", gagged(world))
    world.say("alpha", extension(world, GAGGED, 1, MONTH + 5))
    world.say("alpha", delivery(world, OPEN))
    anchor(world, world.minute)
    later(world)
    close_as(world, 1)
    world.disclose("alpha", disclosure(), disclosure())
    later(world)
    return world


_WORLD: Final = _log()
_POLICY: Final = policy_of(_WORLD)
_KEPT: Final = save(judged(_WORLD, _POLICY))


def _message(*statements: bytes) -> bytes:
    return disclosure_pb2.SubmitBatchRequest(statements=statements).SerializeToString()


def _statements(data: bytes) -> Sequence[bytes]:
    """Return the statements of a batch as it travels, refused where the library cannot read it."""
    message = disclosure_pb2.SubmitBatchRequest()
    try:
        message.ParseFromString(data)
    except DecodeError:
        raise InvalidInput("message", "does not parse") from None
    return list(message.statements)


def _check_near(statements: Sequence[bytes]) -> None:
    """Refuse what is dated years ahead: a report has a cell for each period up to the last one that an entry names."""
    for data in statements:
        with suppress(InvalidInput, Uncheckable):
            if decode_leaf(data).statement.recorded_at > _WORLD.minute + 1000 * DAY:
                raise Refused("recorded_at: past what these targets report")


def _sealed(data: bytes) -> Batch:
    """Return the batch of any statements in their source's place: who seals them need not be honest."""
    said = [decode_leaf(item).statement for item in _statements(data)]
    source = _WORLD.state.sources.get(said[0].source_id) if said else None
    if source is None:
        raise Refused("source_id: not one whose key is at hand")
    signer = _WORLD.chain if source.source_id == "ledger" else _WORLD.secrets[source.source_id]
    placed = [replace(item, sequence=source.next_sequence + at, seal=None) for at, item in enumerate(said)]
    digest = ZERO_HASH if source.source_id == "ledger" else _WORLD.log_id
    if all(isinstance(item.body, bodies.Closing | bodies.EmbargoLifted) for item in placed):
        digest = ZERO_HASH
    return decode_batch(sign_batch(placed, _WORLD.binding(source.source_id), digest, [signer.sign]))


def _said(data: bytes) -> None:
    """A judgment that takes a batch has every life as the writer has it, and can be told, kept and gone on with."""
    _check_near(_statements(data))
    batch = _sealed(data)
    judgment = resume(_KEPT, _WORLD.vkey, _POLICY)
    judgment.take([leaf.data for leaf in batch.leaves])
    _told(judgment)
    if judgment.noted.stop is not None:
        raise Refused(judgment.noted.stop.words)
    require_same(judgment.size, _WORLD.size + batch.count)
    try:
        changed = _WORLD.state.follow(batch, _WORLD.lives.find)
    except LedgerError as error:
        if any(_alike(leaf.statement) for leaf in batch.leaves):
            raise Refused("target.leaf_hash: another one, past what a judgment keeps of it") from error
        raise Broken("judged in order, and refused by a writer") from error
    for place, life in changed.items():
        found = judgment.entries.find(*place, [life.leaf_hash])
        require_same(found and (found.index, found.leaf_hash, found.told), (life.index, life.leaf_hash, life.told))


def _alike(said: Statement) -> bool:
    """Return whether a statement names no leaf of its target, but one that begins as that does."""
    named = target_of(said)
    life = None if named is None else _WORLD.lives.find(*named[0])
    if named is None or life is None or life.leaf_hash == named[1].leaf_hash:
        return False
    return life.leaf_hash[:PREFIX] == named[1].leaf_hash[:PREFIX]


def _told(judgment: Completeness) -> None:
    for minute in (0, _WORLD.minute, _WORLD.minute + 60 * DAY):
        found = report(judgment, minute)
        require_same(found.shown(0, MAX_MINUTE + 1).findings, found.findings)
    kept = save(judgment)
    require_same(save(resume(kept, _WORLD.vkey, _POLICY)), kept)


def _judge(data: bytes) -> None:
    """Whatever leaves a log has, the judgment ends with words, and never otherwise."""
    _check_near(_statements(data))
    judging = Judge(_WORLD.vkey, _POLICY)
    judging.judgment = resume(_KEPT, _WORLD.vkey, _POLICY)
    judging.take(_statements(data))
    judgment = judging.finish()
    _told(judgment)
    if judgment.noted.stop is not None:
        raise Refused(judgment.noted.stop.words)


def _history(data: bytes) -> None:
    """Any leaves that follow an entry, each proven to be in the log, make a history that can be told."""
    first, *rest = [*_statements(data), b""][:-1] or [b""]
    entry = Entry(0, first, decode_leaf(first).statement)
    found = _referring(1, rest, {_place(entry.statement): leaf_hash(first)})
    history = History((entry, *found), 1 + len(rest))
    for item in history.entries:
        history.life(item)
    for minute in (0, _WORLD.minute, MAX_MINUTE):
        history.state(minute)


def _batches() -> tuple[bytes, ...]:
    """Return batches that may follow: each thing that can be said, and some that refer to each other."""
    world = _WORLD
    alone: tuple[Callable[[], Prepared], ...] = (
        lambda: delivery(world, GAGGED),
        lambda: aborted(world, world.size - 1),
        lambda: correction(world, OPEN),
        lambda: correction(world, GAGGED, withheld=True),
        lambda: amendment(world, EXTENDED),
        lambda: amendment(world, DELIVERED),
        lambda: lift(world, GAGGED),
        lambda: extension(world, GAGGED, 2, MONTH + 9),
        lambda: late(world, MONDAY),
        lambda: gagged(world),
        lambda: prepare(disclosure(), world.entropy),
        lambda: prepare_closing(closing(world)),
        lambda: prepare_closing(approve(world.log_id, closing(world), OFFICERS[:1], "alpha")),
    )
    said = [[leaf.unsealed for leaf in world.built_batch("alpha", make()).leaves] for make in alone]
    said += [[*said[0], *said[3]], [*said[7], *said[6]], [*said[-1], *said[8]]]
    return (*(_message(*batch) for batch in said), *(_message(leaf) for leaf in _governance()))


def _governance() -> list[bytes]:
    """Return what the ledger may say next."""
    world, own = _WORLD, _WORLD.state.sources["ledger"]
    found: list[bodies.Governance] = [
        world.erasure(OPEN),
        world.enrolment("beta"),
        world.key_change("alpha", secret("next")),
        bodies.SourceRevoked(0, "alpha", world.state.sources["alpha"].next_sequence, bodies.RevocationReason.RETIRED),
        world.accreditation("two"),
    ]
    numbered = [replace(cast(Any, body), number=world.state.governing.next_number) for body in found]
    said = [approve(world.log_id, body, world.approvers) for body in numbered]
    signed = open_checkpoint(world.checkpoint(), world.vkey)
    note = signed.note.with_signature(cosign(signed.checkpoint, 60 * world.minute, WITNESS)).format()
    return [
        encode_statement(Statement("ledger", own.next_sequence, world.minute, body))
        for body in (*said, bodies.Anchor(note))
    ]


_NEXT: Final = _batches()
_LEAVES: Final = tuple(_message(*[leaf.data for leaf in _sealed(data).leaves]) for data in _NEXT)
_HISTORIES: Final = tuple(_message(*_WORLD.leaves[begin:], *_statements(_NEXT[-4])) for begin in (OPEN, GAGGED))
_STATED: Final = (InvalidInput, Uncheckable)

TARGETS: Final = (
    Target("Completeness.take, of any statements", _said, (*_STATED, Refused), _NEXT, protobuf),
    Target("Judge, of any leaves", _judge, (InvalidInput, Refused), _LEAVES, protobuf),
    Target("History, of any leaves", _history, _STATED, _HISTORIES, protobuf),
)
