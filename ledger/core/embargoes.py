"""Embargoes as everyone sees them, from leaves alone: until when, how often prolonged, lifted in time or overdue.

A fold over statements in index order. Whether something was in time is judged by its effective time, the later of what
its source dates it and what witnesses saw before it (protocol §9), so that nothing is dated back past an ANCHOR.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ledger.core import bodies
from ledger.core.checkpoint import open_checkpoint
from ledger.core.encoding import Hash
from ledger.core.errors import LedgerError
from ledger.core.life import Place, target_of
from ledger.core.note import VKey
from ledger.core.policy import Policy, quorum_time, verify_quorum
from ledger.core.rules import month_of
from ledger.core.statement import Statement


@dataclass(frozen=True, slots=True)
class EmbargoState:
    """One embargo: ``until`` is the month it ends, as last extended; ``lifted`` the index of the lift, 0 for none.

    ``late`` says that a lift or an extension came once it was overdue, which no later statement mends. ``corrections``
    inherited it and are not lifted: until they are it is open, for their keys are no less withheld.
    """

    index: int
    source_id: str
    sequence: int
    leaf_hash: Hash
    recorded_at: int
    until: int
    extensions: int = 0
    lifted: int = 0
    late: bool = False
    corrections: tuple[bodies.Target, ...] = ()

    @property
    def open(self) -> bool:
        """Whether anything of it is still withheld."""
        return not self.lifted or bool(self.corrections)

    def overdue(self, month: int) -> bool:
        """Whether it is open past its end in ``month``, or was once."""
        return self.late or (self.open and month >= self.until)


class EffectiveTime:
    """What witnesses' time is at a place of the log: that of the ANCHORs before it, under one witness policy."""

    def __init__(self, log: VKey, policy: Policy | None) -> None:
        self._log, self._policy = log, policy
        self.minute = 0
        """That of the ANCHORs so far, 0 before the first one that proves something."""

    def of(self, statement: Statement) -> int:
        """Return the effective minute of the next statement, and take in what an ANCHOR says for those after it."""
        minute = max(statement.recorded_at, self.minute)
        if isinstance(statement.body, bodies.Anchor):
            self.minute = max(self.minute, self.anchored(statement.body)[1])
        return minute

    def anchored(self, body: bodies.Anchor) -> tuple[int, int]:
        """Return size and minute that an ANCHOR's quorum vouches for, zeros for one that proves nothing here."""
        if self._policy is None:
            return 0, 0
        try:
            signed = open_checkpoint(body.checkpoint, self._log, self._log.name)
            time = quorum_time(verify_quorum(signed, self._policy).timestamps, self._policy)
        except LedgerError:
            return 0, 0
        return (0, 0) if time is None else (signed.checkpoint.size, time // 60)


class Embargoes:
    """The embargoes of a log, of its leaves so far."""

    def __init__(self, time: EffectiveTime, states: Iterable[EmbargoState] = ()) -> None:
        self._time = time
        self._states: dict[Place, EmbargoState] = {(state.source_id, state.sequence): state for state in states}
        self._inherited: dict[Place, Place] = {
            (place[0], item.sequence): place for place, state in self._states.items() for item in state.corrections
        }

    def take(self, index: int, leaf_hash: Hash, statement: Statement) -> None:
        """Take the next statement; those that refer to no embargo, or to another entry's bytes, change nothing."""
        minute, body = self._time.of(statement), statement.body
        place = (statement.source_id, statement.sequence)
        if isinstance(body, bodies.Disclosure) and body.embargo is not None:
            self._states[place] = EmbargoState(index, *place, leaf_hash, statement.recorded_at, body.embargo.until)
            return
        named = target_of(statement)
        if named is None:
            return
        first = self._inherited.get(named[0], named[0])
        state = self._states.get(first)
        if state is None:
            return
        late = state.late or month_of(minute) >= state.until
        if first != named[0]:
            left = tuple([item for item in state.corrections if item != named[1]])
            if isinstance(body, bodies.EmbargoLifted) and left != state.corrections:
                self._states[first] = replace(state, corrections=left, late=late)
            return
        if state.leaf_hash != named[1].leaf_hash or state.lifted:
            return
        match body:
            case bodies.EmbargoLifted():
                self._states[first] = replace(state, lifted=index, late=late)
            case bodies.EmbargoExtended():
                self._states[first] = replace(state, until=body.until, extensions=body.number, late=late)
            case bodies.Correction():
                own = bodies.Target(statement.sequence, leaf_hash)
                self._states[first] = replace(state, corrections=(*state.corrections, own))
                self._inherited[place] = first
            case _:
                pass

    @property
    def states(self) -> Iterable[EmbargoState]:
        """All of them, in index order."""
        return self._states.values()
