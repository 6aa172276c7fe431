"""Which files there are, and what each holds: the same bytes on every run and machine."""

import json
from pathlib import Path
from typing import Final

from ledger.core.record_schema import record_schema
from vectors import (
    batches,
    boxes,
    inner,
    keys,
    log,
    notes,
    receipts,
    records,
    sealing,
    slots,
    statements,
    trees,
    wrong_batches,
    wrong_inner,
    wrong_keys,
    wrong_log,
    wrong_payloads,
    wrong_receipts,
    wrong_statements,
)
from vectors.plain import Json

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = "tests/vectors"
SCHEMA: Final = "docs/record.schema.json"
CONVENTIONS: Final = (
    'Bytes are lower-case hex. L("x"): ASCII disclosure-ledger/v1/x and one zero byte. u8, u16, u32, u64: big-endian. '
    "str8(s): u8 length of s in UTF-8 ‖ s. RFC 6962 root: leaf SHA-256(00 ‖ data), node SHA-256(01 ‖ left ‖ right). "
    "Keys, secrets and people are made up. docs/protocol.md says it all."
)
"""The last sentence of every description."""


def generate() -> dict[str, str]:
    """Return the text of every generated file by its path below the root."""
    vectors: dict[str, Json] = {
        "signing": trees.signing(),
        "merkle": trees.merkle(),
        "notes": notes.notes(),
        "statements": statements.statements() | wrong_statements.wrong_statements(),
        "batches": batches.batches() | wrong_batches.wrong_batches(),
        "inner": inner.inner() | wrong_inner.wrong_inner(),
        "disclosures": records.disclosures(),
        "slots": slots.slots(),
        "lookup_keys": keys.lookup_keys() | wrong_keys.wrong_keys(),
        "sealed_payload": sealing.sealed_payload() | wrong_payloads.wrong_payloads(),
        "sealed_keys": boxes.sealed_keys(),
        "log": log.log() | wrong_log.wrong_log(),
        "receipts": receipts.receipts() | wrong_receipts.wrong_receipts(),
    }
    texts = {f"{FOLDER}/{name}.json": _text(_explained(content), 1) for name, content in vectors.items()}
    return {**texts, SCHEMA: _text(record_schema(), 2)}


def write(root: Path) -> None:
    """Write every file below ``root``, and take away vectors that are generated no more."""
    files = generate()
    for path in _left_over(root, files):
        path.unlink()
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def stale(root: Path) -> list[str]:
    """Return the names of files below ``root`` that differ, are missing, or are generated no more."""
    files = generate()
    differing = [name for name, text in files.items() if not _holds(root / name, text)]
    return differing + [path.relative_to(root).as_posix() for path in _left_over(root, files)]


def _explained(content: Json) -> Json:
    description = content["description"]
    if not isinstance(description, list):
        raise TypeError("a description is a list of sentences")
    return {**content, "description": [*description, CONVENTIONS]}


def _left_over(root: Path, files: dict[str, str]) -> list[Path]:
    found = sorted((root / FOLDER).glob("*.json"))
    return [path for path in found if path.relative_to(root).as_posix() not in files]


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()


def _text(content: object, indent: int) -> str:
    return json.dumps(content, indent=indent, ensure_ascii=False) + "\n"
