"""Every error of the ledger, whose fault it is, and what to do.

    LedgerError
    ├── InvalidInput          the caller's bytes or values break a stated rule: mend them
    ├── Refused               well-formed, but the log's state forbids it
    │   ├── WrongLog          meant for another log: check the profile
    │   ├── UnknownSource     never enrolled, or revoked: ask the operator
    │   ├── KeySuperseded     signed under a key that is no longer current: use the current one
    │   ├── ChainBroken       a gap or another predecessor: continue from the head given
    │   ├── AlreadyLogged     other bytes stand at this sequence: continue from the head given
    │   ├── PolicySuperseded  follows a publication policy that is no longer in force: read the current one
    │   ├── TooFewAuditors    sealed to fewer accredited auditors than the policy asks for
    │   └── Contradicted      a witness cosigned a tree that this log does not have: restore the newest store
    ├── NotAuthenticated      a signature or certificate does not show who speaks
    ├── NotPermitted          known, but the role does not allow this
    ├── BeyondTree            an index or size past the published tree
    ├── Busy                  a bounded queue is full: retry after the time given
    ├── Unavailable           stopping, halted or out of reach: the outcome may be unknown, a retry says which
    │   └── NotStored         what has to be durable cannot be written: make room
    ├── GateShut              no receipt, so nothing was handed over: the message says what to do
    ├── Unresolved            data was handed over or not, and its end is not logged yet: a warning
    ├── VerificationFailed    evidence does not hold: disproven (exit code 1)
    │   └── TwoHistories      what a log signed contradicts itself: the evidence convicts it
    ├── Uncheckable           a version, body or extension this release does not know (exit code 2)
    ├── StoreDamaged          stored bytes contradict each other: stop signing, run fsck
    ├── StoreBehind           the store is older than what was signed: restore, never sign
    ├── Locked                another process holds this state
    └── ConfigInvalid         every mistake of a configuration, at once

No message carries a value from a record: errors name the field and the bound.
"""

from dataclasses import dataclass


class LedgerError(Exception):
    """The root of every error that this package raises on purpose."""


class InvalidInput(LedgerError):
    """Bytes or values break a stated rule; ``field`` names where, the message says which bound."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message

    def __reduce__(self) -> tuple[type["InvalidInput"], tuple[str, str]]:
        """Travel between processes."""
        return type(self), (self.field, self.message)


@dataclass(frozen=True, slots=True)
class Head:
    """Where a source's chain stands: ``next_sequence`` is unused, ``previous`` is 32 bytes (protocol §3)."""

    source_id: str
    next_sequence: int
    previous: bytes
    recorded_at: int
    key_statement: bytes


class Refused(LedgerError):
    """The log's state forbids an otherwise well-formed request."""


class WrongLog(Refused):
    """The request names another log id."""


class UnknownSource(Refused):
    """The source was never enrolled, or was revoked."""


class KeySuperseded(Refused):
    """The key statement named is not the source's current one; ``current`` is its leaf hash."""

    def __init__(self, message: str, current: bytes) -> None:
        super().__init__(message)
        self.current = current


class ChainBroken(Refused):
    """The batch does not continue the source's chain; ``head`` says where it stands."""

    def __init__(self, message: str, head: Head) -> None:
        super().__init__(message)
        self.head = head


class AlreadyLogged(Refused):
    """Other bytes stand at a sequence that this batch uses; ``head`` says where the chain stands."""

    def __init__(self, message: str, head: Head) -> None:
        super().__init__(message)
        self.head = head


class PolicySuperseded(Refused):
    """What a batch makes public is not what the policy in force says."""


class TooFewAuditors(Refused):
    """The batch key is boxed to fewer accredited auditors than ``minimum``, or to an unknown one."""

    def __init__(self, message: str, minimum: int) -> None:
        super().__init__(message)
        self.minimum = minimum


class Contradicted(Refused):
    """A witness cosigned a tree that this log does not have, of ``size`` entries where it says so (0 where not)."""

    def __init__(self, message: str, size: int = 0) -> None:
        super().__init__(message)
        self.size = size


class NotAuthenticated(LedgerError):
    """A signature or certificate does not show who speaks."""


class NotPermitted(LedgerError):
    """The caller is known, but its role does not allow this."""


class BeyondTree(LedgerError):
    """An index or size lies past the published tree."""


class Busy(LedgerError):
    """A bounded queue is full; retry after ``retry_after`` seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(LedgerError):
    """The ledger is stopping, halted or out of reach; a retry says what became of the request."""


class NotStored(Unavailable):
    """What has to be durable before anything else happens cannot be written: make room, then open again."""


class GateShut(LedgerError):
    """A release gate let nobody through; the error before it says why, the message also what to do."""


class Unresolved(LedgerError, Warning):
    """A release is over, but the DELIVERY that says how is not in the log yet. What was handed over stays so."""


class VerificationFailed(LedgerError):
    """Evidence does not hold: what it claims is disproven."""


class TwoHistories(VerificationFailed):
    """A log signed two histories; ``evidence`` is a file that convinces others (``ledger.core.split``)."""

    def __init__(self, message: str, evidence: bytes) -> None:
        super().__init__(message)
        self.evidence = evidence


class Uncheckable(LedgerError):
    """A version, body number or extension is unknown: nothing is proven or disproven."""


class StoreDamaged(LedgerError):
    """Stored bytes contradict each other; nothing may be signed over them."""


class StoreBehind(LedgerError):
    """The store is older than a checkpoint that was already signed."""


class Locked(LedgerError):
    """Another process holds this state."""


class ConfigInvalid(LedgerError):
    """A configuration has mistakes; ``problems`` lists every one."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
