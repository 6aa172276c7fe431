"""What became of each disclosure of a range: the entries that refer to it, in order, and what they come to."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from ledger.audit.payloads import Opened
from ledger.core import bodies
from ledger.core.life import Place, target_of

UNRESOLVED: Final = "unresolved"
_STATES: Final = {bodies.DeliveryResult.DELIVERED: "delivered", bodies.DeliveryResult.ABORTED: "aborted"}


@dataclass(slots=True)
class History:
    """An entry with all that followed it within the range; ``first`` is None where it lies before the range.

    ``until`` is the month its embargo ends, or would have if it was lifted by entry ``lifted``; 0 where there is none.
    """

    place: Place
    first: Opened | None
    followed: list[Opened] = field(default_factory=list)
    until: int = 0
    lifted: int = 0
    delivery: bodies.DeliveryResult | None = None

    def take(self, opened: Opened) -> None:
        """Take what followed next."""
        self.followed.append(opened)
        match opened.entry.statement.body:
            case bodies.Delivery(result=result):
                self.delivery = result
            case bodies.EmbargoExtended(until=until):
                self.until = until
            case bodies.EmbargoLifted(target) if target.sequence == self.place[1]:
                self.lifted = opened.entry.index


class Histories:
    """Groups the entries of a range by the disclosure that they are about, ordered by its place in the range."""

    def __init__(self) -> None:
        self._found: dict[Place, History] = {}
        self._about: dict[Place, Place] = {}

    def take(self, opened: Opened) -> None:
        """Take the next entry of the range."""
        statement = opened.entry.statement
        place, named = (statement.source_id, statement.sequence), target_of(statement)
        if named is None:
            body = statement.body
            embargo = body.embargo if isinstance(body, bodies.Disclosure) else None
            self._found[place] = History(place, opened, until=0 if embargo is None else embargo.until)
            return
        about = self._about.setdefault(place, self._about.get(named[0], named[0]))
        if about not in self._found:
            self._found[about] = History(about, None)
        self._found[about].take(opened)

    def __iter__(self) -> Iterator[History]:
        return iter(self._found.values())

    def state(self, history: History) -> str:
        """Return what became of a disclosure in words, of all its parts as of the first; empty for anything else."""
        body = history.first and history.first.entry.statement.body
        if not isinstance(body, bodies.Disclosure | None):
            return ""
        source_id, sequence = history.place
        if body is not None and body.part is not None:
            history = self._found.get((source_id, sequence - body.part.index), history)
        return UNRESOLVED if history.delivery is None else _STATES[history.delivery]
