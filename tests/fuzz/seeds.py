"""Valid inputs: the published vectors, and one log in memory."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from ledger.v1 import disclosure_pb2
from tests.core.examples import BODIES, SEAL, stated
from tests.core.world import RECORD, World, disclosure, mixed
from tests.fuzz.driving import NEEDLE

VECTORS: Final = Path(__file__).parents[1] / "vectors"


@cache
def vectors(name: str) -> Any:
    """Return one file of vectors."""
    return json.loads((VECTORS / f"{name}.json").read_text("utf-8"))


@cache
def log() -> World:
    """Return a log with a bit of everything, in which the source beta may go on."""
    return mixed()


def leaves() -> tuple[bytes, ...]:
    """Return leaves of every body, and those of the published log."""
    from ledger.core.statement import encode_statement

    made = [encode_statement(stated(body, SEAL)) for body in BODIES.values()]
    return (*made, *(bytes.fromhex(leaf) for leaf in vectors("log")["leaves"]))


def submissions() -> tuple[bytes, ...]:
    """Return whole batches as they travel: one entry with keys, three with none."""
    from ledger.core.lookup_keys import LookupKey, canonicalise

    keys = [canonicalise("ip", "2001:db8::1"), canonicalise("phone", "+4721000000"), LookupKey("account", b"a b")]
    world = log()
    pairs = [world.submission("beta", disclosure(*keys)), world.submission("beta", *[disclosure()] * 3)]
    return tuple(_request(submission) for submission in pairs)


def _request(submission: Any) -> bytes:
    request = disclosure_pb2.SubmitBatchRequest(
        log_id=submission.binding.log_id,
        key_statement=submission.binding.key_statement,
        previous=submission.binding.previous,
        statements=submission.statements,
    )
    for item in submission.attachments:
        message = request.attachments.add(
            position=item.position, payload=item.payload, shred=item.shred, padding=item.padding
        )
        for key, salt in item.keys:
            message.keys.add(type=key.type, value=key.value, version=key.version, salt=salt)
    for sealed in submission.sealed_keys:
        request.sealed_keys.add(key_id=sealed.key_id, suite=sealed.suite, box=sealed.box)
    return request.SerializeToString(deterministic=True)


RECORDS: Final[tuple[dict[str, Any], ...]] = (
    RECORD,
    {
        **RECORD,
        "notes": NEEDLE,
        "request_reference": NEEDLE,
        "authority_name": f"{NEEDLE} Æ",
        "approvals": [NEEDLE, "second"],
        "data_range": {"from": "2025-01-01T00:00:00.000Z", "to": "2025-02-01T00:00:00.000Z"},
        "nondisclosure_order": {
            "basis": "NATIONAL",
            "issued_at": "2025-01-01T00:00:00.000Z",
            "expires_at": "INDEFINITE",
            "scope": "BOTH",
        },
    },
)
DISCLOSURES: Final[tuple[dict[str, Any], ...]] = (
    {"record": RECORDS[0]},
    {
        "record": RECORDS[1],
        "keys": [
            {"type": "account", "value": NEEDLE},
            {"type": "email", "value": f"{NEEDLE}@example.org"},
            {"type": "request", "authority": NEEDLE, "reference": "R/1"},
        ],
    },
)


def as_json(*values: object) -> tuple[bytes, ...]:
    """Return each value as JSON text."""
    return tuple(json.dumps(value, ensure_ascii=False).encode() for value in values)
