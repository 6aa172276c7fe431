"""When the ledger anchors: some time after the latest ANCHOR if there was traffic, else later (protocol §9)."""

from dataclasses import dataclass

from ledger.engine.sequencer import View


@dataclass(frozen=True, slots=True)
class Intervals:
    """Minutes from one ANCHOR to the next: with other entries in between, and without."""

    busy: int
    idle: int


def due_minute(view: View, intervals: Intervals) -> int | None:
    """Return the minute from which on ``view.cosigned`` is to be anchored, None while there is nothing to anchor."""
    anchored = view.governing.anchored
    if view.cosigned is None or view.cosigned.size <= anchored.size:
        return None
    traffic = view.size > anchored.index + 1
    return anchored.recorded_at + (intervals.busy if traffic else intervals.idle)
