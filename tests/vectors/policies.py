"""Witness policies and the quorum time of a checkpoint (protocol §1, §9)."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.vectors.notes import VKey


@dataclass(slots=True)
class Policy:
    """A witness policy: witnesses by name, groups as threshold and members, the quorum."""

    witnesses: dict[str, VKey]
    groups: dict[str, tuple[int, list[str]]]
    quorum: str

    @classmethod
    def parse(cls, text: str) -> "Policy":
        """Read a policy that is known to be well-formed."""
        policy = cls({}, {}, "none")
        for line in text.split("\n"):
            match line.split():
                case ["witness", name, vkey, *_]:
                    policy.witnesses[name] = VKey.parse(vkey)
                case ["group", name, threshold, *members]:
                    counts = {"any": 1, "all": len(members)}
                    policy.groups[name] = (counts.get(threshold) or int(threshold), members)
                case ["quorum", name]:
                    policy.quorum = name
        return policy

    def satisfied(self, names: set[str]) -> bool:
        """Return whether these witnesses satisfy it."""
        counted = {name for name in names if name in self.witnesses}
        for name, (threshold, members) in self.groups.items():
            if len(counted & set(members)) >= threshold:
                counted.add(name)
        return self.quorum == "none" or self.quorum in counted

    def quorum_time(self, times: Mapping[str, int]) -> int | None:
        """Return the quorum time, None where the policy is not satisfied."""
        for time in sorted(times.values(), reverse=True):
            if self.satisfied({name for name, at in times.items() if at >= time}):
                return time
        return None
