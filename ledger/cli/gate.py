"""``ledger gate -- COMMAND``: a program that hands data out runs only with the receipt in hand."""

import asyncio
import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import typer

from ledger.cli.following import KeyOption, Own, ReceiptsOption
from ledger.cli.options import PASSPHRASE, ProfileOption, write_whole
from ledger.cli.outcome import command, say
from ledger.cli.record import read
from ledger.client.artifact import CHANGED, CHUNK, Content, take
from ledger.client.opening import open_recorder
from ledger.client.range_receipt import Receipt
from ledger.client.recorder import Recorder
from ledger.core.errors import Busy, GateShut, InvalidInput, NotStored, Unavailable, Unresolved, VerificationFailed
from ledger.core.record_input import Disclosure

SHUT: Final = 125
NOT_RUN: Final = 126
NOT_FOUND: Final = 127
FORWARDED: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
BY_TERMINAL: Final = (signal.SIGINT, signal.SIGQUIT)
"""What a terminal sends to COMMAND too, by itself."""


ADVICE: Final = "run it again once the ledger answers, or have the record wait: ledger record --queue"
"""What to do where the ledger cannot be asked at all."""


class Failed(Exception):
    """COMMAND ended with another exit code than 0."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code


def gate(
    words: Annotated[list[str], typer.Argument(metavar="-- COMMAND...", help="What hands the artifact over.")],
    profile_path: ProfileOption,
    file: Annotated[Path, typer.Option("--record", help="The one disclosure, as ledger record takes it.")],
    artifact: Annotated[Path, typer.Option(help="The file that is handed over, as the record describes it.")],
    key: KeyOption = None,
    receipts: ReceiptsOption = None,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait for the receipt, and for the end.")] = 60,
) -> None:
    """Run COMMAND with the receipt of a disclosure in hand, or not at all.

    COMMAND finds the receipt's file in $LEDGER_RECEIPT and the artifact's in $LEDGER_ARTIFACT. Exit code 0 is logged as
    DELIVERED, any other as ABORTED, and passed on. 125: the gate stayed shut. 126, 127: COMMAND could not be run, was
    not found.
    """
    code = SHUT
    with _shut(), command():
        program = shutil.which(words[0])
        if program is None:
            say("error: command: not found, so nothing was recorded")
            raise typer.Exit(NOT_FOUND)
        own = Own.load(profile_path, key)
        disclosures = read(str(file))
        if len(disclosures) != 1:
            raise InvalidInput("record", "must be one disclosure: a receipt lets one artifact out")
        if receipts is not None:
            receipts.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="ledger-gate-") as private:
            run = _Run([program, *words[1:]], artifact.absolute(), (receipts or Path(private)).absolute(), timeout)
            code = asyncio.run(run.through(own, disclosures[0]))
    raise typer.Exit(code)


@contextmanager
def _shut() -> Iterator[None]:
    """Turn the exit codes of errors, which say what was proven, into the one that says that COMMAND did not run."""
    try:
        yield
    except typer.Exit as ended:
        raise typer.Exit(ended.exit_code if ended.exit_code == NOT_FOUND else SHUT) from None


class _Run:
    """COMMAND and what it needs; signals reach it, or while there is none yet keep the gate shut."""

    def __init__(self, words: Sequence[str], artifact: Path, receipts: Path, timeout: float) -> None:
        self._words, self._artifact, self._receipts, self._timeout = words, artifact, receipts, timeout
        self._process: asyncio.subprocess.Process | None = None
        self._early: list[signal.Signals] | None = None
        """What came while COMMAND was being started, which may have begun by then; None before that."""

    async def through(self, own: Own, disclosure: Disclosure) -> int:
        """Return COMMAND's exit code, once its end is logged."""
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(self._release(own, disclosure))
        for number in FORWARDED:
            loop.add_signal_handler(number, self._forward, number, task, os.isatty(0))
        try:
            return await task
        except asyncio.CancelledError:
            say("error: interrupted before the gate opened; nothing was handed over")
            return SHUT

    def _forward(self, number: signal.Signals, task: "asyncio.Task[int]", terminal: bool) -> None:
        if self._process is not None:
            if self._process.returncode is None and not (terminal and number in BY_TERMINAL):
                self._process.send_signal(number)
        elif self._early is not None:
            self._early.append(number)
        else:
            task.cancel()

    async def _release(self, own: Own, disclosure: Disclosure) -> int:
        try:
            return await self._opened(own, disclosure)
        except (Unavailable, Busy) as error:
            if isinstance(error, NotStored) or self._early is not None:
                raise
            raise GateShut(f"the gate stays shut, nothing was recorded or handed over: {error}; {ADVICE}") from None

    async def _opened(self, own: Own, disclosure: Disclosure) -> int:
        async with open_recorder(own.profile, own.key, patience=self._timeout, flush=False) as recorder:
            for settled in recorder.settled:
                say(f"entry {own.profile.name}:{settled.note.target.sequence}, left open before, is settled now")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Unresolved)  # said below
                return await self._handed(recorder, disclosure)

    async def _handed(self, recorder: Recorder, disclosure: Disclosure) -> int:
        release, code = recorder.release(disclosure, self._artifact, self._timeout), 0
        try:
            async with release:
                with release.open() as held:
                    await self._run(release.receipt)
                    await asyncio.to_thread(self._check, release.content, held)
        except Failed as failed:
            code = failed.code
        except OSError as error:
            say(f"error: the command was not run: {error.strerror}")
            code = NOT_RUN
        except VerificationFailed as error:
            say(f"error: {error}; the command ended well, but what it handed over may be something else")
            code = 1
        if release.unresolved:
            say(f"warning: {release.unresolved}")
        return code

    def _check(self, content: Content, held: BinaryIO) -> None:
        """Raise VerificationFailed where the artifact changed while COMMAND ran, which may have moved it away."""
        if not self._artifact.exists():
            while held.read(CHUNK):
                pass
            return
        try:
            found = take(self._artifact)
        except InvalidInput:
            raise VerificationFailed(CHANGED) from None
        if found != content:
            raise VerificationFailed(CHANGED)

    async def _run(self, receipt: Receipt) -> None:
        path = self._receipts / f"{receipt.source_id}-{receipt.sequence}.tlog-proof"
        await asyncio.to_thread(write_whole, path, receipt.data)
        held = {name: value for name, value in os.environ.items() if name != PASSPHRASE}
        given = {"LEDGER_RECEIPT": str(path), "LEDGER_ARTIFACT": str(self._artifact)}
        self._early = []
        self._process = await asyncio.create_subprocess_exec(*self._words, env={**held, **given})
        for number in self._early:
            self._process.send_signal(number)
        code = await self._process.wait()
        if code:
            raise Failed(code if code > 0 else 128 - code)
