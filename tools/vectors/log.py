"""The small log whole: leaves, hashes, a root and a checkpoint at each size."""

from collections.abc import Sequence
from typing import Final

from ledger.core.bodies import Period
from ledger.core.chain import LogState
from ledger.core.checkpoint import Checkpoint, sign_checkpoint
from ledger.core.encoding import Hash
from ledger.core.merkle import tree_root
from ledger.core.periods import period_end, period_name, period_start
from ledger.core.rules import LEDGER, MAX_MINUTE
from ledger.core.statement import decode_leaf
from vectors import seeds
from vectors.closing import closed
from vectors.history import History
from vectors.plain import Json, case

_MINUTES: Final = (
    (29_979_359, Period.DAY),
    (29_979_360, Period.DAY),
    (5_759, Period.WEEK),
    (5_760, Period.WEEK),
    (29_983_679, Period.WEEK),
    (29_983_680, Period.WEEK),
    (MAX_MINUTE, Period.WEEK),
    (29_979_359, Period.MONTH),
    (30_591_359, Period.MONTH),
    (30_591_360, Period.MONTH),
    (MAX_MINUTE, Period.MONTH),
)
"""Around the ends of the first week, of a week 53, of a year, of a February with 29 days, and of all time."""
_TOLD: Final = ("until", "extensions", "lifted", "delivery", "erased")


def log() -> Json:
    """Return the log, and for some sizes a batch that must not follow."""
    entries = closed()
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
                "recorded_at and previous, whether its key was forced and whether it is revoked, and its book; of each "
                "auditor its key id, index, and whether it was removed; of each entry that is under embargo, or was, "
                "or of which others said something: index, month until which its embargo holds (0: none), how often "
                "that was extended, and the indexes of its EMBARGO_LIFTED, DELIVERY and ERASURE (0: none)."
            ),
            (
                "book: the source's closing period, the start minutes of the period of its enrolment (began) and of "
                "the one to close next (start), the first sequence of that one, and the leaf hash of the latest "
                "CLOSING, or zeros. tallies: of each period that is not closed and in which something was said its "
                "start minute, its first sequence, and what a CLOSING would count. The ledger closes nothing."
            ),
            "periods: start minute, and end minute (exclusive), of the period in which a minute lies.",
            (
                "A batch continues its source's sequence, and its time does not run backwards; sealed_keys_digest is "
                "zeros exactly where nothing in it has a payload (DISCLOSURE, DELIVERY, CORRECTION, EMBARGO_EXTENDED). "
                "MAP_EPOCH, CHALLENGE, CHALLENGE_ANSWER, KEY_CHANGED, FROZEN, THAWED and LOG_CLOSED are not admitted "
                "yet."
            ),
            (
                "A target is an earlier statement of the same source (of an ERASURE, of the source that it names), in "
                "the same batch or before, with this leaf hash. What may be said of it is in docs/protocol.md (§4); "
                "officers are those of the source's current key statement. Leaves do not tell what lookup keys "
                "travelled."
            ),
            (
                "An AUDIT_REPORT is by an auditor who was added and not removed, its end at most its own index; it has "
                "neither number nor approvals."
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
        "ended": {**_ended(entries.state), "entries": _lives(entries)},
        "periods": [_period(minute, period) for minute, period in _MINUTES],
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
            book=None if source.source_id == LEDGER else source.book,
        )
        for source in state.sources.values()
    ]
    auditors = [
        case(auditor.name, key_id=auditor.key_id, index=auditor.index, removed=auditor.removed)
        for auditor in state.auditors.values()
    ]
    return {"next_number": state.governing.next_number, "sources": sources, "auditors": auditors}


def _period(minute: int, period: Period) -> Json:
    start = period_start(minute, period)
    return case(period_name(start, period), period=period, minute=minute, start=start, end=period_end(start, period))


def _lives(log: History) -> list[Json]:
    """Return what has become of the entries of which more is known than their own leaf says, in their order."""
    said = [decode_leaf(leaf).statement for leaf in log.leaves]
    found = [log.lives.find(statement.source_id, statement.sequence) for statement in said]
    return [
        {"index": life.index, **{name: getattr(life, name) for name in _TOLD}}
        for life in found
        if life is not None and any(life.told)
    ]
