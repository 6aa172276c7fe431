"""A whole log in memory, made with ``ledger.core`` alone; the same calls give the same bytes each time.

    world = World.open()                          # LOG_OPENED, one approver
    world.enrol("alpha")                          # SOURCE_ENROLLED; the source's key is made from its name
    world.add_auditor("auditor")                  # AUDITOR_ADDED; boxes go to every accredited auditor
    index = world.disclose("alpha", disclosure(), disclosure(canonicalise("ip", "2001:db8::1")))
    receipt = world.receipt(index + 1)            # the file, under a checkpoint over the whole log
    verify_receipt(receipt, world.vkey)

Whatever ``World`` logs went through the checks of the writer: ``examine``, ``LogState``, ``check_clock``,
``check_boxes`` and ``verify_seal``. What a test wants to be wrong it makes with ``submission``, ``enrolment`` and
the like, changes with ``dataclasses.replace``, and hands to ``admit`` or ``govern``, or to the core itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

from nacl.bindings import crypto_scalarmult_base

from ledger.core import bodies
from ledger.core.admission import Submission, check_boxes, check_clock, examine
from ledger.core.batch import OPENING, Batch, Binding, decode_batch, sign_batch, verify_seal
from ledger.core.building import Prepared, build, prepare
from ledger.core.chain import LogState
from ledger.core.checkpoint import Checkpoint, sign_checkpoint
from ledger.core.encoding import ZERO_HASH, Hash, sha256
from ledger.core.inner import approve, sign_inner
from ledger.core.life import Keys, Lives
from ledger.core.lookup_keys import LookupKey
from ledger.core.merkle import Node, leaf_hash, tree_root
from ledger.core.note import SigningKey, VKey
from ledger.core.proof import prove_inclusion
from ledger.core.receipt import ReceiptExtra, format_receipt
from ledger.core.record import DisclosureRecord
from ledger.core.record_input import Disclosure
from ledger.core.rules import LEDGER
from ledger.core.sealed_keys import x25519_from_ed25519
from ledger.core.sealing_policy import DEFAULT, SealingPolicy
from ledger.core.signing import SecretKey
from ledger.core.statement import Statement, decode_leaf

ORIGIN: Final = "log.example"
WITNESS_POLICY: Final = b"quorum none\n"
START: Final = 29_400_000
"""recorded_at of LOG_OPENED, in minutes since the epoch (November 2025)."""

RECORD: Final[dict[str, object]] = {
    "authority_type": "POLICE",
    "authority_country": "NO",
    "legal_process": "SEARCH_WARRANT",
    "urgency": "ROUTINE",
    "data_categories": ["SUBSCRIBER"],
    "accounts_disclosed": 1,
    "produced_at": "2025-11-24T10:00:00.000Z",
    "outcome": "FULL",
    "artifact": {"sha256": "ab" * 32, "bytes": 4096, "media_type": "application/zip"},
    "recipient": {"name": "Example Police", "key_id": "k1"},
}
"""A synthetic record with its required fields."""


def disclosure(*keys: LookupKey, **fields: object) -> Disclosure:
    """Return a disclosure of ``RECORD`` with ``fields`` in place of its own, about ``keys``."""
    return Disclosure(DisclosureRecord.from_json_object({**RECORD, **fields}), keys)


def secret(name: str) -> SecretKey:
    """Return the one key pair of ``name``."""
    return SecretKey.from_seed(sha256(b"ed25519 " + name.encode()))


@dataclass(slots=True)
class Entropy:
    """Bytes that look random and are the same in each run: SHA-256 of seed and counter, in a row."""

    seed: bytes = b"world"
    counter: int = 0

    def __call__(self, size: int) -> bytes:
        """Return the next ``size`` bytes; what is left of the last hash is thrown away."""
        found = b""
        while len(found) < size:
            found += sha256(self.seed + self.counter.to_bytes(8, "big"))
            self.counter += 1
        return found[:size]


@dataclass(frozen=True, slots=True)
class AuditorKeys:
    """Both keys of an auditor, made from its name."""

    name: str
    signing: SecretKey
    x25519_secret: bytes

    @classmethod
    def of(cls, name: str) -> "AuditorKeys":
        """Return the keys of the auditor ``name``."""
        return cls(name, secret(f"auditor {name}"), sha256(b"x25519 " + name.encode()))

    @property
    def x25519(self) -> Hash:
        """The public key that batch keys are boxed to."""
        return Hash(crypto_scalarmult_base(self.x25519_secret))


@dataclass(frozen=True, slots=True)
class Placed:
    """A batch in the log: its first index, what its seal binds, where its key statement stands, what travelled."""

    first: int
    batch: Batch
    binding: Binding
    key_index: int
    submission: Submission | None = None


def split_batches(leaves: Iterable[bytes]) -> list[tuple[bytes, ...]]:
    """Return the batches that ``leaves`` make up: each ends with a seal."""
    batches: list[tuple[bytes, ...]] = []
    current: list[bytes] = []
    for data in leaves:
        current.append(data)
        if decode_leaf(data).statement.seal is not None:
            batches.append(tuple(current))
            current = []
    assert not current, "the last batch has no seal"
    return batches


def replay(leaves: Iterable[bytes]) -> LogState:
    """Return the state that ``leaves`` add up to, each batch checked from its bytes alone."""
    first, *rest = [decode_batch(batch) for batch in split_batches(leaves)]
    state = LogState.open(first)
    lives = Lives()
    for batch in rest:
        lives.take(batch, state.size, state.replay(batch, lives.find))
    return state


@dataclass(slots=True)
class World:
    """A growing log with everybody's keys; ``minute`` is its clock, which a test may set.

    ``secrets`` holds each source's current key, ``auditors`` each auditor's keys by name, ``approvers`` the keys
    that ``govern`` approves with. ``leaves`` and ``placed`` stand in index order.
    """

    log: SigningKey
    chain: SecretKey
    approvers: tuple[SecretKey, ...]
    sealing_policy: bytes
    state: LogState
    leaves: list[bytes]
    placed: list[Placed]
    minute: int = START
    entropy: Entropy = field(default_factory=Entropy)
    secrets: dict[str, SecretKey] = field(default_factory=dict)
    auditors: dict[str, AuditorKeys] = field(default_factory=dict)
    lives: Lives = field(default_factory=Lives)

    @classmethod
    def open(
        cls, approvers: int = 1, threshold: int = 1, origin: str = ORIGIN, sealing_policy: bytes = DEFAULT
    ) -> "World":
        """Open a log whose governance statements need ``threshold`` of ``approvers`` approvals."""
        keys = tuple(secret(f"approver {number}") for number in range(approvers))
        log, chain = SigningKey(origin, secret("checkpoints")), secret("chain")
        body = opening(log, chain, keys, threshold, sealing_policy)
        leaves = sign_batch([Statement(LEDGER, 0, START, body)], OPENING, ZERO_HASH, [chain.sign])
        batch = decode_batch(leaves)
        placed = [Placed(0, batch, OPENING, 0)]
        return cls(log, chain, keys, sealing_policy, LogState.open(batch), list(leaves), placed)

    # What is known of the log

    @property
    def size(self) -> int:
        """How many entries it has."""
        return len(self.leaves)

    @property
    def log_id(self) -> Hash:
        """The leaf hash of LOG_OPENED."""
        return self.state.log_id

    @property
    def vkey(self) -> VKey:
        """The key that checkpoints verify under."""
        return self.log.vkey()

    def binding(self, source_id: str) -> Binding:
        """Return what the next seal of ``source_id`` has to bind."""
        source = self.state.sources[source_id]
        return Binding(self.log_id, source.key_statement, source.previous)

    def recipients(self, source_id: str) -> dict[Hash, bytes]:
        """Return the X25519 keys that a batch key goes to, by key id: the source's own, and accredited auditors'."""
        own = self.secrets[source_id].public.key
        found = {self.state.sources[source_id].key_statement: x25519_from_ed25519(own)}
        accredited = [auditor for auditor in self.state.auditors.values() if not auditor.removed]
        return found | {auditor.key_id: auditor.x25519_key for auditor in accredited}

    # Governance

    def govern(self, body: bodies.Governance, approvers: Sequence[SecretKey] | None = None) -> int:
        """Number, approve and log one governance body, as the ledger does; return its index."""
        numbered = cast(bodies.Governance, replace(cast(Any, body), number=self.state.governing.next_number))
        approved = approve(self.log_id, numbered, self.approvers if approvers is None else approvers)
        return self.say_as_ledger(approved)

    def say_as_ledger(self, *said: bodies.Body) -> int:
        """Log bodies as they are in one batch of the ledger's own chain; return the index of the first."""
        source, binding = self.state.sources[LEDGER], self.binding(LEDGER)
        statements = [
            Statement(LEDGER, source.next_sequence + position, self.minute, body) for position, body in enumerate(said)
        ]
        batch = decode_batch(sign_batch(statements, binding, ZERO_HASH, [self.chain.sign]))
        self.state.check_chain(batch, source)
        return self._place(batch, binding, verify_seal(batch, binding, source.keys), None)

    def enrolment(self, source_id: str, key: SecretKey | None = None, service: str = "mail") -> bodies.SourceEnrolled:
        """Return a SOURCE_ENROLLED with its proof of possession, not yet numbered or approved."""
        key = key or secret(f"{source_id} 0")
        body = bodies.SourceEnrolled(0, source_id, service, (key.public,), bodies.Period.WEEK, 24)
        return self.proven(body, key)

    def proven(self, body: bodies.SourceEnrolled, key: SecretKey) -> bodies.SourceEnrolled:
        """Return an enrolment with the proof of possession of ``key``."""
        body = replace(body, proofs_of_possession=())
        return replace(body, proofs_of_possession=sign_inner(self.log_id, body, "proofs_of_possession", [key]))

    def enrol(self, source_id: str) -> int:
        """Enrol a source under the key of its name; return the index."""
        self.secrets[source_id] = secret(f"{source_id} 0")
        return self.govern(self.enrolment(source_id))

    def key_change(self, source_id: str, key: SecretKey, forced: bool = False) -> bodies.SourceKeyChanged:
        """Return a SOURCE_KEY_CHANGED to ``key``, signed by it and unless ``forced`` by the old one."""
        source = self.state.sources[source_id]
        body = bodies.SourceKeyChanged(
            0, source_id, source.service, (key.public,), bodies.Period.WEEK, 24, replaces=source.key_statement
        )
        body = replace(body, proofs_of_possession=sign_inner(self.log_id, body, "proofs_of_possession", [key]))
        if forced:
            return body
        old = sign_inner(self.log_id, body, "old_key_signatures", [self.secrets[source_id]])
        return replace(body, old_key_signatures=old)

    def change_key(self, source_id: str, forced: bool = False) -> int:
        """Give a source its next key; return the index."""
        key = secret(f"{source_id} {len(self.state.sources[source_id].past_keys)}")
        index = self.govern(self.key_change(source_id, key, forced))
        self.secrets[source_id] = key
        return index

    def revoke(self, source_id: str) -> int:
        """Revoke a source at its head; return the index."""
        head = self.state.sources[source_id].next_sequence
        return self.govern(bodies.SourceRevoked(0, source_id, head, bodies.RevocationReason.RETIRED))

    def accreditation(self, name: str) -> bodies.AuditorAdded:
        """Return an AUDITOR_ADDED signed by the auditor, not yet numbered or approved."""
        keys = AuditorKeys.of(name)
        body = bodies.AuditorAdded(0, name, keys.signing.public, keys.x25519)
        return replace(body, signatures=sign_inner(self.log_id, body, "signatures", [keys.signing]))

    def add_auditor(self, name: str) -> int:
        """Accredit an auditor under the keys of its name; return the index."""
        self.auditors[name] = AuditorKeys.of(name)
        return self.govern(self.accreditation(name))

    def remove_auditor(self, name: str) -> int:
        """Remove an auditor; return the index."""
        keys = self.auditors[name]
        return self.govern(bodies.AuditorRemoved(0, name, keys.signing.public, keys.x25519))

    # What sources say

    def submission(self, source_id: str, *disclosures: Disclosure) -> Submission:
        """Return the signed batch of ``disclosures`` that may follow, with what travels beside it; log nothing."""
        return self.built(source_id, *(prepare(item, self.entropy) for item in disclosures))

    def built(self, source_id: str, *prepared: Prepared) -> Submission:
        """Return the signed batch of prepared entries that may follow, with what travels beside it; log nothing."""
        return build(
            prepared,
            source_id,
            self.state.sources[source_id].next_sequence,
            self.minute,
            self.binding(source_id),
            self.recipients(source_id),
            [self.secrets[source_id].sign],
            self.entropy,
            SealingPolicy.parse(self.sealing_policy).publish,
        )

    def say(self, source_id: str, *prepared: Prepared) -> int:
        """Log prepared entries as one batch; return the first index."""
        return self.admit(self.built(source_id, *prepared))

    def built_batch(self, source_id: str, *prepared: Prepared) -> Batch:
        """Return the batch of prepared entries that may follow."""
        return decode_batch(self.built(source_id, *prepared).statements)

    def target(self, index: int) -> bodies.Target:
        """Return what names entry ``index`` in a statement of its source."""
        statement = decode_leaf(self.leaves[index]).statement
        return bodies.Target(statement.sequence, leaf_hash(self.leaves[index]))

    def erasure(self, index: int, basis: str = "Art. 17 GDPR") -> bodies.Erasure:
        """Return the ERASURE of entry ``index``, not yet numbered or approved."""
        return bodies.Erasure(0, decode_leaf(self.leaves[index]).statement.source_id, self.target(index), basis)

    def admit(self, submission: Submission) -> int:
        """Check a submission as the writer does and log it; return the index of its first statement."""
        examined = examine(submission)
        batch, binding = examined.batch, submission.binding
        source = self.state.check_binding(batch.source_id, binding)
        self.state.check_chain(batch, source)
        check_clock(batch, self.minute)
        if submission.sealed_keys:
            policy = SealingPolicy.parse(self.sealing_policy)
            check_boxes(submission.sealed_keys, source, self.state.auditors, policy.min_auditors)
            policy.check_published(batch.leaves)
        digest = verify_seal(batch, binding, source.keys)
        return self._place(batch, binding, digest, submission, examined.travelled)

    def disclose(self, source_id: str, *disclosures: Disclosure) -> int:
        """Log ``disclosures``, by default one without lookup keys, as one batch; return the first index."""
        return self.admit(self.submission(source_id, *(disclosures or (disclosure(),))))

    def _place(
        self,
        batch: Batch,
        binding: Binding,
        digest: Hash,
        submission: Submission | None,
        travelled: dict[int, Keys] | None = None,
    ) -> int:
        first, key_index = self.size, self.state.sources[batch.source_id].key_index
        changed = self.state.follow(batch, self.lives.find, travelled)
        self.state.apply(batch, digest)
        self.lives.take(batch, first, changed)
        self.leaves += [leaf.data for leaf in batch.leaves]
        self.placed.append(Placed(first, batch, binding, key_index, submission))
        return first

    # Evidence

    def root(self, size: int | None = None) -> Hash:
        """Return the root of the first ``size`` leaves, by default all."""
        return tree_root([leaf_hash(data) for data in self.leaves[:size]])

    def checkpoint(self, size: int | None = None) -> bytes:
        """Return the signed checkpoint note over the first ``size`` leaves, by default all."""
        covered = self.size if size is None else size
        return sign_checkpoint(Checkpoint(self.log.name, covered, self.root(covered)), self.log).note.format()

    def inclusion(self, index: int, size: int | None = None) -> tuple[Hash, ...]:
        """Return the audit path of an entry in the tree of the first ``size`` leaves."""
        return inclusion_path([leaf_hash(data) for data in self.leaves[:size]], index)

    def batch_at(self, index: int) -> Placed:
        """Return the batch that entry ``index`` belongs to."""
        return next(item for item in reversed(self.placed) if item.first <= index)

    def receipt_extra(self, index: int, size: int | None = None) -> ReceiptExtra:
        """Return what a receipt of entry ``index`` carries beside its path and checkpoint."""
        placed = self.batch_at(index)
        batch = placed.batch
        unsealed = [leaf_hash(leaf.unsealed) for leaf in batch.leaves]
        return ReceiptExtra(
            self.leaves[index],
            batch.seal,
            inclusion_path(unsealed, index - placed.first),
            batch.first_sequence,
            batch.count,
            placed.binding.previous,
            self.leaves[placed.key_index] if index else b"",
            placed.key_index,
            self.inclusion(placed.key_index, size) if index else (),
            self.leaves[0],
            self.inclusion(0, size),
        )

    def receipt(self, index: int, size: int | None = None) -> bytes:
        """Return the receipt file of entry ``index`` under the checkpoint over ``size`` leaves, by default all."""
        extra = self.receipt_extra(index, size)
        return format_receipt(index, self.inclusion(index, size), self.checkpoint(size), extra)


