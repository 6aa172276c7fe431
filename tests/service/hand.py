"""A source that makes its batches by hand, so that every byte of them can be wrong.

async with serving() as served:
    hand = await Hand.enrolled(served)
    request = hand.request(private_disclosure())
    async with hand.channel() as transport:
        await stub(transport, "disclosure").SubmitBatch(request)
    hand.follow(request)
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import grpc

from ledger.client.exchange import to_request
from ledger.core.admission import Submission
from ledger.core.batch import Binding, decode_batch, sign_batch
from ledger.core.building import Prepared, build, prepare
from ledger.core.encoding import ZERO_HASH, Hash, sha256
from ledger.core.lookup_keys import canonicalise
from ledger.core.merkle import leaf_hash
from ledger.core.record_input import Disclosure
from ledger.core.sealed_keys import x25519_from_ed25519
from ledger.core.signing import SecretKey
from ledger.core.statement import Statement, decode_leaf
from ledger.v1 import (
    disclosure_pb2,
    log_pb2,
)
from tests.core.world import RECORD, Entropy, disclosure
from tests.served import Member, Served
from tests.service.calls import PHONE, drained, public_channel, refusal, stub, unchanged


def private_disclosure(**fields: object) -> Disclosure:
    """Return a disclosure about one telephone number, all of whose values stand in ``PRIVATE``."""
    assert set(RECORD) >= set(fields)
    return disclosure(canonicalise("phone", PHONE), **fields)


@dataclass(slots=True)
class Hand:
    """A source that makes its batches itself: where its chain stands, whom it seals to, and a stub of its service."""

    served: Served
    member: Member
    key_statement: Hash
    recipients: dict[Hash, bytes]
    minute: int
    next_sequence: int = 0
    previous: Hash = ZERO_HASH
    entropy: Entropy = field(default_factory=Entropy)

    @classmethod
    async def enrolled(cls, served: Served, source_id: str = "alpha", auditors: Iterable[Member] = ()) -> "Hand":
        """Enrol ``source_id``, sealing to ``auditors``, by default to a fresh one."""
        known = list(auditors) or [await served.accredit(f"Auditor of {source_id}")]
        member = await served.enrol(source_id, *known)
        async with public_channel(served) as transport:
            directory = await stub(transport, "log").GetDirectory(log_pb2.GetDirectoryRequest())
            head = next(row.head for row in directory.sources if row.head.source_id == source_id)
            key = Hash(head.key_statement)
            recipients: dict[Hash, bytes] = {key: x25519_from_ed25519(member.own_key.public.ed25519)}
            wanted = {item.own_key.public.x25519 for item in known}
            for row in directory.auditors:
                request = log_pb2.StreamEntriesRequest(begin=row.index, end=row.index + 1)
                (chunk,) = await drained(stub(transport, "log").StreamEntries(request))
                body: Any = decode_leaf(chunk.leaves[0]).statement.body
                if body.x25519_key in wanted:
                    recipients[leaf_hash(chunk.leaves[0])] = body.x25519_key
        return cls(served, member, key, recipients, int(time.time()) // 60, entropy=Entropy(source_id.encode()))

    def channel(self) -> grpc.aio.Channel:
        """Return a channel to the role listener under the source's certificate."""
        return self.member.profile.role_channel()

    @property
    def secret(self) -> SecretKey:
        """The key that seals."""
        return self.member.own_key.secret

    @property
    def binding(self) -> Binding:
        """What the next seal binds."""
        return Binding(self.served.log_id, self.key_statement, self.previous)

    def submission(self, *disclosures: Disclosure) -> Submission:
        """Return the signed batch that may follow."""
        return self.built(*(prepare(item, self.entropy) for item in disclosures))

    def built(self, *prepared: Prepared, publish: Sequence[str] = ()) -> Submission:
        """Return the signed batch of prepared entries that may follow, with the fields of ``publish`` open."""
        name, minute, signers = self.member.profile.name, self.minute, [self.secret.sign]
        place = (name, self.next_sequence, minute, self.binding, self.recipients, signers, self.entropy)
        return build(prepared, *place, publish)

    def request(self, *disclosures: Disclosure) -> disclosure_pb2.SubmitBatchRequest:
        """Return that batch as it travels."""
        return to_request(self.submission(*disclosures), 0)

    def follow(self, request: disclosure_pb2.SubmitBatchRequest) -> None:
        """Stand behind ``request``, which was logged."""
        batch = decode_batch(tuple(request.statements))
        self.next_sequence = batch.end_sequence
        self.previous = sha256(batch.signed_bytes(self.binding))
        self.minute = batch.last_minute

    def head(self) -> disclosure_pb2.SourceHead:
        """Return where the chain stands, as the ledger has to say it."""
        return disclosure_pb2.SourceHead(
            source_id=self.member.profile.name,
            next_sequence=self.next_sequence,
            previous=self.previous,
            recorded_at=self.minute if self.next_sequence else 0,
            key_statement=self.key_statement,
        )

    def resealed(
        self,
        request: disclosure_pb2.SubmitBatchRequest,
        change: Callable[[Statement], Statement] = lambda statement: statement,
        secret: SecretKey | None = None,
    ) -> disclosure_pb2.SubmitBatchRequest:
        """Return ``request`` with each statement changed and the batch sealed anew for what it now names."""
        statements = [replace(change(decode_leaf(data).statement), seal=None) for data in request.statements]
        seal = decode_leaf(request.statements[-1]).statement.seal
        assert seal is not None
        binding = Binding(Hash(request.log_id), Hash(request.key_statement), Hash(request.previous))
        signers = [(secret or self.secret).sign]
        leaves = sign_batch(statements, binding, seal.sealed_keys_digest, signers)
        changed = disclosure_pb2.SubmitBatchRequest()
        changed.CopyFrom(request)
        changed.ClearField("statements")
        changed.statements.extend(leaves)
        return changed


async def malformed(hand: Hand, change: Callable[[disclosure_pb2.SubmitBatchRequest], object]) -> tuple[str, str]:
    """Return field and description that a changed batch of two is refused for, once nothing is shown to be written."""
    request = hand.request(private_disclosure(), private_disclosure())
    change(request)
    async with hand.channel() as transport, unchanged(hand.served):
        answer = await refusal(stub(transport, "disclosure").SubmitBatch(request))
    assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
    (violation,) = answer.violations
    assert answer.message == ": ".join(violation)
    return violation
