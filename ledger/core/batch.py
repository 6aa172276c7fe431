"""A batch: 1…1,024 consecutive statements of one source under one seal (protocol §3).

Signed bytes: L("batch") ‖ log id ‖ str8(source id) ‖ key statement ‖ u64 first sequence ‖ u32 count ‖ batch root ‖
previous ‖ sealed keys digest. They bind log, key, position and the batch before, so whoever reads only leaves checks
every signature, and none moves to another ledger, key, position or chain.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ledger.core import bodies
from ledger.core.encoding import ZERO_HASH, Hash, label, sha256, str8, u32, u64
from ledger.core.errors import InvalidInput, NotAuthenticated, VerificationFailed
from ledger.core.merkle import hash_leaves, leaf_hash, tree_root
from ledger.core.shape import PlainShape
from ledger.core.signing import PublicKey, Signer, verify_each
from ledger.core.statement import Leaf, Seal, Statement, decode_leaf, encode_statement

MAX_BATCH: Final = 1024
"""Statements of a batch."""

_LABEL: Final = label("batch")


@dataclass(frozen=True, slots=True)
class Binding:
    """What a seal binds a batch to besides its statements: 32 bytes each."""

    log_id: Hash
    key_statement: Hash
    previous: Hash


OPENING: Final = Binding(ZERO_HASH, ZERO_HASH, ZERO_HASH)
"""The binding of LOG_OPENED's batch: nothing came before it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A decoded batch; ``leaf_hashes`` are the log's, ``root`` leaves the seal out.

    ``others`` are the statements that are no plain disclosures, by position: where most are, few.
    """

    source_id: str
    first_sequence: int
    leaves: tuple[Leaf, ...]
    others: tuple[tuple[int, Statement], ...]
    leaf_hashes: tuple[Hash, ...]
    root: Hash
    seal: Seal

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes as bytes and hashes: what was recognised by its shape is not parsed over there."""
        data, plain = tuple([leaf.data for leaf in self.leaves]), bytearray(b"\x01" * len(self.leaves))
        for position, _ in self.others:
            plain[position] = 0
        return _restore, (data, bytes(plain), self.leaf_hashes, self.root)

    @property
    def count(self) -> int:
        """How many statements it has."""
        return len(self.leaves)

    @property
    def unsealed_hashes(self) -> tuple[Hash, ...]:
        """Leaf hashes without the seal, whose root is ``root``."""
        return _unsealed_hashes(self.leaves, self.leaf_hashes)

    @property
    def end_sequence(self) -> int:
        """The first sequence after it."""
        return self.first_sequence + len(self.leaves)

    @property
    def first_minute(self) -> int:
        """recorded_at of its first statement."""
        return self.leaves[0].statement.recorded_at

    @property
    def last_minute(self) -> int:
        """recorded_at of its last statement."""
        return self.leaves[-1].statement.recorded_at

    def signed_bytes(self, binding: Binding) -> bytes:
        """Return what its seal signs under ``binding``."""
        return signed_bytes(
            binding, self.source_id, self.first_sequence, self.count, self.root, self.seal.sealed_keys_digest
        )


def _restore(data: tuple[bytes, ...], plain: bytes, leaf_hashes: tuple[Hash, ...], root: Hash) -> Batch:
    pairs = zip(data, plain, strict=True)
    leaves = tuple([Leaf(item, item, None) if known else decode_leaf(item) for item, known in pairs])
    last = leaves[-1].statement
    assert last.seal is not None  # noqa: S101 -- a batch ends with its seal
    return Batch(last.source_id, last.sequence - len(leaves) + 1, leaves, _others(leaves), leaf_hashes, root, last.seal)


def signed_bytes(
    binding: Binding, source_id: str, first_sequence: int, count: int, root: Hash, sealed_keys_digest: Hash
) -> bytes:
    """Return the bytes that a seal signs; their SHA-256 is the next batch's ``previous``."""
    return b"".join(
        (
            _LABEL,
            binding.log_id,
            str8(source_id),
            binding.key_statement,
            u64(first_sequence),
            u32(count),
            root,
            binding.previous,
            sealed_keys_digest,
        )
    )


def decode_batch(data: Sequence[bytes]) -> Batch:
    """Decode the leaves of one batch strictly.

    Raises:
        Uncheckable: a leaf says something that this release does not know.
        InvalidInput: a leaf is malformed, or they are not one batch of one source.
    """
    if not 0 < len(data) <= MAX_BATCH:
        raise InvalidInput("batch", f"must have 1 to {MAX_BATCH} statements")
    leaves = _decode_chain(data)
    first = leaves[0].statement
    seal = leaves[-1].statement.seal
    if seal is None:
        raise InvalidInput("seal", "missing on the last statement")
    others = _others(leaves)
    if any(_is_part(said) for _, said in others):
        check_parts([leaf.statement for leaf in leaves])
    leaf_hashes = tuple(hash_leaves(data))
    root = tree_root(_unsealed_hashes(leaves, leaf_hashes))
    return Batch(first.source_id, first.sequence, leaves, others, leaf_hashes, root, seal)


