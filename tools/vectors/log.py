"""The small log whole: leaves, hashes, a root and a checkpoint at each size."""

from collections.abc import Sequence

from ledger.core.chain import LogState
from ledger.core.checkpoint import Checkpoint, sign_checkpoint
from ledger.core.encoding import Hash
from ledger.core.merkle import tree_root
from vectors import seeds
from vectors.history import history
from vectors.plain import Json, case


def log() -> Json:
    """Return the log, and for some sizes a batch that must not follow."""
    entries = history()
    hashes = entries.leaf_hashes
    return {
        "description": [
            (
                "leaf_hashes: SHA-256(00 ‖ leaf); the first is log_id. roots[n] and checkpoints[n]: of the first n "
                "leaves, at 0 of the empty tree; each checkpoint is a signed note under vkey."
            ),
            (
                "Replay: a batch ends with a leaf that has a seal. Verify each seal (batches.json) under the latest "
                "key statement of its source at a lower index, then of each ledger body its number, inner signatures "
                "and approvals (inner.json), and apply it."
            ),
            (
                "ended: what the leaves add up to: of each source its keys, key statement, next sequence, last "
                "recorded_at and previous, whether its key was forced and whether it is revoked; of each auditor its "
                "key id, index, and whether it was removed."
            ),
            (
                "A batch continues its source's sequence, and its time does not run backwards; sealed_keys_digest is "
                "zeros exactly where it has no DISCLOSURE. Sources say DISCLOSURE without embargo and late_for; the "
                "ledger says SOURCE_ENROLLED, SOURCE_KEY_CHANGED, SOURCE_REVOKED, AUDITOR_ADDED, AUDITOR_REMOVED, "
                "ANCHOR and POLICY_CHANGED; no other body is admitted yet."
            ),
            (
                "An ANCHOR's note is of this origin and signed under vkey; its size is at most the ANCHOR's own index, "
                "and more than that of the ANCHOR before."
            ),
            (
                "Governance numbers are gapless from 1, approved as the latest LOG_OPENED or POLICY_CHANGED asks: by "
                "the count of the threshold for the body's field, or else of that for 0. No source id and no key, an "
                "auditor's included, comes twice; a key change names the current key statement and the same service; "
                "who is removed was added with the same name and keys; final_sequence is the source's next sequence."
            ),
            "refused: statements that must not be the next batch of the log of the first size leaves.",
        ],
        "origin": seeds.ORIGIN,
        "vkey": seeds.LOG_KEY.vkey().format(),
        "log_id": entries.state.log_id.hex(),
        "leaves": [leaf.hex() for leaf in entries.leaves],
        "leaf_hashes": [hashed.hex() for hashed in hashes],
        "roots": [tree_root(hashes[:size]).hex() for size in range(len(hashes) + 1)],
        "checkpoints": [checkpoint(hashes[:size]).decode() for size in range(len(hashes) + 1)],
        "ended": _ended(entries.state),
    }


def checkpoint(hashes: Sequence[Hash]) -> bytes:
    """Return the log's checkpoint over leaves with these hashes."""
    signed = sign_checkpoint(Checkpoint(seeds.ORIGIN, len(hashes), tree_root(hashes)), seeds.LOG_KEY)
    return signed.note.format()


def _ended(state: LogState) -> Json:
    sources = [
        case(
            source.source_id,
            keys=source.keys,
            key_statement=source.key_statement,
            forced=source.forced,
            revoked=source.revoked,
            next_sequence=source.next_sequence,
            recorded_at=source.recorded_at,
            previous=source.previous,
        )
        for source in state.sources.values()
    ]
    auditors = [
        case(auditor.name, key_id=auditor.key_id, index=auditor.index, removed=auditor.removed)
        for auditor in state.auditors.values()
    ]
    return {"next_number": state.governing.next_number, "sources": sources, "auditors": auditors}
