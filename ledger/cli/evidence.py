"""What evidence says, of a split view or against a source, in words and for programs."""

from pathlib import Path
from typing import Any, Final

from ledger.cli.outcome import printable
from ledger.core import conviction
from ledger.core.conviction import MAX_CONVICTION, Convicted, verify_conviction
from ledger.core.errors import ConfigInvalid, InvalidInput, Uncheckable, VerificationFailed
from ledger.core.note import VKey
from ledger.core.opened import MAX_FIELDS
from ledger.core.split import HEADER, LEAVES, MAX_SPLIT, ROOTS, ProvenSplit, verify_split

OPEN: Final = (
    "which of the two histories is the true one: it is enough that both are signed",
    "whose key it is: compare it with the one that the log publishes",
)


OPEN_OF_SOURCE: Final = (
    "what the record should have said",
    "whether it was meant or a fault of software",
    "whose key it is: the ledger had enrolled it for this source",
)
"""What a conviction leaves open."""

FORCED: Final = "that the source agreed to its key: the key change was FORCED, without the old key"
OPENS: Final = "whoever has this file may read the record with it: keep it as confidential as that"
"""What the holder of a conviction has to know."""

MAX_FILE: Final = max(MAX_SPLIT, MAX_CONVICTION, MAX_FIELDS)
"""Bytes of the longest file that is verified."""

Evidence = ProvenSplit | Convicted
"""What convicts: a log, or a source."""


def read_evidence(path: Path) -> bytes:
    """Return a file that may be any of those that are verified; raise InvalidInput for one longer than they are."""
    with path.open("rb") as file:
        data = file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise InvalidInput("file", f"longer than {MAX_FILE} bytes")
    return data


def is_evidence(data: bytes) -> bool:
    """Return whether a file claims to be evidence of a split view, or against a source."""
    return data.startswith((HEADER.encode(), conviction.HEADER.encode()))


def open_evidence(data: bytes, log: VKey | None) -> Evidence:
    """Return what evidence proves; raise Uncheckable where it proves nothing, or nothing against ``log``."""
    try:
        return _against_source(data, log) if data.startswith(conviction.HEADER.encode()) else _against_log(data, log)
    except (InvalidInput, VerificationFailed) as error:
        raise Uncheckable(f"no evidence: {error}") from None


def _against_source(data: bytes, log: VKey | None) -> Convicted:
    if log is None:
        raise ConfigInvalid(["--log: missing; evidence against a source needs the key of its log"])
    return verify_conviction(data, log)


def _against_log(data: bytes, log: VKey | None) -> ProvenSplit:
    proven = verify_split(data)
    if log not in (None, proven.log):
        raise Uncheckable("evidence against another key than the log's")
    return proven


def evidence_sentence(proven: Evidence) -> str:
    """Return what is proven, on one line that steers no terminal."""
    return split_sentence(proven) if isinstance(proven, ProvenSplit) else conviction_sentence(proven)


def evidence_facts(proven: Evidence) -> dict[str, Any]:
    """Return what is proven as the fields of a JSON object."""
    return split_facts(proven) if isinstance(proven, ProvenSplit) else conviction_facts(proven)


def evidence_lines(proven: Evidence) -> list[str]:
    """Return whose key signed it, and what stays open, as the lines that a person reads."""
    if isinstance(proven, ProvenSplit):
        return [f"signed with the key {printable(proven.log.format())}", *_unproven(OPEN)]
    keys = ", ".join([key.key.hex() for key in proven.receipt.keys])
    unproven = (*OPEN_OF_SOURCE, FORCED) if proven.receipt.forced else OPEN_OF_SOURCE
    return [f"signed with the key {keys}", OPENS, *_unproven(unproven)]


def _unproven(lines: tuple[str, ...]) -> list[str]:
    return ["not proven by this file:", *(f"  - {line}" for line in lines)]


def conviction_sentence(proven: Convicted) -> str:
    """Return what a source is convicted of, on one line that steers no terminal."""
    who, why = f"source {proven.source_id} signed entry {proven.index}", proven.fault
    return printable(f"{who}, whose sealed payload does not match its leaf: {why}")


def conviction_facts(proven: Convicted) -> dict[str, Any]:
    """Return what a source is convicted of as the fields of a JSON object."""
    return {
        "kind": "conviction",
        "source": proven.source_id,
        "index": proven.index,
        "sequence": proven.sequence,
        "leaf_hash": proven.leaf_hash.hex(),
        "log_id": proven.receipt.log_id.hex(),
        "keys": [key.key.hex() for key in proven.receipt.keys],
        "forced_key": proven.receipt.forced,
        "fault": proven.fault,
        "reason": conviction_sentence(proven),
    }


def split_sentence(proven: ProvenSplit) -> str:
    """Return what is proven, on one line that steers no terminal."""
    sizes = [checkpoint.size for checkpoint in proven.checkpoints]
    one, other = (found.hex() for found in proven.hashes)
    if proven.kind == ROOTS:
        why = f"its tree of {sizes[0]} entries has the root {one} and the root {other}"
    elif proven.kind == LEAVES:
        why = f"entry {proven.index} is {one} in its tree of {sizes[0]} entries and {other} in that of {sizes[1]}"
    else:
        why = f"its tree of {sizes[1]} entries does not begin with that of {sizes[0]}"
    return printable(f"the log of {proven.origin} signed two histories: {why}")


def split_facts(proven: ProvenSplit) -> dict[str, Any]:
    """Return what is proven as the fields of a JSON object."""
    return {
        "kind": "split",
        "by": proven.kind,
        "origin": proven.origin,
        "log": proven.log.format(),
        "tree_sizes": [checkpoint.size for checkpoint in proven.checkpoints],
        "roots": [checkpoint.root.hex() for checkpoint in proven.checkpoints],
        "index": proven.index,
        "differing": [found.hex() for found in proven.hashes],
        "reason": split_sentence(proven),
    }
