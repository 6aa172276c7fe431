"""``ledger verify`` proves offline, and says what it did not: 0 proven, 1 disproven, 2 could not be checked."""

from pathlib import Path

import pytest

from ledger.cli.verify import ALONE, COSIGNED
from ledger.client import keyfile
from ledger.core.checkpoint import cosign, open_checkpoint
from ledger.core.note import Note, VKey
from tests.cli.commands import Ran, Site
from tests.cli.conftest import Standing

WITNESSES = ("one.example/witness", "two.example/witness")
OTHER_LOG = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"


@pytest.fixture(scope="module")
def files(standing: Standing) -> Site:
    """Put a receipt, a checkpoint, cosigned checkpoints and witness policies into the directory."""
    here = standing.here
    here.path("a.receipt").write_bytes(here.path("receipts/alpha-1.tlog-proof").read_bytes())
    here.path("a.checkpoint").write_text(here.call("ledger", "checkpoint", "-p", standing.public).stdout)
    vkey = VKey.parse(here.path("led/log.vkey").read_text().strip())
    vkeys = []
    signed = open_checkpoint(here.path("a.checkpoint").read_bytes(), vkey)
    lines = signed.note.signatures
    for number, name in enumerate(WITNESSES, start=1):
        file = f"witness-{number}.key"
        (facts,) = here.call("ledger", "keygen", "witness", "--name", name, "-o", file, "--json").objects
        vkeys.append(facts["vkey"])
        lines += (cosign(signed.checkpoint, 1_800_000_000, keyfile.load(here.path(file)).signing_key()),)
        here.path(f"cosigned-{number}").write_bytes(Note(signed.note.text, lines).format())
    members = "".join(f"witness w{n} {key}\n" for n, key in enumerate(vkeys, start=1))
    for quorum in ("any", "all"):
        here.path(f"{quorum}.policy").write_text(f"log {vkey.format()}\n{members}group g {quorum} w1 w2\nquorum g\n")
    here.path("none.policy").write_text("quorum none\n")
    here.path("junk.policy").write_text("quorum nobody\n")
    return here


def _verify(here: Site, *words: object, code: int | None) -> Ran:
    return here.call("ledger", "verify", *words, "--log", "led/log.vkey", code=code)


def test_a_receipt_is_proven_in_words(files: Site) -> None:
    """A valid receipt ends with 0 and says what it proves, and what it does not without a witness policy."""
    ran = files.run("ledger", "verify", "a.receipt", "--log", files.path("led/log.vkey").read_text().strip())
    assert ran.stdout.startswith("a.receipt: a valid receipt\nproven:\n")
    assert ALONE in ran.stdout
    assert "source alpha signed it as number 1 of its chain, a DISCLOSURE" in ran.stdout
    assert "not proven by this file:\n  - that the key was still current" in ran.stdout
    assert ran.stderr == ""


def test_a_receipt_is_proven_for_programs(files: Site) -> None:
    """``--json`` gives the verdict, the facts of the entry and the sentences, one object a file."""
    receipt, checkpoint = _verify(files, "a.receipt", "a.checkpoint", "--json", code=0).objects
    assert (receipt["verdict"], receipt["kind"], receipt["cosigned"], receipt["forced_key"]) == (
        "proven",
        "receipt",
        False,
        False,
    )
    assert (receipt["source"], receipt["sequence"], receipt["log_id"]) == ("alpha", 1, files.log_id)
    assert (checkpoint["kind"], checkpoint["origin"]) == ("checkpoint", "log.example/commands")
    assert receipt["proven"]
    assert checkpoint["not_proven"]


CASES = {
    "a checkpoint": (["a.checkpoint"], 0, "a valid checkpoint"),
    "two files, briefly": (["a.receipt", "a.checkpoint"], 0, f"a.receipt: entry 4 is {ALONE}\na.checkpoint: the log"),
    "one witness of any": (
        ["cosigned-1", "--policy", "any.policy"],
        0,
        "a quorum of witnesses found it consistent with all they saw before, at 2027-01-15 08:00:00 UTC",
    ),
    "two witnesses of all": (
        ["cosigned-2", "--policy", "all.policy"],
        0,
        "a quorum of witnesses found it consistent with all they saw before, at 2027-01-15 08:00:00 UTC",
    ),
    "one witness of all": (["cosigned-1", "--policy", "all.policy"], 1, "NOT VALID: "),
    "no witness": (["a.checkpoint", "--policy", "any.policy"], 1, "NOT VALID: "),
    "no witness of a receipt": (["a.receipt", "--policy", "any.policy"], 1, "NOT VALID: "),
    "a policy that asks for nobody": (["a.receipt", "--policy", "none.policy"], 2, "its quorum is none"),
    "a policy that is none": (["a.receipt", "--policy", "junk.policy"], 2, "policy quorum: names what no earlier line"),
    "a policy that is missing": (["a.receipt", "--policy", "no"], 2, "no: No such file or directory"),
    "a missing file": (["no"], 2, "no: could not be checked: No such file or directory"),
    "a folder": (["receipts"], 2, "receipts: could not be checked: Is a directory"),
    "another file": (["alpha.key"], 1, "alpha.key: NOT VALID: "),
    "a file without end": (["/dev/zero"], 1, "/dev/zero: NOT VALID: file: longer than 4194304 bytes"),
    "a missing file beside a valid one": (["a.receipt", "no"], 2, "no: could not be checked"),
    "another file beside a missing one": (["no", "alpha.key", "a.receipt"], 1, "a.receipt: entry 4"),
}


