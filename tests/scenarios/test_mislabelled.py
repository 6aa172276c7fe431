"""A source signs one thing and seals another: another person's keys, another record, garbage, or a box for nobody."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest

from ledger.client import keyfile
from ledger.core import building
from ledger.core.building import prepare
from ledger.core.canonical_json import encode_json
from ledger.core.errors import TooFewAuditors
from ledger.core.lookup_keys import canonicalise
from ledger.core.sealed import plaintext_of_slots
from ledger.core.sealed_keys import box_batch_key
from tests.cli.commands import disclosure, lines
from tests.core.dishonest import padded
from tests.core.world import Entropy
from tests.core.world import disclosure as described
from tests.scenarios import hand
from tests.scenarios.stage import FIRST, SIZE, Stage

OTHER: Final = "+12025550199"
"""The person whom the sealed payload names instead of the one whose keys were committed."""


def another_person(honest: Callable[..., bytes]) -> Callable[..., bytes]:
    """Return what seals an honest payload with the lookup keys of another person."""
    return lambda secret, keys, values: honest(secret, (canonicalise("phone", OTHER),), values)


def nobody(honest: Callable[..., bytes]) -> Callable[..., bytes]:
    """Return what seals an honest payload without its lookup keys."""
    return lambda secret, keys, values: honest(secret, (), values)


def garbage(honest: Callable[..., bytes]) -> Callable[..., bytes]:
    """Return what seals something of the right size that is no record."""
    return lambda secret, keys, values: padded(encode_json({"noise": len(values)}))


ACTS: Final[Mapping[str, tuple[Any, str]]] = {
    "another person": (another_person, "keys root"),
    "no person": (nobody, "keys root"),
    "garbage": (garbage, "content: not "),
}
INDEX: Final = {act: SIZE + number for number, act in enumerate((*ACTS, "box"))}
"""Where each act stands in the log."""


@dataclass(frozen=True, slots=True)
class Misled:
    """A served ledger that was misled once in each way, and how it refused what no auditor can open."""

    scene: Stage
    refused: pytest.ExceptionInfo[TooFewAuditors]

    def audited(self, act: str, auditor: str) -> str:
        """Return what an auditor who finds something reads of an act's entry."""
        words = ("ledger", "audit", "open", INDEX[act], "-p", auditor, "--evidence", f"found by {auditor}")
        ran = self.scene.call(*words, code=1)
        assert "1 findings" in ran.stderr
        return ran.stdout

    def convicted(self, act: str, auditor: str) -> str:
        """Return what a stranger reads of the evidence that the auditor kept."""
        return self.scene.convicts(self.scene.path(f"found by {auditor}/{INDEX[act]}.conviction"))


@pytest.fixture(scope="module")
def misled(shared: Stage) -> Iterator[Misled]:
    """Have the source say wrong things: its client seals what it should not, or boxes the key wrongly."""
    key = keyfile.load(shared.path("alpha/source.key")).secret
    sent = hand.request(hand.state(shared.ledger), "alpha", [prepare(described(), Entropy())], key, auditors=False)
    one = keyfile.load(shared.path("One/auditor.key")).public.x25519

    def shut(batch_key: bytes, to: bytes) -> bytes:
        return b"?" * 80 if to == one else box_batch_key(batch_key, to)

    changes = [("plaintext_of_slots", change(plaintext_of_slots)) for change, _ in ACTS.values()]
    with shared.served():
        with pytest.raises(TooFewAuditors) as refused:
            hand.send(shared.path("alpha"), sent)
        for name, changed in (*changes, ("box_batch_key", shut)):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(building, name, changed)
                shared.call("ledger", "record", "-", "-p", "alpha", given=lines(disclosure(70)))
        yield Misled(shared, refused)


@pytest.mark.parametrize("act", ACTS)
def test_an_auditor_convicts_the_source(act: str, misled: Misled) -> None:
    """The auditor's finding comes with a file that convicts the source before whoever knows the log's key."""
    misled.audited(act, "One")
    said = misled.convicted(act, "One")
    fault = f"whose sealed payload does not match its leaf: {ACTS[act][1]}"
    assert f"source alpha signed entry {INDEX[act]}, {fault}" in said
    assert OTHER not in said


def test_a_box_that_opens_nothing_is_convicted_by_whose_box_opens(misled: Misled) -> None:
    """One auditor finds garbage where its key should be; the other, who can open, has the evidence for both."""
    assert "box: garbage for this auditor" in misled.audited("box", "One")
    assert "box for auditor One" in misled.audited("box", "Two")
    assert "box for auditor One: not the one that the batch key gives" in misled.convicted("box", "Two")


def test_what_no_auditor_can_open_is_not_logged(misled: Misled) -> None:
    """The policy in the log sets a minimum of auditors a batch, and the ledger refuses what is sealed to fewer."""
    assert misled.refused.value.minimum == 1
    (entry,) = misled.scene.call("ledger", "entries", SIZE, "-p", "anyone", "--json").objects
    assert (entry["source"], entry["sequence"]) == ("alpha", SIZE - FIRST)
