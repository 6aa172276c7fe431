"""A file call that fails once, of each kind that matters: how the server takes it, and that nothing told is lost."""

import os
from collections.abc import AsyncIterator
from random import Random

import pytest
import pytest_asyncio

from tests.faults.damage_runs import ENDED, HALTED, WENT_ON, Runs
from tests.faults.harness import harness
from tests.faults.syscalls import Syscalls, missing
from tests.faults.syscalls_faults import Fault

pytestmark = pytest.mark.skipif(bool(missing()) and not os.environ.get("CI"), reason=missing() or "strace is there")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def syscalls() -> AsyncIterator[Syscalls]:
    """Open a ledger with two sources, and stop it."""
    async with harness(Random(1)) as ledger:  # noqa: S311 -- chooses sizes, not keys
        await ledger.stop()
        yield Syscalls(Runs(ledger))


FULL = "No space left on device"
BROKEN = "Input/output error"
CASES = {
    "the journal is full": ("write store/*.log #2 ENOSPC", HALTED, f"LevelDB cannot read or write its files ({FULL})"),
    "the journal is not synced": ("fdatasync store/*.log #1 EIO", HALTED, f"write its files ({BROKEN}); see to the"),
    "the mark is not synced": ("fsync high-water.json.new #1 EIO", HALTED, f"a write failed ({BROKEN}); see to the"),
    "the mark is not replaced": (
        "rename high-water.json.new #1 ENOSPC",
        HALTED,
        f"a write failed ({FULL}); see to the",
    ),
    "no manifest is made": (
        "openat store/MANIFEST #2 EMFILE",
        ENDED,
        "cannot open it (Too many open files); see to disk",
    ),
    "the journal is not read": ("read store/*.log #1 EIO", ENDED, f"cannot open it ({BROKEN}); see to disk"),
    "the certificate is not read": ("read certs/server.crt #1 EIO", ENDED, f"certs/server.crt: {BROKEN}"),
    "no lock is to be had": ("fcntl store/LOCK #1 ENOLCK", ENDED, "cannot open it (No locks available); see to disk"),
    "it cannot say that it serves": ("rename serving.json.new #1 EACCES", ENDED, "serving.json: Permission denied"),
    "an old journal stays": ("unlink store/*.log #1 EACCES", WENT_ON, ""),
}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("fault", "how", "words"), CASES.values(), ids=CASES)
async def test_a_call_that_fails_loses_nothing(syscalls: Syscalls, fault: str, how: str, words: str) -> None:
    """The server goes on, halts and is read, or ends and says why; the next start has all that was acknowledged."""
    took = await syscalls.suffer(Fault.parse(fault))
    assert took.how == how, took
    assert words in took.words
