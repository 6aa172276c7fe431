"""docs/verify.md: its commands run, its table of evidence is the format, and its program needs nothing of ours."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger.core.checkpoint import cosign, open_checkpoint
from ledger.core.note import COSIGNATURE, SigningKey
from ledger.core.receipt import format_receipt
from ledger.core.split import HEADER, MAX_SPLIT
from ledger.core.tlogproof import TlogProof
from tests.audit.views import OfWorld, parted
from tests.cli.commands import Ran, Site, site
from tests.core.openings import opened
from tests.core.splits import EVIDENCE
from tests.core.test_receipt import FORCED
from tests.core.world import mixed, secret

TEXT = (Path(__file__).parents[2] / "docs" / "verify.md").read_text()
EXAMPLES = "".join(re.findall(r"^```\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)).splitlines()
(PROGRAM,) = re.findall(r"^```python\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
HERE, THERE = parted()
WORLD = mixed()
WITNESS = SigningKey("witness.example", secret("witness"))


@pytest.fixture(scope="module")
def files() -> Iterator[Site]:
    """Put what the examples name into a directory: a log, its key, a policy, a receipt, a checkpoint of a fork."""
    with site() as here:
        signed = open_checkpoint(HERE.checkpoint(), HERE.vkey)
        note = signed.note.with_signature(cosign(signed.checkpoint, 1_800_000_000, WITNESS)).format()
        proof = TlogProof.parse(HERE.receipt(3))
        here.path("checkpoint").write_bytes(note)
        here.path("entry.tlog-proof").write_bytes(TlogProof(proof.index, proof.path, note, proof.extra).format())
        here.path("entry.fields").write_bytes(opened(HERE, 3, "outcome", "urgency", auditor="one"))
        here.path("theirs.checkpoint").write_bytes(THERE.checkpoint(HERE.size))
        here.path("log.vkey").write_text(HERE.vkey.format() + "\n")
        vkey = WITNESS.vkey(COSIGNATURE).format()
        here.path("witnesses.policy").write_text(f"witness one {vkey}\nquorum one\n")
        OfWorld.of(HERE).write(here.path("log"), HERE.size)
        here.path("receipt.py").write_text(PROGRAM)
        yield here


def test_the_commands_run(files: Site) -> None:
    """The examples run as they stand, with a folder for the URL: all prove, but for the fork's, which convicts."""
    codes = {}
    for line in EXAMPLES:
        words = shlex.split(line.replace("https://tiles.example/log", "log"))
        code = 1 if "split.evidence" in words else 0
        codes[line] = files.call(*words, code=code).stdout
    assert len(codes) == 8
    *_, compared, verified = codes.values()
    assert "signed two histories" in compared
    assert "signed two histories" in verified


def test_the_format_of_evidence_is_told() -> None:
    """Header, bound and every kind stand in the text, with as many parts as a file has."""
    assert f"`{HEADER}`" in TEXT
    assert f"at most {MAX_SPLIT >> 20} MiB" in TEXT
    rows = dict(re.findall(r"^\| `(\w+)` \| ([\w ,]+) \|", TEXT, re.MULTILINE))
    assert rows.keys() == EVIDENCE.keys()
    for kind, raw in EVIDENCE.items():
        parts = len(raw.splitlines()) - 3
        assert len(rows[kind].split(", ")) == min(parts, 4)


def test_the_program_is_independent() -> None:
    """It imports the standard library and Ed25519."""
    imported = set(re.findall(r"^ *(?:import|from) ([\w.]+)", PROGRAM, re.MULTILINE))
    assert imported == {"base64", "hashlib", "sys", "nacl.signing"}


def run(files: Site, receipt: bytes, code: int) -> Ran:
    """Run the program on a receipt."""
    files.path("given").write_bytes(receipt)
    command = [sys.executable, "-I", "receipt.py", "log.vkey", "given"]
    done = subprocess.run(command, cwd=files.directory, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return Ran(done.stdout, done.stderr)


def test_the_program_verifies_every_receipt(files: Site) -> None:
    """Whoever said it, the program proves each entry and tells a forced key."""
    for index in range(WORLD.size):
        said = run(files, WORLD.receipt(index), 0).stdout
        assert said.splitlines()[-1].startswith(f"entry {index} of log.example")
        assert ("forced" in said) == (index in FORCED)


EXTRA = WORLD.receipt_extra(5)
BETA: dict[str, Any] = {"key_statement": WORLD.leaves[8], "key_statement_path": WORLD.inclusion(8)}
CHANGES: dict[str, dict[str, Any]] = {
    "another leaf": {"leaf": WORLD.leaves[4]},
    "another opening": {"log_opened": WORLD.leaves[1]},
    "a key statement elsewhere": {"key_statement_index": 2},
    "a later key statement of another source": {**BETA, "key_statement_index": 8},
    "no key statement": {
        "key_statement": WORLD.leaves[2],
        "key_statement_index": 2,
        "key_statement_path": WORLD.inclusion(2),
    },
    "another predecessor": {"previous": bytes(32)},
    "another first sequence": {"first_sequence": EXTRA.first_sequence + 1},
    "another count": {"count": EXTRA.count + 1},
    "another path in the batch": {"batch_path": WORLD.receipt_extra(4).batch_path},
}
PATH, NOTE = WORLD.inclusion(5), WORLD.checkpoint()
WRONG = {
    **{why: format_receipt(5, PATH, NOTE, replace(EXTRA, **changes)) for why, changes in CHANGES.items()},
    "another index": format_receipt(4, PATH, NOTE, EXTRA),
    "a cut path": format_receipt(5, PATH[:-1], NOTE, EXTRA),
    "a changed root": WORLD.receipt(5).replace(f"\n{WORLD.size}\n".encode(), f"\n{WORLD.size + 1}\n".encode()),
    "another log's signature": WORLD.receipt(5).replace("— log.example".encode(), "— gol.example".encode()),
}


@pytest.mark.parametrize("receipt", WRONG.values(), ids=WRONG)
def test_the_program_refuses_what_is_wrong(receipt: bytes, files: Site) -> None:
    """A receipt with anything else in place of one of its parts proves nothing."""
    assert receipt != WORLD.receipt(5)
    assert run(files, receipt, 1).stdout == ""
