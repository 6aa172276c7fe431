"""Files that are no receipt, or prove something else than they claim."""

from dataclasses import replace
from typing import Any

from ledger.core.encoding import ZERO_HASH
from ledger.core.policy import Policy, verify_quorum
from ledger.core.receipt import verify_receipt
from ledger.core.statement import decode_leaf, encode_statement
from vectors import seeds
from vectors.history import history
from vectors.log import checkpoint
from vectors.plain import Json, case
from vectors.receipts import OTHER, VKEY, extra_of, file, path_to, witnessed
from vectors.refusing import refused


def wrong_receipts() -> Json:
    """Return files to refuse."""
    return {"refused": _refused()}


def _refused() -> list[Json]:
    good, hashes = file(9).decode(), history().leaf_hashes
    seal, forced_at = extra_of(9, len(hashes)).seal, 12
    leaves = history().leaves
    elsewhere: dict[str, Any] = {"key_statement": leaves[forced_at], "key_statement_index": forced_at}
    auditor: dict[str, Any] = {
        "key_statement": leaves[2],
        "key_statement_index": 2,
        "key_statement_path": path_to(hashes, 2),
    }
    enrolled: dict[str, Any] = {
        "key_statement": leaves[1],
        "key_statement_index": 1,
        "key_statement_path": path_to(hashes, 1),
    }
    rows = {
        "another index": good.replace("\nindex 9\n", "\nindex 8\n"),
        "no index": good.replace("\nindex 9\n", "\n"),
        "a hash of the path left out": "\n".join(line for at, line in enumerate(good.split("\n")) if at != 3),
        "no extra": "\n".join(line for at, line in enumerate(good.split("\n")) if at != 1),
        "a checkpoint of another root": good.replace(checkpoint(hashes).decode(), checkpoint(hashes[::-1]).decode()),
        "a checkpoint by another key": file(9, key=OTHER).decode(),
        "the log opened elsewhere": file(9, log_opened=leaves[1], log_opened_path=path_to(hashes, 1)).decode(),
        "another leaf of the batch": file(9, leaf=leaves[8]).decode(),
        "another place in the batch": file(9, first_sequence=4).decode(),
        "another count": file(9, count=6).decode(),
        "a place past the batch": file(9, count=2).decode(),
        "another previous batch": file(9, previous=ZERO_HASH).decode(),
        "another path in the batch": file(9, batch_path=extra_of(9, len(hashes)).batch_path[::-1]).decode(),
        "another sealed keys digest": file(9, seal=replace(seal, sealed_keys_digest=ZERO_HASH)).decode(),
        "no signature": file(9, seal=replace(seal, signatures=())).decode(),
        "the key statement before the current one": file(9, **enrolled).decode(),
        "a key statement after it": file(9, **elsewhere, key_statement_path=path_to(hashes, forced_at)).decode(),
        "a key statement that is not in the log": file(9, **{**enrolled, "key_statement": _later(leaves[6])}).decode(),
        "a key statement that enrols nobody": file(9, **auditor).decode(),
        "LOG_OPENED as the source's key statement": file(
            9, key_statement=leaves[0], key_statement_index=0, key_statement_path=path_to(hashes, 0)
        ).decode(),
        "a source's key statement for the ledger's": file(2, **enrolled).decode(),
        "a key statement at index 0": file(0, key_statement=leaves[0]).decode(),
        "a previous batch at index 0": file(0, previous=seeds.seed("other")).decode(),
        "the last of a batch without its seal": file(11, leaf=decode_leaf(leaves[11]).unsealed).decode(),
    }
    one = file(5, note=witnessed(1)).decode()
    return [
        *(_refused_file(name, receipt) for name, receipt in rows.items()),
        _refused_quorum("cosigned by one witness where two are needed", one),
    ]


def _later(leaf: bytes) -> bytes:
    statement = decode_leaf(leaf).statement
    return encode_statement(replace(statement, recorded_at=statement.recorded_at + 1))


def _refused_file(name: str, receipt: str) -> Json:
    refused(name, lambda: verify_receipt(receipt.encode(), VKEY))
    return case(name, receipt=receipt, policy=False)


def _refused_quorum(name: str, receipt: str) -> Json:
    proven = verify_receipt(receipt.encode(), VKEY)
    refused(name, lambda: verify_quorum(proven.checkpoint, Policy.parse(seeds.WITNESS_POLICY)))
    return case(name, receipt=receipt, policy=True)
