"""Each step of a commit, made to fail: before it did anything (lost), or after it did all (kept)."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from ledger.host import files
from tests.engine.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Step:
    """A function that a commit calls, found by ``of``, and what a fault before and after it leaves behind.

    ``stored``: the entries are there after a restart. ``published``: readers saw them before, and who
    sent them was answered.
    """

    of: Callable[[Ledger], Any]
    name: str
    stored: tuple[bool, bool]
    published: tuple[bool, bool] = (False, False)


LOST, WRITTEN, KEPT = (False, False), (False, True), (True, True)

STEPS: Final = {
    "placing": Step(lambda ledger: ledger.sequencer, "_place", LOST),
    "staging": Step(lambda ledger: ledger.tree, "stage", LOST),
    "signing": Step(lambda ledger: ledger.sequencer, "_sign", LOST),
    "writing": Step(lambda ledger: ledger.store, "write", WRITTEN),
    "growing the tree": Step(lambda ledger: ledger.tree, "apply", KEPT),
    "publishing": Step(lambda ledger: ledger.sequencer, "_snapshot", KEPT),
    "telling": Step(lambda ledger: _listener(ledger), "tell", KEPT, KEPT),
    "noting the mark": Step(lambda ledger: ledger.guard, "note", KEPT, KEPT),
    "creating the new mark": Step(lambda _: files, "_write", KEPT, KEPT),
    "syncing the new mark": Step(lambda _: os, "fsync", KEPT, KEPT),
    "renaming the mark": Step(lambda _: Path, "replace", KEPT, KEPT),
    "syncing the mark's directory": Step(lambda _: files, "sync", KEPT, KEPT),
}
"""The steps of a commit in their order."""


KEEPING: Final = {
    "placing the note": Step(lambda ledger: ledger.sequencer, "_place_cosigned", LOST),
    **{name: STEPS[name] for name in ("writing", "telling", "noting the mark")},
}
"""The steps in which a cosigned note is kept, in their order."""


class Listener:
    """Hears of publications."""

    def tell(self, view: object) -> None:
        """Hear of one."""


def _listener(ledger: Ledger) -> Listener:
    listener = Listener()
    ledger.sequencer.listen(lambda view: listener.tell(view))
    return listener


def fail(ledger: Ledger, patch: pytest.MonkeyPatch, step: Step, after: bool) -> None:
    """Have ``step`` fail from now on."""
    owner = step.of(ledger)
    original = getattr(owner, step.name)

    def failing(*args: Any, **how: Any) -> Any:
        if after:
            original(*args, **how)
        raise OSError(os.strerror(5))

    patch.setattr(owner, step.name, failing)