@pytest.mark.parametrize(("words", "code", "said"), CASES.values(), ids=CASES)
def test_the_worst_of_all_files_decides(words: list[str], code: int, said: str, files: Site) -> None:
    """Each file is told of; one disproven gives 1, else one that could not be checked gives 2."""
    ran = _verify(files, *words, code=code)
    assert said in ran.stdout + ran.stderr


def test_a_cosigned_receipt_says_so(files: Site) -> None:
    """A receipt whose checkpoint carries the quorum's cosignatures is in the log under the witness policy."""
    receipt = files.path("a.receipt").read_bytes()
    head, _, tail = receipt.partition(b"\n\n")
    vkey = VKey.parse(files.path("led/log.vkey").read_text().strip())
    signed = open_checkpoint(tail, vkey)
    witness = keyfile.load(files.path("witness-1.key")).signing_key()
    note = Note(signed.note.text, (*signed.note.signatures, cosign(signed.checkpoint, 1_800_000_000, witness)))
    files.path("cosigned.receipt").write_bytes(head + b"\n\n" + note.format())
    assert COSIGNED in _verify(files, "cosigned.receipt", "--policy", "any.policy", code=0).stdout
    (facts,) = _verify(files, "cosigned.receipt", "--policy", "any.policy", "--json", code=0).objects
    assert (facts["cosigned"], facts["quorum_time"]) == (True, "2027-01-15 08:00:00 UTC")


def test_refusals_are_told_to_programs(files: Site) -> None:
    """``--json`` says disproven or unchecked, with the reason, and the facts of no refused file."""
    missing, other = _verify(files, "no", "alpha.key", "--json", code=1).objects
    assert missing == {"file": "no", "verdict": "unchecked", "reason": "No such file or directory"}
    assert (other["verdict"], set(other)) == ("disproven", {"file", "verdict", "reason"})


@pytest.mark.parametrize(("name", "policy"), [("a.receipt", ()), ("cosigned-2", ("--policy", "all.policy"))])
def test_no_changed_byte_is_proven(name: str, policy: tuple[str, ...], files: Site, tmp_path: Path) -> None:
    """A file with one byte changed, wherever it is, or cut short is never proven."""
    data = files.path(name).read_bytes()
    changed = tmp_path / "changed"
    texts = [data[:place] + bytes((data[place] ^ 1,)) + data[place + 1 :] for place in range(0, len(data), 19)]
    texts += [data[:length] for length in range(0, len(data), 41)]
    for text in texts:
        changed.write_bytes(text)
        assert _verify(files, changed, *policy, code=None).stdout == ""


def test_a_changed_signature_is_disproven(files: Site) -> None:
    """One byte changed in the log's own signature ends with 1 and the word that it is not valid."""
    data = files.path("a.receipt").read_text()
    files.path("changed").write_text(data[:-8] + ("A" if data[-8] != "A" else "B") + data[-7:])
    assert _verify(files, "changed", code=1).stderr.startswith("changed: NOT VALID: ")


LOGS = {
    "another log's key": (OTHER_LOG, 1, "a.receipt: NOT VALID: "),
    "what is no key": ("junk", 2, "error: "),
    "an empty text": ("", 2, "error: "),
    "a file that holds none": ("none.policy", 2, "error: "),
    "a file that is not text": ("binary", 2, "error: "),
}


@pytest.mark.parametrize(("log", "code", "said"), LOGS.values(), ids=LOGS)
def test_only_the_logs_own_key_proves(log: str, code: int, said: str, files: Site) -> None:
    """Under another key a receipt is not valid; what is no verifier key checks nothing."""
    files.path("binary").write_bytes(b"\xff\xfe")
    ran = files.call("ledger", "verify", "a.receipt", "--log", log, code=code)
    assert ran.stderr.startswith(said)
    assert ran.stdout == ""
