"""Batches of one, two and five statements in a chain, and what their seals sign."""

from collections.abc import Sequence
from typing import Final

from ledger.core import bodies
from ledger.core.batch import Binding, decode_batch, sign_batch, verify_seal
from ledger.core.merkle import leaf_hash
from ledger.core.statement import Statement
from vectors.history import Logged, history
from vectors.plain import Json, case
from vectors.saying import disclosure_body
from vectors.seeds import MINUTE, SOURCE, SOURCE_KEYS, seed

KEY: Final = SOURCE_KEYS[0]
DIGEST: Final = seed("sealed keys digest")
BINDING: Final = Binding(seed("log id"), seed("key statement"), seed("previous"))


def batches() -> Json:
    """Return sealed batches with what their seals sign."""
    logged = {item.first: item for item in history().logged}
    return {
        "description": [
            (
                "cases: batches of log.json by the index of their first statement, and one of two parts that stands "
                "alone. statements are leaves; only the last one has a seal."
            ),
            (
                "batch_leaf_hashes: SHA-256(00 ‖ statement), of the last one without its seal (last_unsealed: the "
                "leaf without field 536870911). batch_root: their RFC 6962 root."
            ),
            (
                'signed_bytes = L("batch") ‖ log_id ‖ str8(source_id) ‖ key_statement ‖ u64 first_sequence ‖ u32 '
                "count ‖ batch_root ‖ previous ‖ sealed_keys_digest. Index 0 has zeros for log_id and key_statement."
            ),
            (
                "seeds: Ed25519 seeds of keys. Each signs signed_bytes; signatures are those of the seal. digest = "
                "SHA-256(signed_bytes), which is previous in the next batch of the same source: compare."
            ),
            (
                "refused: statements that are no batch, or whose seal must not verify under keys with the log_id, "
                "key_statement and previous beside it."
            ),
        ],
        "cases": [
            _batch("LOG_OPENED, alone", logged[0]),
            _batch("the source's enrolment, by the ledger", logged[1]),
            _batch("one disclosure, the source's first batch", logged[3]),
            _batch("two disclosures, the second batch", logged[4]),
            _batch("five disclosures under the changed key", logged[7]),
            _parts(),
        ],
    }


def _batch(name: str, logged: Logged) -> Json:
    batch, binding, key = logged.batch, logged.binding, logged.key
    unsealed = [leaf.unsealed for leaf in batch.leaves]
    signed = batch.signed_bytes(binding)
    return case(
        name,
        index=logged.first,
        statements=[leaf.data for leaf in batch.leaves],
        last_unsealed=unsealed[-1],
        batch_leaf_hashes=[leaf_hash(data) for data in unsealed],
        batch_root=batch.root,
        log_id=binding.log_id,
        source_id=batch.source_id,
        key_statement=binding.key_statement,
        first_sequence=batch.first_sequence,
        count=batch.count,
        previous=binding.previous,
        sealed_keys_digest=batch.seal.sealed_keys_digest,
        signed_bytes=signed,
        keys=[key.public],
        seeds=[key.seed],
        signatures=batch.seal.signatures,
        digest=verify_seal(batch, binding, [key.public]),
    )


def _parts() -> Json:
    batch = decode_batch(sign(said(*(disclosure_body(part=bodies.Part(n, 2)) for n in range(2)))))
    return _batch("two parts of one handover, not in log.json", Logged(0, batch, BINDING, 0, KEY))


def said(*said: bodies.Body, first: int = 7, source_id: str = SOURCE) -> list[Statement]:
    """Return statements of a source at consecutive sequences."""
    return [Statement(source_id, first + at, MINUTE, body) for at, body in enumerate(said)]


def sign(statements: Sequence[Statement]) -> tuple[bytes, ...]:
    """Return the leaves of a batch under ``BINDING``, sealed by ``KEY``."""
    return sign_batch(statements, BINDING, DIGEST, [KEY.sign])
