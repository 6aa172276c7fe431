"""Batches, what their seals sign, and signatures inside a body (protocol §3, §4)."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.vectors import leaves, wire
from tests.vectors.basics import Case, check_each, label, leaf_hash, require, root_of, sha256, str8, u
from tests.vectors.document import bodies, messages
from tests.vectors.wire import Message

ZEROS = bytes(32)


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch that was read: its statements, leaf hashes of the batch's own tree, and that tree's root."""

    statements: list[Message]
    hashes: list[bytes]
    root: bytes

    @property
    def seal(self) -> Message:
        """The seal of the last statement."""
        seal: Message = self.statements[-1]["seal"]
        return seal

    def signed_bytes(self, log_id: bytes, key_statement: bytes, previous: bytes) -> bytes:
        """Return what the seal signs."""
        first = self.statements[0]
        count, digest = len(self.statements), self.seal["sealed_keys_digest"]
        return signed_bytes(
            log_id, first["source_id"], key_statement, first["sequence"], count, self.root, previous, digest
        )


def signed_bytes(
    log_id: bytes,
    source_id: str,
    key_statement: bytes,
    first_sequence: int,
    count: int,
    root: bytes,
    previous: bytes,
    digest: bytes,
) -> bytes:
    """Return the signed bytes of a batch."""
    place = str8(source_id) + key_statement + u(8, first_sequence) + u(4, count)
    return label("batch") + log_id + place + root + previous + digest


def read_batch(data: Sequence[bytes]) -> Batch:
    """Return a batch; raise Disproven unless these leaves are one."""
    require(1 <= len(data) <= 1024, "count")
    statements = [leaves.read(leaf) for leaf in data]
    first, minute = statements[0], 0
    for position, statement in enumerate(statements):
        require(statement["source_id"] == first["source_id"], "source_id")
        require(statement["sequence"] == first["sequence"] + position, "sequence")
        require(statement["recorded_at"] >= minute, "recorded_at")
        minute = statement["recorded_at"]
        require((statement["seal"] is not None) == (position == len(data) - 1), "seal")
        alone = len(data) == 1 and statement["sequence"] == 0
        require(statement["log_opened"] is None or alone, "log_opened")
    _check_parts(statements)
    hashes = [leaf_hash(leaf) for leaf in (*data[:-1], leaves.unsealed(data[-1]))]
    return Batch(statements, hashes, root_of(hashes))


def _check_parts(statements: Sequence[Message]) -> None:
    """Parts stand 0, 1, … count − 1, nothing between them, with equal count, embargo and late_for."""
    disclosures = [statement["disclosure"] or {} for statement in statements]
    open_: tuple[object, ...] | None = None
    due = 0
    for body in disclosures:
        part = body.get("part")
        if part is None:
            require(due == 0, "part")
            continue
        same = (part["count"], body["embargo"], body["late_for"])
        require(part["index"] == due and (due == 0 or same == open_), "part")
        open_, due = same, (due + 1) % part["count"]
    require(due == 0, "part")


def check_seal(batch: Batch, log_id: bytes, key_statement: bytes, previous: bytes, keys: Sequence[Case]) -> bytes:
    """Return the digest of the signed bytes; raise Disproven unless every key signed them."""
    message = batch.signed_bytes(log_id, key_statement, previous)
    check_each(keys, message, batch.seal["signatures"])
    return sha256(message)


def inner_bytes(log_id: bytes, number: int, body: Message, field: str, source_id: str = "ledger") -> bytes:
    """Return what a signature in ``field`` of a body is over."""
    name = bodies()[number][0]
    cleared: Message = {"proofs_of_possession": [], "old_key_signatures": [], "signatures": [], "approvals": []}
    if field != "approvals":
        cleared["number"] = 0
    kept = {key: cleared.get(key, value) for key, value in body.items()}
    signature = next(item.number for item in messages()[name] if item.name == field)
    digest = sha256(wire.encode(name, kept))
    return label("inner") + log_id + str8(source_id) + u(2, number) + u(2, signature) + digest


def approver_id(key: Message) -> bytes:
    """Return the id of an approver."""
    return sha256(label("approver") + u(1, key["algorithm"]) + key["key"])


def check_approvals(
    log_id: bytes,
    number: int,
    body: Message,
    approvers: Sequence[Message],
    threshold: int,
    source_id: str = "ledger",
) -> None:
    """Raise Disproven unless enough approvers approved what ``source_id`` says, in order, and nobody else did."""
    message = inner_bytes(log_id, number, body, "approvals", source_id)
    known = {approver_id(key): key for key in approvers}
    ids = [approval["key_id"] for approval in body["approvals"]]
    require(ids == sorted(set(ids)) and set(ids) <= set(known), "approvals")
    for approval in body["approvals"]:
        check_each([known[approval["key_id"]]], message, [approval])
    require(len(ids) >= threshold, "threshold")
