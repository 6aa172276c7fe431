"""``ledger verify``: offline, with nothing but the file, the log's verifier key and perhaps the witness policy."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ledger.core.checkpoint import SignedCheckpoint, open_checkpoint
from ledger.core.errors import VerificationFailed
from ledger.core.note import VKey
from ledger.core.policy import Policy, verify_quorum
from ledger.core.receipt import VerifiedReceipt, verify_receipt
from ledger.core.statement import body_name
from ledger.core.tlogproof import HEADER

ALONE = "in the log as its operator signed it; not shown that others see the same log"
COSIGNED = "in the log, under a checkpoint that satisfies the witness policy"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a file proves: facts by name, and the sentences a person reads."""

    kind: str
    facts: dict[str, Any]
    proven: tuple[str, ...]
    open: tuple[str, ...]


def verify_file(path: Path, log: VKey, origin: str | None, policy: Policy | None) -> Verdict:
    """Return what the receipt or checkpoint at ``path`` proves; raise as the verifiers do."""
    data = path.read_bytes()
    if data.startswith(HEADER.encode()):
        return _receipt(verify_receipt(data, log, origin), policy)
    return _checkpoint(open_checkpoint(data, log, origin), policy)


def _quorum(signed: SignedCheckpoint, policy: Policy | None) -> bool:
    if policy is None:
        return False
    verify_quorum(signed, policy)
    return True


def _checkpoint(signed: SignedCheckpoint, policy: Policy | None) -> Verdict:
    cosigned = _quorum(signed, policy)
    checkpoint = signed.checkpoint
    facts = {"origin": checkpoint.origin, "tree_size": checkpoint.size, "root": checkpoint.root.hex()}
    proven = [f"the log {checkpoint.origin} signed this tree of {checkpoint.size} entries"]
    unproven = ["that any entry is in it: a receipt shows that"]
    if cosigned:
        proven.append("the quorum of witnesses saw it as consistent with all they saw before")
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
        "cosigned": cosigned,
    }
    proven = [
        f"entry {receipt.index} is {COSIGNED if cosigned else ALONE}",
        f"source {statement.source_id} signed it as number {statement.sequence} of its chain, a {facts['body']}",
        f"the ledger had enrolled the key it is signed with; the source dates it {when}",
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


def load_log(text: str) -> VKey:
    """Return the verifier key in ``text``, or in the file it names."""
    if "+" not in text and Path(text).is_file():
        text = Path(text).read_text().strip()
    return VKey.parse(text)


def load_policy(path: Path | None) -> Policy | None:
    """Return the witness policy at ``path``; raise VerificationFailed if it asks for nobody."""
    if path is None:
        return None
    policy = Policy.parse(path.read_bytes())
    if policy.quorum is None:
        raise VerificationFailed("policy: its quorum is none, so it shows nothing")
    return policy
