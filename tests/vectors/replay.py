"""A whole log from its leaves alone: chains, keys, auditors, approvals, what becomes of entries (protocol §4, §12)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.vectors import leaves, notes
from tests.vectors.basics import check_each, leaf_hash, require
from tests.vectors.batches import ZEROS, Batch, check_approvals, check_seal, inner_bytes, read_batch
from tests.vectors.closings import Closings
from tests.vectors.lives import PAYLOADS, Lives
from tests.vectors.wire import Message

GOVERNANCE = (17, 18, 19, 20, 21, 25, 29)
AUDIT_REPORT, ANCHOR = 22, 23
CLOSING = 38
ADMITTED = (*GOVERNANCE, AUDIT_REPORT, ANCHOR, 33, 34, 35, 36, 37, CLOSING)


@dataclass(slots=True)
class Chain:
    """Where one chain stands; the ledger closes nothing."""

    keys: list[Message]
    key_statement: bytes
    closings: Closings | None = None
    service: str = ""
    officers: list[Message] = field(default_factory=list)
    officer_threshold: int = 0
    forced: bool = False
    revoked: bool = False
    next_sequence: int = 0
    recorded_at: int = 0
    previous: bytes = ZEROS

    def advance(self, batch: Batch, digest: bytes) -> None:
        """Go on behind a batch."""
        last = batch.statements[-1]
        self.next_sequence, self.recorded_at = last["sequence"] + 1, last["recorded_at"]
        self.previous = digest


@dataclass(slots=True)
class Log:
    """What the leaves so far add up to."""

    log_id: bytes
    opened: Message
    approvers: list[Message]
    thresholds: list[Message]
    lives: Lives
    number: int = 1
    size: int = 1
    anchored: int = 0
    chains: dict[str, Chain] = field(default_factory=dict)
    auditors: dict[bytes, Message] = field(default_factory=dict)
    removed: set[bytes] = field(default_factory=set)
    used_keys: set[bytes] = field(default_factory=set)

    @classmethod
    def open(cls, data: Sequence[bytes]) -> "Log":
        """Return the log that LOG_OPENED's batch opens."""
        batch = read_batch(data)
        opened, log_id = batch.statements[0]["log_opened"], leaf_hash(data[0])
        require(opened is not None and batch.seal["sealed_keys_digest"] == ZEROS, "log_opened")
        digest = check_seal(batch, ZEROS, ZEROS, ZEROS, opened["ledger_keys"])
        log = cls(log_id, opened, opened["approvers"], opened["thresholds"], Lives(log_id))
        log.lives.take(batch.statements[0], 0, log_id, (), 0)
        log.chains["ledger"] = Chain(opened["ledger_keys"], log_id)
        log.chains["ledger"].advance(batch, digest)
        log.used_keys |= {key["key"] for key in opened["ledger_keys"]}
        return log

    def take(self, data: Sequence[bytes]) -> None:
        """Check the next batch and go on behind it."""
        batch = read_batch(data)
        first = batch.statements[0]
        chain = self._chain(first["source_id"])
        require(first["sequence"] == chain.next_sequence, "sequence")
        require(first["recorded_at"] >= chain.recorded_at, "recorded_at")
        for statement in batch.statements:
            require(leaves.body_of(statement) in ADMITTED, "not admitted")
        sealed = any(leaves.said(statement)[0] in PAYLOADS for statement in batch.statements)
        require(sealed == (batch.seal["sealed_keys_digest"] != ZEROS), "sealed_keys_digest")
        digest = check_seal(batch, self.log_id, chain.key_statement, chain.previous, chain.keys)
        for leaf, statement in zip(data, batch.statements, strict=True):
            self._say(statement, leaf_hash(leaf), chain)
        chain.advance(batch, digest)

    def _say(self, statement: Message, hashed: bytes, chain: Chain) -> None:
        """Take the statement at index ``size``."""
        number = leaves.body_of(statement)
        if number in GOVERNANCE:
            self._govern(statement, hashed)
        elif number == ANCHOR:
            self._anchor(statement["anchor"]["checkpoint"])
        elif number == AUDIT_REPORT:
            self._report(statement["audit_report"])
        elif number == CLOSING:
            check_approvals(self.log_id, CLOSING, statement["closing"], chain.officers, 0, statement["source_id"])
        if chain.closings is not None:
            chain.closings.take(statement, hashed)
        self.lives.take(statement, self.size, hashed, chain.officers, chain.officer_threshold)
        self.size += 1

    def _report(self, body: Message) -> None:
        require(body["auditor"] in self.auditors and body["auditor"] not in self.removed, "auditor")
        require(body["end"] <= self.size, "end")
        self._inner(AUDIT_REPORT, body, "signatures", [self.auditors[body["auditor"]]["signing_key"]])

    def _anchor(self, note: bytes) -> None:
        """Take the ANCHOR at index ``size``."""
        key = notes.VKey.parse(self.opened["checkpoint_vkey"])
        found = notes.open_checkpoint(notes.Note.parse(note), key)
        require(found.origin == self.opened["origin"], "another log")
        require(self.anchored < found.size <= self.size, "anchored before, or the ANCHOR's own place")
        self.anchored = found.size

    def _chain(self, source_id: str) -> Chain:
        require(source_id in self.chains and not self.chains[source_id].revoked, "source")
        return self.chains[source_id]

    def _govern(self, statement: Message, hashed: bytes) -> None:
        number, (name, body) = leaves.body_of(statement), leaves.said(statement)
        require(body["number"] == self.number, "number")
        counts = {row["body"]: row["count"] for row in self.thresholds}
        threshold = counts.get(number, counts.get(0, 0))
        check_approvals(self.log_id, number, body, self.approvers, threshold)
        self.number += 1
        match name:
            case "SOURCE_ENROLLED":
                require(body["source_id"] not in self.chains, "source_id")
                self._new_keys(number, body)
                closings = Closings.begin(body["closing_period"], statement["recorded_at"])
                officers = body["officers"], body["officer_threshold"]
                self.chains[body["source_id"]] = Chain(body["keys"], hashed, closings, body["service"], *officers)
            case "SOURCE_KEY_CHANGED":
                self._change(number, body, hashed)
            case "SOURCE_REVOKED":
                chain = self._chain(body["source_id"])
                require(body["final_sequence"] == chain.next_sequence, "final_sequence")
                chain.revoked = True
            case "AUDITOR_ADDED":
                self._use([body["signing_key"]["key"], body["x25519_key"]])
                self._inner(number, body, "signatures", [body["signing_key"]])
                self.auditors[hashed] = body
            case "AUDITOR_REMOVED":
                self.removed.add(self._auditor(body))
            case "POLICY_CHANGED":
                self.approvers, self.thresholds = body["approvers"], body["thresholds"]

    def _auditor(self, body: Message) -> bytes:
        names = ("name", "signing_key", "x25519_key")
        for key_id, auditor in self.auditors.items():
            if key_id not in self.removed and all(auditor[name] == body[name] for name in names):
                return key_id
        require(False, "auditor")
        return b""

    def _change(self, number: int, body: Message, hashed: bytes) -> None:
        chain = self._chain(body["source_id"])
        require(body["replaces"] == chain.key_statement and body["service"] == chain.service, "replaces")
        require(chain.closings is not None and body["closing_period"] == chain.closings.period, "closing_period")
        self._new_keys(number, body)
        if body["old_key_signatures"]:
            self._inner(number, body, "old_key_signatures", chain.keys)
        chain.keys, chain.key_statement = body["keys"], hashed
        chain.officers, chain.officer_threshold = body["officers"], body["officer_threshold"]
        chain.forced = chain.forced or not body["old_key_signatures"]

    def _new_keys(self, number: int, body: Message) -> None:
        self._use([key["key"] for key in body["keys"]])
        self._inner(number, body, "proofs_of_possession", body["keys"])

    def _inner(self, number: int, body: Message, name: str, keys: Sequence[Message]) -> None:
        check_each(keys, inner_bytes(self.log_id, number, body, name), body[name])

    def _use(self, keys: Sequence[bytes]) -> None:
        require(self.used_keys.isdisjoint(keys), "a key enrolled before")
        self.used_keys |= set(keys)


def split(data: Iterable[bytes]) -> list[list[bytes]]:
    """Return the batches of leaves in index order: each ends with a seal."""
    batches: list[list[bytes]] = [[]]
    for leaf in data:
        batches[-1].append(leaf)
        if leaves.read(leaf)["seal"] is not None:
            batches.append([])
    require(not batches.pop(), "the last batch has no seal")
    return batches


def replay(data: Iterable[bytes]) -> Log:
    """Return the log of leaves; raise Disproven for the first thing that does not hold."""
    first, *rest = split(data)
    log = Log.open(first)
    for batch in rest:
        log.take(batch)
    return log
