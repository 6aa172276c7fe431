"""One short run of a server to which something happens, and one after it to which nothing does.

A run is: start, batches of two sources, a source enrolled, everything read back, stop. Whatever happens, the server
goes on; or halts, says so and keeps answering reads; or ends with a code other than 0 and one line that says why. In
the run after it what was acknowledged is there, and what was unanswered goes in.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from ledger.client import keyfile
from ledger.client.requests import request_source
from ledger.core.errors import StoreDamaged, Unavailable
from ledger.v1 import disclosure_pb2_grpc
from tests.faults.harness import SERVE, Harness
from tests.faults.invariants import check
from tests.faults.load import Load
from tests.faults.seen import Violation

WENT_ON: Final = "went on"
HALTED: Final = "halted"
ENDED: Final = "ended with an error"
HALTED_ENDED: Final = "halted, ended with an error"
REFUSED_READS: Final = "refused reads"


def nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Took:
    """How the server took what happened, one of the words above, and what it said about it."""

    how: str
    words: str = ""

    def __str__(self) -> str:
        return f"{self.how}: {self.words}" if self.words else self.how


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of a ledger that is stopped before and after each."""

    ledger: Harness

    async def run(self, *command: str, meanwhile: Callable[[], None] = nothing) -> Took:
        """Start the server by ``command``, do ``meanwhile``, use it and stop it; return how it took that.

        Raises:
            Violation: it lost or changed what it told, hung, said nothing or too much, or ended as it should not.
        """
        ledger = self.ledger
        offset = ledger.log.stat().st_size
        halted, reads = "", True
        if await ledger.start(*(command or SERVE)) is not None:
            meanwhile()
            halted = await self._use()
            reads = await self._reads()
            ledger.terminate()
        code = await ledger.ended()
        lines = self._said(offset)
        errors = [line for line in lines if not line.startswith("{")]
        if len(errors) > 1 or not all(line.startswith("error: ") for line in errors):
            raise Violation(f"the server said more than one line: {errors[-12:]}")
        if bool(code) != bool(errors):
            raise Violation(f"the server ended with {code} and said: {errors}")
        if bool(halted) != any('"event": "halted"' in line for line in lines):
            raise Violation(f"what the server answered and logged of a halt differs: {halted}")
        if code:
            return Took(HALTED_ENDED if halted else ENDED, halted or errors[0])
        return Took(HALTED, halted) if halted else Took(WENT_ON if reads else REFUSED_READS)

    async def recover(self, what: object = "it") -> None:
        """Start the server with nothing in its way, send what is unanswered, check everything, and stop it.

        Raises:
            Violation: something acknowledged is gone, two trees were signed, or the server does not start or stop.
        """
        ledger = self.ledger
        offset = ledger.log.stat().st_size
        if await ledger.start() is None:
            raise Violation(f"after {what} the server does not start: {self._said(offset)[-1:]}")
        await Load(ledger, ledger.random).resend()
        await check(ledger)
        if await ledger.stop() != 0:
            raise Violation(f"after {what} the server does not stop with 0: {self._said(offset)[-1:]}")
        ledger.fsck()

    async def _use(self) -> str:
        """Send two batches of each source and enrol one more; return why the ledger halted, "" if it did not."""
        ledger, load = self.ledger, Load(self.ledger, self.ledger.random)
        try:
            for source in ledger.sources:
                async with ledger.profile(source.member).role_channel() as transport:
                    stub = disclosure_pb2_grpc.DisclosureServiceStub(transport)
                    for sent in source.unanswered(2)[:2]:
                        await load.send(stub, source, sent)
            key = keyfile.generate("source")
            name = f"idle-{key.public.ed25519.hex()[:16]}"
            await load._govern(request_source(ledger.served.log_id, key.secret, name, "idle"))
        except Unavailable as error:
            if "halted" not in str(error):
                raise Violation(f"unavailable, and not halted: {error}") from error
            return str(error).removeprefix("the ledger is halted: ")
        return ""

    async def _reads(self) -> bool:
        """Return whether all that is published can be read; raise Violation if it is not what was told."""
        try:
            await check(self.ledger)
        except Violation as error:
            if isinstance(error.__cause__, StoreDamaged):
                return False
            raise
        return True

    def _said(self, offset: int) -> list[str]:
        """Return the lines that the server wrote since its log was ``offset`` bytes long."""
        with self.ledger.log.open("rb") as log, suppress(UnicodeDecodeError):
            log.seek(offset)
            return log.read().decode().splitlines()
        raise Violation("the server wrote what is no text")