def _others(leaves: Sequence[Leaf]) -> tuple[tuple[int, Statement], ...]:
    return tuple([(position, leaf.statement) for position, leaf in enumerate(leaves) if not leaf.is_plain])


def _unsealed_hashes(leaves: Sequence[Leaf], leaf_hashes: Sequence[Hash]) -> tuple[Hash, ...]:
    """Only the last leaf has a seal to leave out: the others' hashes are the log's."""
    return (*leaf_hashes[:-1], leaf_hash(leaves[-1].unsealed))


def _decode_chain(data: Sequence[bytes]) -> tuple[Leaf, ...]:
    """Decode leaves of one source, consecutive and in order of time; most are plain disclosures of one minute."""
    leaves = [decode_leaf(data[0])]
    first = leaves[0].statement
    _check_place(first, first, first.recorded_at, 0, len(data))
    minute = first.recorded_at
    shape = PlainShape(first.source_id, minute)
    for position in range(1, len(data)):
        leaf = shape.read(data[position], first.sequence + position)
        if leaf is None:
            leaf = decode_leaf(data[position])
            _check_place(leaf.statement, first, minute, position, len(data))
            minute = leaf.statement.recorded_at
            shape = PlainShape(first.source_id, minute)
        leaves.append(leaf)
    return tuple(leaves)


def _check_place(statement: Statement, first: Statement, minute: int, position: int, count: int) -> None:
    """Raise InvalidInput unless ``statement`` may stand at ``position`` of ``count``, after one of ``minute``."""
    if statement.source_id != first.source_id:
        raise InvalidInput("source_id", "differs within the batch")
    if statement.sequence != first.sequence + position:
        raise InvalidInput("sequence", "must go up by one within the batch")
    if statement.recorded_at < minute:
        raise InvalidInput("recorded_at", "must not decrease within the batch")
    if statement.seal is not None and position != count - 1:
        raise InvalidInput("seal", "only the last statement of a batch has one")
    if isinstance(statement.body, bodies.LogOpened) and (count > 1 or statement.sequence != 0):
        raise InvalidInput("log_opened", "is alone in the first batch of the ledger's chain")


def _is_part(statement: Statement) -> bool:
    return isinstance(statement.body, bodies.Disclosure) and statement.body.part is not None


def check_parts(statements: Sequence[Statement]) -> None:
    """Raise InvalidInput unless parts stand 0…n−1 in a row, with equal n, embargo and late_for (protocol §4)."""
    rest: bodies.Disclosure | None = None  # what the next statement's part, embargo and late_for must be
    for statement in statements:
        body = statement.body
        if not isinstance(body, bodies.Disclosure) or body.part is None:
            if rest is not None:
                raise InvalidInput("part", "a handover's parts stand in a row")
            continue
        expected = rest if rest is not None else replace(body, part=replace(body.part, index=0))
        if (body.part, body.embargo, body.late_for) != (expected.part, expected.embargo, expected.late_for):
            raise InvalidInput("part", "parts go up from 0 with equal count, embargo and late_for")
        following = body.part.index + 1
        rest = None if following == body.part.count else replace(body, part=replace(body.part, index=following))
    if rest is not None:
        raise InvalidInput("part", "a handover's parts stand in one batch")


def sign_batch(
    statements: Sequence[Statement], binding: Binding, sealed_keys_digest: Hash, signers: Sequence[Signer]
) -> tuple[bytes, ...]:
    """Return the leaves of ``statements``, sealed; ``signers`` stand in the key statement's order."""
    first = statements[0]
    shape = PlainShape(first.source_id, first.recorded_at)
    unsealed = [_encode(statement, first, shape) for statement in statements]
    root = tree_root(hash_leaves(unsealed))
    message = signed_bytes(binding, first.source_id, first.sequence, len(unsealed), root, sealed_keys_digest)
    seal = Seal(sealed_keys_digest, tuple(sign(message) for sign in signers))
    return (*unsealed[:-1], encode_statement(replace(statements[-1], seal=seal)))


def _encode(statement: Statement, first: Statement, shape: PlainShape) -> bytes:
    """Return a statement's leaf; most are plain disclosures of the first one's source and minute."""
    body, plain = statement.body, None
    same = (statement.source_id, statement.recorded_at) == (first.source_id, first.recorded_at)
    if same and statement.seal is None and isinstance(body, bodies.Disclosure):
        plain = shape.write(statement.sequence, body)
    return encode_statement(statement) if plain is None else plain


def verify_seal(batch: Batch, binding: Binding, keys: Sequence[PublicKey]) -> Hash:
    """Return the SHA-256 of the signed bytes; raise NotAuthenticated unless every key signed them."""
    message = batch.signed_bytes(binding)
    try:
        verify_each(keys, message, batch.seal.signatures, "seal")
    except VerificationFailed as error:
        raise NotAuthenticated(str(error)) from None
    return sha256(message)