def opening(
    log: SigningKey, chain: SecretKey, approvers: Sequence[SecretKey], threshold: int, sealing_policy: bytes = DEFAULT
) -> bodies.LogOpened:
    """Return the body that opens a log under these keys."""
    return bodies.LogOpened(
        sha256(b"random"),
        log.name,
        log.vkey().format(),
        (chain.public,),
        Hash(secret("vrf").public.key),
        tuple(key.public for key in approvers),
        (bodies.Threshold(0, threshold),),
        sha256(WITNESS_POLICY),
        sha256(sealing_policy),
    )


def inclusion_path(leaf_hashes: Sequence[Hash], index: int) -> tuple[Hash, ...]:
    """Return the audit path of leaf ``index`` in the tree of all ``leaf_hashes``."""

    def fetch(nodes: Sequence[Node]) -> list[Hash]:
        return [tree_root(leaf_hashes[node.index << node.level : (node.index + 1) << node.level]) for node in nodes]

    return prove_inclusion(index, len(leaf_hashes), fetch)


def mixed(**how: Any) -> World:
    """Return a log with a bit of everything; ``how`` goes to ``World.open``.

    0 LOG_OPENED · 1 alpha enrolled · 2 auditor "one" · 3 alpha's DISCLOSURE alone · 4…6 three in a batch · 7 alpha's
    key changed · 8 beta enrolled · 9 DISCLOSURE under alpha's new key · 10 beta's key changed, forced · 11…12 two of
    beta under the forced key · 13 auditor "two" · 14 auditor "one" removed · 15 beta's DISCLOSURE · 16 alpha revoked.
    """
    world = World.open(**how)
    world.enrol("alpha")
    world.add_auditor("one")
    world.disclose("alpha")
    world.minute += 1
    world.disclose("alpha", *(disclosure(LookupKey("account", b"a%d" % number)) for number in range(3)))
    world.change_key("alpha")
    world.enrol("beta")
    world.minute += 60
    world.disclose("alpha")
    world.change_key("beta", forced=True)
    world.disclose("beta", disclosure(), disclosure())
    world.add_auditor("two")
    world.remove_auditor("one")
    world.disclose("beta")
    world.revoke("alpha")
    return world
