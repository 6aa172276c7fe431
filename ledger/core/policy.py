"""Which logs and witnesses a verifier trusts, and how many must have cosigned (C2SP tlog-policy).

    log <vkey> [url] · witness <name> <vkey> [url] · group <name> all|any|<k> <member>… · quorum <name>|none

Names are opaque octets; those that are not UTF-8 stand as surrogate escapes in ``str``.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from ledger.core.checkpoint import Checkpoint, SignedCheckpoint, verify_cosignatures
from ledger.core.encoding import decode_decimal
from ledger.core.errors import InvalidInput, VerificationFailed
from ledger.core.note import COSIGNATURE, ED25519, VKey

NONE: Final = "none"

_FORBIDDEN: Final = re.compile(rb"[^\x09\x0a\x20-\x7e\x80-\xff]")
_SPACE: Final = re.compile("[ \t]+")


@dataclass(frozen=True, slots=True)
class Log:
    """A log by its verifier key, whose name is the origin."""

    vkey: VKey
    url: str | None


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness under the policy's own ``name`` for it."""

    name: str
    vkey: VKey
    url: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """A group that has witnessed what ``threshold`` of its members have."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A parsed policy; ``quorum`` is None when no cosignature is asked for."""

    logs: tuple[Log, ...]
    witnesses: tuple[Witness, ...]
    groups: tuple[Group, ...]
    quorum: str | None

    @classmethod
    def parse(cls, raw: bytes) -> "Policy":
        """Parse a policy file.

        Raises:
            InvalidInput: malformed, or a name or key used against the rules.
            Uncheckable: a key type that this release does not know.
        """
        if _FORBIDDEN.search(raw) or not raw.endswith(b"\n"):
            raise InvalidInput("policy", "has a control byte, or a last line without LF")
        parser = _Parser()
        for line in raw.decode("utf-8", "surrogateescape").split("\n"):
            words = [word for word in _SPACE.split(line) if word]
            if words and not words[0].startswith("#"):
                parser.line(words[0], words[1:])
        if parser.quorum is None:
            raise InvalidInput("policy", "without a quorum line")
        quorum = None if parser.quorum == NONE else parser.quorum
        return cls(tuple(parser.logs), tuple(parser.witnesses), tuple(parser.groups), quorum)

    def satisfied(self, names: Collection[str]) -> bool:
        """Tell whether witnesses of these names make the quorum; names of others count for nothing."""
        present = {witness.name for witness in self.witnesses if witness.name in names}
        for group in self.groups:
            if len(present.intersection(group.members)) >= group.threshold:
                present.add(group.name)
        return self.quorum is None or self.quorum in present


@dataclass(slots=True)
class _Parser:
    """What the lines so far define; groups and the quorum refer to earlier lines only."""

    logs: list[Log] = field(default_factory=list)
    witnesses: list[Witness] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    quorum: str | None = None
    defined: set[str] = field(default_factory=set)
    grouped: set[str] = field(default_factory=set)
    log_keys: set[bytes] = field(default_factory=set)
    witness_keys: set[bytes] = field(default_factory=set)

    def line(self, keyword: str, words: list[str]) -> None:
        """Take one line that is neither empty nor a comment."""
        match keyword, words:
            case "log", [vkey, *url] if len(url) <= 1:
                self.logs.append(Log(_key(vkey, ED25519, self.log_keys), url[0] if url else None))
            case "witness", [name, vkey, *url] if len(url) <= 1:
                self.define(name)
                key = _key(vkey, COSIGNATURE, self.witness_keys)
                self.witnesses.append(Witness(name, key, url[0] if url else None))
            case "group", [name, threshold, *members] if members:
                self.group(name, threshold, members)
            case "quorum", [name] if self.quorum is None:
                if name != NONE and name not in self.defined:
                    raise InvalidInput("policy quorum", "names what no earlier line defines")
                self.quorum = name
            case _:
                raise InvalidInput("policy", "an unknown, incomplete or repeated line")

    def define(self, name: str) -> None:
        """Take a name that a witness or group may bear once."""
        if name == NONE or name in self.defined:
            raise InvalidInput("policy name", "reserved, or defined twice")
        self.defined.add(name)

    def group(self, name: str, threshold: str, members: list[str]) -> None:
        """Take a group, each of whose members no other group has."""
        for member in members:
            if member not in self.defined or member in self.grouped:
                raise InvalidInput("policy group", "a member that is not defined earlier, or is in a group")
            self.grouped.add(member)
        self.define(name)
        named = {"any": 1, "all": len(members)}
        count = named.get(threshold) or decode_decimal(threshold, "policy group", len(members))
        if count == 0:
            raise InvalidInput("policy group", "asks for none of its members")
        self.groups.append(Group(name, count, tuple(members)))


def _key(text: str, algorithm: int, seen: set[bytes]) -> VKey:
    """Return a key of the type its role needs; raise InvalidInput when the role has the same key already."""
    vkey = VKey.parse(text)
    if vkey.algorithm != algorithm:
        raise InvalidInput("policy key", f"must be of key type {algorithm:02x}")
    if vkey.public_key in seen:
        raise InvalidInput("policy key", "stands there twice")
    seen.add(vkey.public_key)
    return vkey


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A checkpoint whose cosignatures satisfy a policy; ``timestamps`` in POSIX seconds by witness name."""

    checkpoint: Checkpoint
    timestamps: Mapping[str, int]


def verify_quorum(signed: SignedCheckpoint, policy: Policy) -> Cosigned:
    """Return the checkpoint that enough witnesses cosigned; the log's signature is ``signed``'s own claim.

    Raises:
        VerificationFailed: a cosignature does not verify, or too few witnesses cosigned.
    """
    names = {witness.vkey: witness.name for witness in policy.witnesses}
    times = verify_cosignatures(signed, names)
    timestamps = {names[vkey]: time for vkey, time in times.items()}
    if not policy.satisfied(timestamps):
        raise VerificationFailed("quorum: too few witnesses cosigned the checkpoint")
    return Cosigned(signed.checkpoint, timestamps)


def quorum_time(timestamps: Mapping[str, int], policy: Policy) -> int | None:
    """Return the largest time at or after which cosignatures alone satisfy ``policy``, None if it asks for none.

    Raises:
        VerificationFailed: all of them together do not.
    """
    if policy.quorum is None:
        return None
    for time in sorted(set(timestamps.values()), reverse=True):
        if policy.satisfied({name for name, at in timestamps.items() if at >= time}):
            return time
    raise VerificationFailed("quorum: too few witnesses cosigned the checkpoint")
