"""What the examples record: one handover of one artifact to one recipient, about one person."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from ledger.client import Disclosure, DisclosureRecord
from ledger.core.lookup_keys import canonicalise
from ledger.core.record import Artifact, Recipient


def describe(sha256: str, size: int) -> Disclosure:
    """Return the disclosure of an artifact; every name and number in it is made up."""
    record = DisclosureRecord(
        authority_name="Example Police",
        authority_type="POLICE",
        authority_country="NO",
        legal_process="SEARCH_WARRANT",
        urgency="ROUTINE",
        data_categories=("SUBSCRIBER",),
        accounts_disclosed=1,
        produced_at=datetime.now(UTC),  # type: ignore[arg-type]  # an aware time becomes its text
        outcome="FULL",
        artifact=Artifact(sha256, size, "text/plain"),
        recipient=Recipient("Example Police"),
    )
    return Disclosure(record, (canonicalise("phone", "+12025550100"),))


def describe_file(path: Path) -> Disclosure:
    """Return the disclosure of a file; the gate hashes it again, and what leaves is held against that."""
    with path.open("rb") as file:
        return describe(hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)
