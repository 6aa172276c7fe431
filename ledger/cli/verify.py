"""``ledger verify``: offline, with nothing but the file, the log's verifier key and perhaps the witness policy.

Evidence that a log signed two histories needs no key beside its own.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from ledger.cli.evidence import (
    Evidence,
    evidence_facts,
    evidence_lines,
    evidence_sentence,
    is_evidence,
    open_evidence,
    read_evidence,
)
from ledger.cli.options import JsonOption
from ledger.cli.outcome import DISPROVEN, PROVEN, UNCHECKED, command, emit, printable, say
from ledger.core import opened
from ledger.core.canonical_json import encode_json
from ledger.core.checkpoint import SignedCheckpoint, open_checkpoint
from ledger.core.errors import ConfigInvalid, InvalidInput, LedgerError, VerificationFailed
from ledger.core.note import VKey
from ledger.core.opened import VerifiedFields, verify_fields
from ledger.core.policy import Policy, quorum_time, verify_quorum
from ledger.core.receipt import VerifiedReceipt, verify_receipt
from ledger.core.statement import body_name
from ledger.core.tlogproof import HEADER

ALONE = "in the log as its operator signed it; not shown that others see the same log"
COSIGNED = "in the log, under a checkpoint that satisfies the witness policy"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a file proves: facts by name, the sentences a person reads, and a line for each field that it opens."""

    kind: str
    facts: dict[str, Any]
    proven: tuple[str, ...]
    open: tuple[str, ...]
    fields: tuple[str, ...] = ()


def verify_file(path: Path, log: VKey | None, policy: Policy | None) -> Verdict | Evidence:
    """Return what the receipt, opening, checkpoint or evidence at ``path`` proves; raise as the verifiers do."""
    data = read_evidence(path)
    if is_evidence(data):
        return open_evidence(data, log)
    if log is None:
        raise ConfigInvalid(["--log: missing; only evidence of two histories brings its own key"])
    if data.startswith(opened.HEADER.encode()):
        return _fields(verify_fields(data, log), policy)
    if data.startswith(HEADER.encode()):
        return _receipt(verify_receipt(data, log), policy)
    return _checkpoint(open_checkpoint(data, log), policy)


def _quorum(signed: SignedCheckpoint, policy: Policy | None) -> str | None:
    """Return the quorum time (protocol §9) in words, None without a policy; raise unless its quorum cosigned."""
    if policy is None:
        return None
    time = quorum_time(verify_quorum(signed, policy).timestamps, policy)
    return None if time is None else _utc(time)


