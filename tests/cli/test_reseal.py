"""An auditor accredited today opens nothing sealed yesterday, unless the source deposits a box for it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ledger.client.keyfile import load_public
from tests.cli.commands import Site, disclosure, lines, site


@dataclass(frozen=True, slots=True)
class Late:
    """A served ledger whose source recorded before the second of its auditors was accredited."""

    here: Site
    source: Path
    early: Path
    late: Path

    def opened(self, who: Path, where: str, code: int) -> int:
        """Return how many payloads of a range an auditor opens."""
        ran = self.here.call("ledger", "audit", "open", where, "-p", who, "--json", code=code)
        return sum("record" in row for row in ran.objects)


def allow(here: Site, name: str) -> None:
    """Add an auditor to those that alpha seals to."""
    half = load_public(here.path(f"{name}.key.pub"))
    keys = f'ed25519 = "{half.ed25519.hex()}"\nx25519 = "{half.x25519.hex()}"\n'
    with here.path("alpha/profile.toml").open("a") as profile:
        profile.write(f'\n[[auditors]]\nname = "{name}"\n{keys}')


@pytest.fixture(scope="module")
def late() -> Iterator[Late]:
    """Three batches for one auditor, then a second auditor, whom the source allows from then on."""
    with site() as here:
        here.open(inside=True)
        here.serve()
        early = here.auditor("Early")
        source = here.source("alpha", early)
        for number in range(3):
            here.call("ledger", "record", "-", "-p", source, given=lines(disclosure(number)))
        second = here.auditor("Late")
        allow(here, "Late")
        yield Late(here, source, early, second)
        assert here.stop() == 0


def test_what_was_sealed_before_opens_once_a_box_is_deposited(late: Late) -> None:
    """Nothing opens at first; ``ledger reseal`` deposits one box a batch, once; then all opens and matches."""
    assert late.opened(late.late, "3:", 2) == 0
    assert late.opened(late.early, "3:", 0) == 3
    ran = late.here.call("ledger", "reseal", "-p", late.source, "--from", 1, "--json")
    assert ran.objects == [{"batches": 2, "boxes": 2, "closed": 0}]
    assert late.opened(late.late, "3:", 2) == 2
    assert "1 boxes deposited for 1 batches" in late.here.call("ledger", "reseal", "-p", late.source).stdout
    assert late.opened(late.late, "3:", 0) == 3
    assert "0 boxes deposited for 0 batches" in late.here.call("ledger", "reseal", "-p", late.source).stdout
    assert late.here.call("ledger", "reseal", "-p", late.source, "--from", 99, "--json").objects[0]["boxes"] == 0


def test_what_is_sealed_from_now_on_opens_at_once(late: Late) -> None:
    """A batch after the accreditation is boxed to both."""
    ran = late.here.call("ledger", "record", "-", "-p", late.source, "--json", given=lines(disclosure(9)))
    index = ran.objects[0]["index"]
    assert late.opened(late.late, f"{index}", 0) == 1


def test_batches_of_an_earlier_key_are_told(late: Late) -> None:
    """The source's new key opens no boxes of the old one: they are counted, until it has that one too."""
    here = late.here
    here.call("ledger", "keygen", "source", "-o", "new.key")
    words = ("-k", "new.key", "--old-key", "alpha/source.key", "-o", "change.request", "-p", late.source)
    here.call("ledger", "request", "key-change", *words)
    here.call("ledgerctl", "change-key", "change.request", "-d", "led")
    here.path("alpha/source.key").rename(here.path("old.key"))
    shutil.copy(here.path("new.key"), here.path("alpha/source.key"))
    here.auditor("Third")
    allow(here, "Third")
    ran = here.call("ledger", "reseal", "-p", late.source, "--json", code=2)
    assert ran.objects == [{"batches": 0, "boxes": 0, "closed": 4}]
    assert "4 batches were sealed to an earlier key" in ran.stderr
    ran = here.call("ledger", "reseal", "-p", late.source, "--old-key", "old.key", "--json")
    assert ran.objects == [{"batches": 4, "boxes": 4, "closed": 0}]


def test_a_removed_auditor_gets_nothing_more(late: Late) -> None:
    """Removed, an auditor is handed no payloads, old or new; the source goes on for the others."""
    here = late.here
    here.call("ledgerctl", "auditor", "remove", "Early", "-d", "led")
    ran = here.call("ledger", "audit", "open", "3", "-p", late.early, code=2)
    assert "the log names none of this name, or it was removed" in ran.stderr
    here.call("ledger", "record", "-", "-p", late.source, given=lines(disclosure(10)))
