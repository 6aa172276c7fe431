"""A real writer and store with the real servicers in front, without sockets; it can be killed inside a write.

standing = Standing.create(directory)     # one approver, one auditor, the source "alpha"
await standing.serve(path, data)          # one call of the source
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ledger.client.keyfile import KeyFile, PublicHalf
from ledger.client.profile import AllowedAuditor, Profile
from ledger.client.requests import Request, request_auditor, request_key_change, request_source
from ledger.core import bodies
from ledger.core.encoding import Hash
from ledger.core.parties import Source
from ledger.core.signing import SecretKey
from ledger.core.statement import decode_leaf
from ledger.service.authorise import Identity
from ledger.service.disclosure import DisclosureServicer
from ledger.service.examining import Examiners
from ledger.service.log import LogServicer
from ledger.service.metrics import Metrics
from ledger.service.waiting import Quorum, Watchers
from ledger.v1 import disclosure_pb2_grpc, log_pb2_grpc
from tests.core.world import AuditorKeys, World, secret
from tests.engine.ledger import QUEUE_KEY, TIMEOUT, Ledger, nothing
from tests.faults.clients_network import Handlers

SOURCE: Final = "alpha"
AUDITORS: Final = tuple(f"auditor {number}" for number in range(16))
"""Those that a source allows; one of them is accredited at a time."""


class Killed(OSError):
    """The ledger's process ended here."""


@dataclass(slots=True)
class Standing:
    """The ledger, with every key the source ever had in ``keys``, and how many auditors came and went."""

    ledger: Ledger
    keys: list[SecretKey] = field(default_factory=list)
    auditors: int = 0
    handlers: Handlers = field(default_factory=Handlers)
    metrics: Metrics = field(default_factory=Metrics)
    examiners: Examiners = field(default_factory=lambda: Examiners(2, QUEUE_KEY))

    @classmethod
    def create(cls, directory: Path) -> "Standing":
        """Open the log below ``directory``; call it on the event loop that will serve."""
        standing = cls(Ledger.create(directory, World.open()))
        standing.add_services()
        standing.change_auditor()
        standing.keys.append(secret(f"{SOURCE} 0"))
        standing.govern(request_source(standing.log_id, standing.keys[0], SOURCE, "mail"))
        return standing

    @property
    def log_id(self) -> Hash:
        """The log's id."""
        return self.ledger.world.log_id

    @property
    def source(self) -> Source:
        """The source as published."""
        return self.ledger.view.sources[SOURCE]

    @property
    def key(self) -> KeyFile:
        """The source's current key file."""
        return key_file(self.keys[-1])

    @property
    def profile(self) -> Profile:
        """The source's profile."""
        world = self.ledger.world
        keys = [AuditorKeys.of(name) for name in AUDITORS]
        allowed = tuple(AllowedAuditor(item.name, item.signing.public.key, item.x25519) for item in keys)
        pinned = (world.log.name, world.vkey.format(), world.log_id.hex(), "")
        return Profile(self.ledger.directory, *pinned, role="source", name=SOURCE, auditors=allowed)

    # Running

    def add_services(self) -> None:
        """Put servicers in front of the writer that runs now."""
        ledger = self.ledger
        watchers = Watchers(ledger.sequencer)
        quorum = Quorum(ledger.sequencer, watchers, lambda _: [], 1)
        log = LogServicer(ledger.sequencer, ledger.reader, ledger.store, watchers, quorum, self.metrics)
        disclosure = DisclosureServicer(
            ledger.sequencer, ledger.reader, lambda _: Identity("source", SOURCE), self.metrics, self.examiners, quorum
        )
        log_pb2_grpc.add_LogServiceServicer_to_server(log, self.handlers)  # type: ignore[arg-type]  # no server at all
        disclosure_pb2_grpc.add_DisclosureServiceServicer_to_server(disclosure, self.handlers)  # type: ignore[arg-type]

    async def serve(self, path: str, data: bytes) -> list[bytes]:
        """Serve one call of the source, started again first if it was killed."""
        if self.ledger.sequencer.halted is not None:
            self.restart()
        self.ledger.minute = self.ledger.world.minute
        return await self.handlers.serve(path, data)

    async def drain(self) -> None:
        """Return once nothing waits for the writer, whoever still waits for its answers."""
        while self.ledger.sequencer.queued_bytes:  # noqa: ASYNC110 -- the writer is a thread and tells nobody
            await asyncio.sleep(0)

    async def calm(self) -> None:
        """Return once nothing is under way, started again if it was killed or waits to be: its view is the log."""
        await self.drain()
        self.ledger.store.before = self.ledger.store.after = nothing
        if self.ledger.sequencer.halted is not None:
            self.restart()

    def kill(self, after: bool) -> None:
        """Have the next write be the last thing it does, or what it does not come to."""

        def die() -> None:
            raise Killed

        if after:
            self.ledger.store.after = die
        else:
            self.ledger.store.before = die

    def restart(self, killed: bool = False) -> None:
        """End the process, ``killed`` or in good order, and start another one on what it left."""
        self.ledger.store.before = self.ledger.store.after = nothing
        if killed:
            self.ledger.sequencer.halted = "killed"
        self.ledger.reopen()
        self.add_services()

    def close(self) -> None:
        """End it for good."""
        self.ledger.stop()
        self.examiners.close()

    # Governance

    def govern(self, request: Request) -> None:
        """Number, approve and log what is asked for."""
        numbered = request.numbered(self.ledger.view.governing.next_number)
        self.ledger.govern(numbered.approved(self.ledger.world.approvers).body).result(TIMEOUT)

    def change_key(self, forced: bool) -> None:
        """Give the source its next key."""
        old, new = self.keys[-1], secret(f"{SOURCE} {len(self.keys)}")
        body = decode_leaf(self.ledger.reader.leaf(self.source.key_index)).statement.body
        assert isinstance(body, bodies.SourceEnrolled | bodies.SourceKeyChanged)
        replaces = self.source.key_statement
        self.govern(request_key_change(self.log_id, body, replaces, new, None if forced else old))
        self.keys.append(new)

    def change_auditor(self) -> None:
        """Accredit the next auditor and remove the one before."""
        keys = AuditorKeys.of(AUDITORS[self.auditors])
        self.govern(request_auditor(self.log_id, keys.signing, keys.x25519, keys.name))
        if self.auditors:
            gone = AuditorKeys.of(AUDITORS[self.auditors - 1])
            self.govern(Request(self.log_id, bodies.AuditorRemoved(0, gone.name, gone.signing.public, gone.x25519)))
        self.auditors += 1

    def revoke(self) -> None:
        """Revoke the source at its head."""
        head = self.source.next_sequence
        self.govern(Request(self.log_id, bodies.SourceRevoked(0, SOURCE, head, bodies.RevocationReason.RETIRED)))

    # What is in the log

    def logged(self, begin: int, end: int) -> Iterator[tuple[int, int, Hash]]:
        """Yield index, sequence and slots root of the source's disclosures in [begin, end)."""
        for offset, data in enumerate(self.ledger.reader.leaves(begin, end)):
            statement = decode_leaf(data).statement
            if statement.source_id == SOURCE:
                assert isinstance(statement.body, bodies.Disclosure)
                yield begin + offset, statement.sequence, statement.body.slots_root


def key_file(key: SecretKey) -> KeyFile:
    """Return a source's key file."""
    return KeyFile(PublicHalf("source", key.public.key), key)
