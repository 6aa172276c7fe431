"""The ledger and the second implementation, written from the document alone, agree on bytes that nobody chose."""

import ast
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator

import pytest

from ledger.core.errors import InvalidInput, Uncheckable, VerificationFailed
from ledger.core.merkle import leaf_hash
from ledger.core.note import VKey
from ledger.core.receipt import verify_receipt
from ledger.core.statement import decode_leaf
from tests.vectors import document, forging, leaves, notes, receipts
from tests.vectors.basics import Case, Disproven, Unchecked, h, named, vectors

STATEMENTS, RECEIPTS = vectors("statements"), vectors("receipts")
REFUSED = STATEMENTS["refused"] + STATEMENTS["uncheckable"]
EXTRA = b"\nextra "
Outcome = tuple[object, ...] | None


def leaf_here(data: bytes) -> Outcome:
    """Return what the ledger makes of a leaf, None where it proves nothing."""
    try:
        leaf = decode_leaf(data)
    except (InvalidInput, Uncheckable):
        return None
    said = leaf.statement
    return said.source_id, said.sequence, said.recorded_at, said.seal is not None, leaf.unsealed


def leaf_there(data: bytes) -> Outcome:
    """Return what the second implementation makes of it."""
    try:
        said = leaves.read(data)
    except (Disproven, Unchecked):
        return None
    seal = said["seal"] is not None
    return said["source_id"], said["sequence"], said["recorded_at"], seal, leaves.unsealed(data)


def receipt_here(data: bytes, log: str) -> Outcome:
    """Return what the ledger's verifier makes of a receipt under a log's key, None where it proves nothing."""
    try:
        found = verify_receipt(data, VKey.parse(log))
    except (InvalidInput, VerificationFailed, Uncheckable):
        return None
    return found.index, found.leaf_hash, found.log_id, found.forced, found.log_key_changed, found.batch_digest


def receipt_there(data: bytes, log: str) -> Outcome:
    """Return what the second implementation makes of it."""
    try:
        found = receipts.verify(data, notes.VKey.parse(log))
    except (Disproven, Unchecked):
        return None
    hashed = leaf_hash(found.leaf)
    return found.index, hashed, found.log_id, found.forced, found.log_key_changed, found.batch_digest


def changed(data: bytes, step: int = 1) -> Iterator[bytes]:
    """Yield ``data`` itself, then with a bit flipped, a byte gone, a byte doubled, and its end cut, at many places."""
    yield data
    for at in range(0, len(data), step):
        yield data[:at] + bytes([data[at] ^ 1 << at // step % 8]) + data[at + 1 :]
        yield data[:at] + data[at + 1 :]
        yield data[: at + 1] + data[at:]
        yield data[:at]


def differing(data: bytes, step: int) -> list[str]:
    """Return the changed bytes of a leaf of which the two do not say the same."""
    return [item.hex() for item in changed(data, step) if leaf_here(item) != leaf_there(item)]


@pytest.mark.parametrize("case", STATEMENTS["cases"], ids=named(STATEMENTS["cases"]))
def test_both_read_the_same_of_a_changed_leaf(case: Case) -> None:
    """Whatever small change a leaf suffers, both prove the same or both nothing."""
    leaf = h(case["leaf"])
    assert leaf_here(leaf) is not None
    assert differing(leaf, 2) == []


@pytest.mark.parametrize("case", REFUSED, ids=named(REFUSED))
def test_both_refuse_the_same_neighbours(case: Case) -> None:
    """Around bytes that are no leaf too, both prove the same or both nothing."""
    assert differing(h(case["leaf"]), 5) == []


@pytest.mark.parametrize("case", RECEIPTS["cases"], ids=named(RECEIPTS["cases"]))
def test_both_read_the_same_of_a_changed_receipt(case: Case) -> None:
    """Whatever small change a receipt suffers, in its file or inside its extra data, both prove the same or nothing."""
    data, log = case["receipt"].encode(), case["vkey"]
    start = data.index(EXTRA) + len(EXTRA)
    end = data.index(b"\n", start)
    inside = changed(b64decode(data[start:end]), 29)
    files = [*changed(data, 37), *(data[:start] + b64encode(item) + data[end:] for item in inside)]
    assert receipt_here(data, log) is not None
    assert [file for file in files if receipt_here(file, log) != receipt_there(file, log)] == []


def test_both_accept_receipts_made_by_the_document() -> None:
    """What the second implementation makes of an honest log verifies with the ledger's verifier."""
    log = forging.LOG.format()
    for name, receipt in forging.HONEST.items():
        made = receipt.encode()
        assert receipt_here(made, log) == receipt_there(made, log) is not None, name


@pytest.mark.parametrize("name", forging.FORGED)
def test_both_refuse_what_ledger_and_source_forge_together(name: str) -> None:
    """Receipts with every signature right and one thing wrong are refused by the ledger's verifier too."""
    forged, log = forging.FORGED[name].encode(), forging.LOG.format()
    assert receipt_here(forged, log) is receipt_there(forged, log) is None


def test_the_second_implementation_imports_nothing_of_the_first() -> None:
    """Beside tests/vectors there are only the standard library, libsodium's primitives and pytest."""
    folder = document.DOCUMENT.parents[1] / "tests" / "vectors"
    imported = {name for path in folder.glob("*.py") for name in imports(path.read_text(encoding="utf-8"))}
    others = {name for name in imported if name.split(".")[0] not in sys.stdlib_module_names}
    assert {name for name in others if not name.startswith("tests.vectors")} == {
        "nacl.bindings",
        "nacl.exceptions",
        "pytest",
    }


def imports(source: str) -> Iterator[str]:
    """Yield the names of the modules that a file imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from [
                f"{node.module}.{alias.name}" if node.module == "tests" else str(node.module) for alias in node.names
            ]
