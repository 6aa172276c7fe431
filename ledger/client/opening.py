"""From a profile to a reader or recorder that is ready: pins checked, own key found in the log, auditors matched."""

import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import grpc

from ledger.client.approvals import Draft
from ledger.client.book import read_book
from ledger.client.closing import Closer, Officers, check_over, closings_due, draft_of
from ledger.client.exchange import Chain
from ledger.client.flushing import Tell
from ledger.client.journal import Journal, Position
from ledger.client.keyfile import KeyFile
from ledger.client.profile import AUTO, Profile
from ledger.client.reads import LogClient
from ledger.client.recorder import Recorder
from ledger.client.transport import translate
from ledger.client.waiting import LIMIT
from ledger.core import bodies
from ledger.core.bodies import Closing, Period
from ledger.core.checkpoint import open_checkpoint
from ledger.core.encoding import ZERO_HASH, Hash
from ledger.core.errors import (
    ConfigInvalid,
    KeySuperseded,
    Refused,
    TooFewAuditors,
    UnknownSource,
    VerificationFailed,
)
from ledger.core.merkle import leaf_hash
from ledger.core.record_input import Disclosure
from ledger.core.sealed_keys import x25519_from_ed25519
from ledger.core.signing import SecretKey
from ledger.v1 import disclosure_pb2, disclosure_pb2_grpc

SEEN: Final = "checkpoint"
"""The file in the profile's state directory that holds the largest checkpoint a reader verified."""


@asynccontextmanager
async def open_reader(profile: Profile, as_role: bool = False) -> AsyncIterator[LogClient]:
    """Yield a reader that continues from the last checkpoint it saw, and keep the newest one it verifies.

    Raises:
        VerificationFailed: the log is another one, or does not extend what was seen.
    """
    channel = profile.role_channel() if as_role else profile.public_channel()
    async with channel:
        client = _reader(channel, profile)
        try:
            yield client
        finally:
            if client.latest is not None:
                _keep(profile, client.latest.note.format(), client.size)


def _reader(channel: grpc.aio.Channel, profile: Profile) -> LogClient:
    path = profile.path(profile.state) / SEEN
    pins = profile.pins
    if not path.exists():
        return LogClient(channel, pins)
    seen = open_checkpoint(path.read_bytes(), pins.vkey, pins.origin).checkpoint
    return LogClient(channel, pins, seen.size, seen.root)


def _keep(profile: Profile, note: bytes, size: int) -> None:
    path = profile.path(profile.state) / SEEN
    pins = profile.pins
    if path.exists() and open_checkpoint(path.read_bytes(), pins.vkey, pins.origin).checkpoint.size >= size:
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f"{SEEN}.{os.getpid()}")
    temporary.write_bytes(note)
    temporary.rename(path)


@asynccontextmanager
async def open_recorder(
    profile: Profile,
    key: KeyFile,
    clock: Callable[[], float] = time.time,
    patience: float | None = None,
    state: Path | None = None,
    close: str = "",
    officers: Sequence[SecretKey] = (),
    flush: bool = True,
    tell: Tell | None = None,
) -> AsyncIterator[Recorder]:
    """Yield a recorder for the profile's source; what an earlier run left unanswered is settled first.

    ``patience`` is how many seconds an unreachable ledger is waited for, None for ever; ``state`` is where the journal
    lies, by default where the profile says. Then the periods that are over are closed, and those that end from now on,
    unless ``close`` or the profile says by hand; ``officers`` are the keys that approve a closing where the log asks
    for them. What waits is delivered before anything new, with ``flush``, and each receipt given to ``tell``.

    Raises:
        Locked: another process records for this source.
        UnknownSource, KeySuperseded: the log does not name this source, or names another key.
        TooFewAuditors: none of the profile's auditors is in the log.
        Refused: the journal and the log disagree on where the chain stands.
        InvalidInput, Refused: the ledger refuses what an earlier run left unanswered; the next opening goes on
            without it.
    """
    closer = Closer(close or profile.close or AUTO, officers)
    async with profile.role_channel() as channel:
        journal, pins = open_journal(profile, key, state), profile.pins
        recorder = Recorder(channel, pins, key.secret, journal, clock, patience, closer, tell)
        try:
            position = await recorder.recover()
            reader = LogClient(channel, pins, position.size, position.root if position.size else None)
            try:
                chain = await chain_of(reader, profile, key)
                position = await _position(channel, reader, chain, position)
                if officers:
                    chain.officers.check(officers)
            except Refused:
                journal.settle(position)  # the next key to open it could not read the batch
                raise
            journal.settle(position)
            renew = partial(chain_of, reader, profile, key)
            await recorder.start(chain, renew, flush)
            await recorder.settle_releases()
            yield recorder
        finally:
            await recorder.close()


def open_journal(profile: Profile, key: KeyFile, state: Path | None = None) -> Journal:
    """Open the journal of the profile's source, for which no ledger is needed.

    Raises:
        ConfigInvalid: the profile is not a source's.
        Locked: a recorder has it open.
        StoreDamaged: it is damaged, or another log's or source's.
    """
    if profile.role != "source":
        raise ConfigInvalid(["profile: recording needs a profile of the role source"])
    directory = profile.path(profile.state) if state is None else state
    return Journal(directory, profile.pins.log_id, profile.name, key.secret.seed)


