"""What every measurement needs: records, prepared entries, prebuilt batches, a served ledger with four sources."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ledger.cli.demo.stage import Source, Stage, staged
from ledger.client.exchange import Chain, to_request
from ledger.client.opening import chain_of
from ledger.client.reads import LogClient
from ledger.core.batch import Binding, decode_batch
from ledger.core.building import Prepared, build, prepare
from ledger.core.encoding import ZERO_HASH, Hash, sha256
from ledger.core.lookup_keys import canonicalise
from ledger.core.record import Artifact, DisclosureRecord, Recipient
from ledger.core.record_input import Disclosure

BATCH: Final = 512
CLASS: Final = 1024
"""The payload class of every record here; payloads are 104 bytes longer."""


def disclosure(number: int) -> Disclosure:
    """Return a record of payload class 1,024 about one account, key class 4."""
    record = DisclosureRecord(
        request_reference=f"bench-{number:08}",
        authority_name="Example Prosecutor of a country",
        authority_type="PROSECUTOR",
        authority_country="FR",
        requester_verification="SIGNED_ORDER",
        transmission_route="DOMESTIC",
        legal_process="COURT_ORDER",
        urgency="ROUTINE",
        data_categories=("IP_ADDRESS", "PHONE_NUMBER"),
        accounts_requested=1,
        accounts_disclosed=1,
        received_at="2026-01-05T09:00:00.000Z",
        decided_at="2026-01-06T09:00:00.000Z",
        produced_at="2026-01-07T09:00:00.000Z",
        outcome="FULL",
        user_notice="SENT_AFTER",
        artifact=Artifact("ab" * 32, 4096, "application/zip"),
        recipient=Recipient("Example Prosecutor of a country"),
    )
    return Disclosure(record, (canonicalise("account", f"bench-{number:08}"),))


def prepared(count: int) -> list[Prepared]:
    """Return ``count`` entries that only lack their place in a chain."""
    found = [prepare(disclosure(number), os.urandom) for number in range(count)]
    if any(len(item.plaintext) != CLASS for item in found):
        raise ValueError(f"the records are not of class {CLASS}")
    return found


@dataclass(slots=True)
class Builder:
    """Builds one source's batches in advance, each following the one before."""

    chain: Chain
    log_id: Hash
    source: Source
    minute: int
    previous: Hash = ZERO_HASH
    next_sequence: int = 0
    built: list[bytes] = field(default_factory=list)
    reported: int = 0

    def add(self, entries: Sequence[Prepared]) -> int:
        """Build the next batch as it travels, and return its bytes' number."""
        binding = Binding(self.log_id, self.chain.key_statement, self.previous)
        submission = build(
            entries,
            self.chain.source_id,
            self.next_sequence,
            self.minute,
            binding,
            self.chain.recipients,
            [self.source.key.secret.sign],
            os.urandom,
        )
        batch = decode_batch(submission.statements)
        self.previous, self.next_sequence = sha256(batch.signed_bytes(binding)), batch.end_sequence
        self.built.append(to_request(submission, 0).SerializeToString())
        return len(self.built[-1])

    def taken(self) -> int:
        """Return how many entries were built since the last call."""
        count, self.reported = self.next_sequence - self.reported, self.next_sequence
        return count


async def builders(stage: Stage, minute: int) -> list[Builder]:
    """Return a builder for each source of the stage, none of which has recorded yet."""
    found = []
    for source in stage.sources:
        async with source.profile.role_channel() as channel:
            reader = LogClient(channel, source.profile.pins)
            chain = await chain_of(reader, source.profile, source.key)
        found.append(Builder(chain, source.profile.pins.log_id, source, minute))
    return found


@contextmanager
def folder() -> Iterator[Path]:
    """Yield a folder of its own and take it away."""
    path = Path(tempfile.mkdtemp(prefix="ledger-bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path)


@asynccontextmanager
async def served(witnessed: bool = False, tiles: bool = False) -> AsyncIterator[Stage]:
    """Yield a served ledger with four sources and one auditor, mutual TLS on loopback, and end it."""
    with folder() as path:
        async with staged(path / "stage", witnessed, tiles) as stage:
            try:
                yield stage
            finally:
                stage.server.stop()
                stage.stop_witnesses()
