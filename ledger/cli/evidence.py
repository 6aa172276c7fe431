"""What evidence of a split view says, in words and for programs."""

from typing import Any, Final

from ledger.cli.outcome import printable
from ledger.core.errors import InvalidInput, Uncheckable, VerificationFailed
from ledger.core.note import VKey
from ledger.core.split import HEADER, LEAVES, ROOTS, ProvenSplit, verify_split

OPEN: Final = (
    "which of the two histories is the true one: it is enough that both are signed",
    "whose key it is: compare it with the one that the log publishes",
)


def is_evidence(data: bytes) -> bool:
    """Return whether a file claims to be evidence of a split view."""
    return data.startswith(HEADER.encode())


def open_evidence(data: bytes, log: VKey | None) -> ProvenSplit:
    """Return what evidence proves; raise Uncheckable where it proves nothing, or nothing against ``log``."""
    try:
        proven = verify_split(data)
    except (InvalidInput, VerificationFailed) as error:
        raise Uncheckable(f"no evidence: {error}") from None
    if log not in (None, proven.log):
        raise Uncheckable("evidence against another key than the log's")
    return proven


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