def put_off(
    profile: Profile,
    key: KeyFile,
    disclosures: Sequence[Disclosure],
    clock: Callable[[], float] = time.time,
    state: Path | None = None,
    limit: int = LIMIT,
) -> list[int]:
    """Store disclosures durably, all or none, while the ledger is out of reach; return the numbers they wait under.

    There is no receipt yet: nothing may be handed over. Raises as ``open_journal`` and ``WaitingRoom.put`` do.
    """
    journal = open_journal(profile, key, state)
    try:
        return journal.waiting.put(disclosures, int(clock()), limit)
    finally:
        journal.close()


async def preview(
    profile: Profile, key: KeyFile, through: int | None = None, clock: Callable[[], float] = time.time
) -> tuple[Period, list[Closing]]:
    """Return the source's period, and the closings that are to be said, each as the chain has it; nothing is sent.

    Raises as ``open_recorder`` does; Refused also where a batch waits for its answer, which may change the counts.
    """
    journal = open_journal(profile, key)
    try:
        if journal.pending() is not None:
            raise Refused("journal: a batch waits for its answer; ledger queue flush settles it")
        async with profile.role_channel() as channel:
            position = journal.position
            reader = LogClient(channel, profile.pins, position.size, position.root if position.size else None)
            chain = await chain_of(reader, profile, key)
            position = await _position(channel, reader, chain, position)
    finally:
        journal.close()
    assert position.book is not None  # noqa: S101 -- _position has counted
    minute = max(int(clock()) // 60, position.recorded_at)
    period = position.book.period
    last = minute if through is None else check_over(period, minute, through)
    return period, closings_due(position.book, position.next_sequence, profile.name, minute, last)


async def draft_closing(
    profile: Profile,
    key: KeyFile,
    through: int | None = None,
    egress: Hash = ZERO_HASH,
    clock: Callable[[], float] = time.time,
) -> Draft:
    """Return what officers are to approve: the closing of the next period, as it is to be said; nothing is sent.

    What is recorded meanwhile changes nothing of it, because the period is over. ``through`` may name the period, and
    ``egress`` is the SHA-256 of its egress log. Where a recorder is open, ask it: ``Recorder.draft_closing``.

    Raises as ``preview`` does; InvalidInput also where ``through`` is a later period, which names the closing before
    it, and Refused where no period is over that is not closed.
    """
    _, due = await preview(profile, key, through, clock)
    return draft_of(profile.pins.log_id, profile.name, due, through, egress)


async def chain_of(reader: LogClient, profile: Profile, key: KeyFile) -> Chain:
    """Return whom the recorder speaks as and seals to, each proven by its statement in the log."""
    await reader.checkpoint()
    row = next((row for row in (await reader.directory()).sources if row.head.source_id == profile.name), None)
    if row is None:
        raise UnknownSource("source_id: not enrolled in this log; send the operator a request")
    if row.head.revoked:
        raise UnknownSource("source_id: revoked in this log")
    entry = await reader.entry(row.key_statement_index)
    body, statement = entry.statement.body, leaf_hash(entry.leaf)
    if not isinstance(body, bodies.SourceEnrolled | bodies.SourceKeyChanged) or body.source_id != profile.name:
        raise VerificationFailed("directory: the source's row names another statement")
    if key.secret.public not in body.keys:
        raise KeySuperseded("key: not the one the log names for this source", statement)
    recipients: dict[Hash, bytes] = {statement: x25519_from_ed25519(key.secret.public.key)}
    allowed = {(auditor.ed25519, auditor.x25519) for auditor in profile.auditors}
    for key_id, auditor in (await reader.auditors()).items():
        if (auditor.signing_key.key, auditor.x25519_key) in allowed:
            recipients[key_id] = auditor.x25519_key
    if len(recipients) == 1:
        raise TooFewAuditors("auditors: none of the profile's is accredited in this log", 1)
    publish = (await reader.sealing_policy()).publish
    officers = Officers(body.officers, body.officer_threshold)
    return Chain(profile.name, statement, recipients, publish, officers, row.key_statement_index)


async def _position(channel: grpc.aio.Channel, reader: LogClient, chain: Chain, position: Position) -> Position:
    """Return where to continue: the journal's position, or for a new journal the log's head once it is proven.

    Either way under the tree that ``reader`` has just verified, which the next answer has to extend.
    """
    stub: Any = disclosure_pb2_grpc.DisclosureServiceStub(channel)
    with translate():
        head = await stub.GetHead(disclosure_pb2.GetHeadRequest(source_id=chain.source_id))
    if (head.next_sequence, head.previous) == (position.next_sequence, position.previous):
        return await _counted(position, reader, chain)
    if position.next_sequence:
        raise Refused(
            f"journal: stands at {position.next_sequence}, the log at {head.next_sequence}: another recorder used this "
            "key, the journal is an old copy, or the log has what this source never signed, which `ledger receipt` of "
            "it shows. Move its directory away to continue from the log's head"
        )
    _, last = await reader.receipt((chain.source_id, head.next_sequence - 1))
    if last.statement.seal is None or last.batch_digest != head.previous:
        raise VerificationFailed("head: not where the log's own entries say the chain stands")
    return await _counted(
        replace(
            position,
            next_sequence=head.next_sequence,
            previous=last.batch_digest,
            recorded_at=last.statement.recorded_at,
            book=None,
        ),
        reader,
        chain,
    )


async def _counted(position: Position, reader: LogClient, chain: Chain) -> Position:
    """Return the position with the book of a chain that ends there, read from the log where the journal has none."""
    book = position.book
    if book is None:
        end, previous = position.next_sequence, position.previous
        book = await read_book(reader, chain.source_id, chain.key_index, end, previous)
    assert reader.root is not None  # noqa: S101 -- the reader has verified a checkpoint
    return replace(position, size=reader.size, root=reader.root, book=book)
