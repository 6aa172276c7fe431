"""What becomes of an entry: delivered, corrected, its embargo extended or lifted, erased (protocol §4)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Optional

from tests.vectors import leaves
from tests.vectors.basics import require
from tests.vectors.batches import check_approvals
from tests.vectors.wire import Message

PAYLOADS = ("DISCLOSURE", "DELIVERY", "CORRECTION", "EMBARGO_EXTENDED")
FOLLOWING = ("DELIVERY", "CORRECTION", "EMBARGO_LIFTED", "EMBARGO_EXTENDED", "ERASURE")


@dataclass(slots=True)
class Life:
    """An entry with what was said of it: ``until`` is 0 without an embargo, an index 0 for what nobody said."""

    index: int
    leaf_hash: bytes
    name: str
    body: Message
    of: Optional["Life"]
    until: int = 0
    extensions: int = 0
    lifted: int = 0
    delivery: int = 0
    erased: int = 0

    @property
    def embargoed(self) -> bool:
        """Whether it is under embargo."""
        return self.until > 0 and self.lifted == 0


@dataclass(slots=True)
class Lives:
    """The entries of a log by source and sequence."""

    log_id: bytes
    entries: dict[tuple[str, int], Life] = field(default_factory=dict)

    def take(self, statement: Message, index: int, hashed: bytes, officers: Sequence[Message], threshold: int) -> None:
        """Go on behind a statement, whose source has these officers; raise Disproven if it may not be said."""
        name, body = leaves.said(statement)
        target = self._target(statement["source_id"], body) if name in FOLLOWING else None
        own = Life(index, hashed, name, body, target)
        match name:
            case "DISCLOSURE" if body["embargo"] is not None:
                own.until = body["embargo"]["until"]
            case "DELIVERY":
                _deliver(_known(target), index)
            case "CORRECTION":
                _correct(own, _known(target))
            case "EMBARGO_LIFTED":
                _lift(_known(target), index)
            case "EMBARGO_EXTENDED":
                _extend(body, _known(target))
                asked = max(1, threshold) if body["number"] >= 3 else 0
                check_approvals(self.log_id, 37, body, officers, asked, statement["source_id"])
            case "ERASURE":
                _erase(_known(target), index)
        self.entries[statement["source_id"], statement["sequence"]] = own

    def _target(self, source_id: str, body: Message) -> Life:
        place = body.get("source_id", source_id), body["target"]["sequence"]
        require(place in self.entries, "target")
        found = self.entries[place]
        require(found.leaf_hash == body["target"]["leaf_hash"], "leaf hash of the target")
        return found


def _known(target: Life | None) -> Life:
    assert target is not None
    return target


def _deliver(target: Life, index: int) -> None:
    require(target.name == "DISCLOSURE", "delivery of no disclosure")
    part = target.body["part"]
    require(part is None or part["index"] == 0, "delivery of a later part")
    require(target.delivery == 0, "delivered already")
    target.delivery = index


def _correct(own: Life, target: Life) -> None:
    require(target.name in ("DISCLOSURE", "DELIVERY", "EMBARGO_EXTENDED"), "correction of something else")
    require(target.erased == 0, "correction of what was erased")
    require((target.name == "DISCLOSURE") == (own.body["keys_root"] != b""), "keys_root")
    own.until = target.until if target.embargoed else 0


def _lift(target: Life, index: int) -> None:
    require(target.embargoed, "no embargo")
    require(target.of is None or not target.of.embargoed, "the disclosure is lifted first")
    target.lifted = index


def _extend(body: Message, target: Life) -> None:
    require(target.name == "DISCLOSURE" and target.embargoed, "no disclosure under embargo")
    require(body["number"] == target.extensions + 1, "number")
    require(1 <= body["until"] - target.until <= 36, "until")
    target.until, target.extensions = body["until"], body["number"]


def _erase(target: Life, index: int) -> None:
    require(target.name in PAYLOADS, "no payload")
    require(target.erased == 0, "erased already")
    held: Life | None = target
    while held is not None:
        require(not held.embargoed, "under embargo")
        held = held.of
    target.erased = index