def _utc(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _checkpoint(signed: SignedCheckpoint, policy: Policy | None) -> Verdict:
    cosigned = _quorum(signed, policy)
    checkpoint = signed.checkpoint
    facts = {"origin": checkpoint.origin, "tree_size": checkpoint.size, "root": checkpoint.root.hex()}
    facts |= {"cosigned": cosigned is not None, "quorum_time": cosigned}
    proven = [f"the log {checkpoint.origin} signed this tree of {checkpoint.size} entries"]
    unproven = ["that any entry is in it: a receipt shows that"]
    if cosigned:
        proven.append(f"a quorum of witnesses found it consistent with all they saw before, at {cosigned} or later")
    else:
        unproven.append("that others see the same log: give the witness policy with --policy")
    return Verdict("checkpoint", facts, tuple(proven), tuple(unproven))


def _receipt(receipt: VerifiedReceipt, policy: Policy | None) -> Verdict:
    cosigned = _quorum(receipt.checkpoint, policy)
    statement = receipt.statement
    when = datetime.fromtimestamp(statement.recorded_at * 60, UTC).strftime("%Y-%m-%d %H:%M UTC")
    facts = {
        "index": receipt.index,
        "leaf_hash": receipt.leaf_hash.hex(),
        "log_id": receipt.log_id.hex(),
        "source": statement.source_id,
        "sequence": statement.sequence,
        "body": body_name(type(statement.body)),
        "recorded_at": when,
        "tree_size": receipt.checkpoint.checkpoint.size,
        "forced_key": receipt.forced,
        "cosigned": cosigned is not None,
        "quorum_time": cosigned,
    }
    proven = [
        f"entry {receipt.index} is {COSIGNED if cosigned else ALONE}",
        f"source {statement.source_id} signed it as number {statement.sequence} of its chain, a {facts['body']}",
        f"the ledger had enrolled the key it is signed with; the source dates it {when}",
        *([f"a quorum of witnesses cosigned the tree at {cosigned} or later"] if cosigned else []),
    ]
    unproven = [
        "that the key was still current: a monitor shows that",
        "whom it concerns, and that what the record says is true: auditors open and sample it",
    ]
    if receipt.forced:
        unproven.insert(0, "that the source agreed to its key: the key change was FORCED, without the old key")
    if receipt.log_key_changed:
        unproven.insert(0, "that the log key is the one the log opened with: it was changed since")
    return Verdict("receipt", facts, tuple(proven), tuple(unproven))


def _fields(found: VerifiedFields, policy: Policy | None) -> Verdict:
    entry = _receipt(found.receipt, policy)
    source = found.receipt.statement.source_id
    values = {field.name: field.value for field in found.fields}
    said = [f"{name}: {'absent' if value is None else _as_text(value)}" for name, value in values.items()]
    proven = (*entry.proven, f"source {source} signed this entry and committed to exactly these values in it")
    *unproven, _ = entry.open  # the last is about a record that nobody opened
    unproven.append("whether other fields are present, whom it concerns, and that what is said is true")
    unproven.append("whether a later entry corrects it: `ledger history` shows that")
    return Verdict("opening", {"fields": values, **entry.facts}, proven, tuple(unproven), tuple(said))


def _as_text(value: object) -> str:
    """Return a value as JSON on a line that steers no terminal."""
    return printable(encode_json(value).decode())


def load_log(text: str) -> VKey:
    """Return the verifier key in ``text``, or in the file it names."""
    if "+" not in text and Path(text).is_file():
        text = Path(text).read_bytes().decode("utf-8", "replace").strip()
    return VKey.parse(text)


def load_policy(path: Path | None) -> Policy | None:
    """Return the witness policy at ``path``; raise ConfigInvalid if it asks for nobody."""
    if path is None:
        return None
    policy = Policy.parse(path.read_bytes())
    if policy.quorum is None:
        raise ConfigInvalid(["policy: its quorum is none, so it shows nothing"])
    return policy


def verify(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Receipts, opened fields, checkpoints, evidence.")
    ],
    log: Annotated[str | None, typer.Option("--log", help="The log's verifier key, or a file that holds it.")] = None,
    policy: Annotated[Path | None, typer.Option(help="Witness policy (tlog-policy): its quorum is required.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Verify offline, and say in words what is proven and what is not."""
    with command():
        vkey, quorum = None if log is None else load_log(log), load_policy(policy)
        worst = PROVEN
        for path in files:
            try:
                verdict = verify_file(path, vkey, quorum)
            except (LedgerError, OSError) as error:
                code = DISPROVEN if isinstance(error, InvalidInput | VerificationFailed) else UNCHECKED
                _refused(path, error, code, as_json)
            else:
                code = _told(path, verdict, as_json, brief=len(files) > 1)
            worst = DISPROVEN if DISPROVEN in (worst, code) else max(worst, code)
        raise typer.Exit(worst)


def _refused(path: Path, error: LedgerError | OSError, code: int, as_json: bool) -> None:
    words = str(error) if isinstance(error, LedgerError) else error.strerror or type(error).__name__
    if as_json:
        emit({"file": str(path), "verdict": "disproven" if code == DISPROVEN else "unchecked", "reason": words})
    else:
        say(f"{path}: {'NOT VALID' if code == DISPROVEN else 'could not be checked'}: {words}")


def _told(path: Path, verdict: Verdict | Evidence, as_json: bool, brief: bool) -> int:
    """Say what was found and return the exit code that it is worth."""
    if isinstance(verdict, Verdict):
        _proven(path, verdict, as_json, brief)
        return PROVEN
    _convicted(path, verdict, as_json, brief)
    return DISPROVEN


def _convicted(path: Path, proven: Evidence, as_json: bool, brief: bool) -> None:
    if as_json:
        emit({"file": str(path), "verdict": "disproven", **evidence_facts(proven)})
        return
    print(f"{path}: {evidence_sentence(proven)}")
    if not brief:
        print("\n".join(evidence_lines(proven)))


def _proven(path: Path, verdict: Verdict, as_json: bool, brief: bool) -> None:
    lines = [f"  {line}" for line in verdict.fields]
    if as_json:
        facts = {"file": str(path), "verdict": "proven", "kind": verdict.kind, **verdict.facts}
        emit({**facts, "proven": verdict.proven, "not_proven": verdict.open})
    elif brief:
        print("\n".join([f"{path}: {verdict.proven[0]}", *lines]))
    else:
        print("\n".join([f"{path}: a valid {verdict.kind}", *lines]))
        print("\n".join(["proven:", *(f"  + {line}" for line in verdict.proven)]))
        print("\n".join(["not proven by this file:", *(f"  - {line}" for line in verdict.open)]))
