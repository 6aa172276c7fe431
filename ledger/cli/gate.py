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

from ledger.cli.following import KeyOption, Own, ReceiptsOption, tell_opening
from ledger.cli.options import PASSPHRASE, ProfileOption, write_whole
from ledger.cli.outcome import DISPROVEN, SHUT, command, say
from ledger.cli.record import read
from ledger.client.artifact import CHANGED, CHUNK, Content, take
from ledger.client.gate import Release
from ledger.client.opening import open_recorder
from ledger.client.range_receipt import Receipt
from ledger.client.recorder import Recorder
from ledger.core.errors import Busy, GateShut, InvalidInput, NotStored, Unavailable, Unresolved, VerificationFailed
from ledger.core.record_input import Disclosure

NOT_RUN: Final = 126
NOT_FOUND: Final = 127
FORWARDED: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
BY_TERMINAL: Final = (signal.SIGINT, signal.SIGQUIT)
"""What a terminal sends to COMMAND too, by itself."""


WELL: Final = (
    "the command ended well, but nobody can say any more that it handed over what was recorded: it counts as aborted"
)
ADVICE: Final = "run it again once the ledger answers, or have the record wait: ledger record --queue"
"""What to do where the ledger cannot be asked at all."""


INTERRUPTED: Final = "error: interrupted before the gate opened; nothing was handed over"


class Failed(Exception):
    """COMMAND ended with another exit code than 0, or was not run, or what it handed over is unknown."""

    def __init__(self, code: int, why: str = "") -> None:
        super().__init__(why)
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
    not found. 1 with an error: the artifact is not what was recorded any more.
    """
    code = SHUT
    with _shut(), command():
        program = _found(words[0])
        own = Own.load(profile_path, key)
        disclosures = read(str(file))
        if len(disclosures) != 1:
            raise InvalidInput("record", "must be one disclosure: a receipt lets one artifact out")
        if receipts is not None:
            receipts.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="ledger-gate-", ignore_cleanup_errors=True) as private:
            run = _Run([program, *words[1:]], artifact.absolute(), (receipts or Path(private)).absolute(), timeout)
            code = asyncio.run(run.through(own, disclosures[0]))
    raise typer.Exit(code)


def _found(word: str) -> str:
    """Return the path of the program that COMMAND begins with; end with 127 or 126 where none can be run."""
    if program := shutil.which(word):
        return program
    if shutil.which(word, os.F_OK) or (os.sep in word and Path(word).exists()):
        say("error: command: not an executable file, so nothing was recorded")
        raise typer.Exit(NOT_RUN)
    say("error: command: not found, so nothing was recorded")
    raise typer.Exit(NOT_FOUND)


@contextmanager
def _shut() -> Iterator[None]:
    """Turn the exit codes of errors, which say what was proven, into the one that says that COMMAND did not run."""
    try:
        yield
    except typer.Exit as ended:
        raise typer.Exit(ended.exit_code if ended.exit_code in (NOT_RUN, NOT_FOUND) else SHUT) from None
    except (typer.Abort, KeyboardInterrupt):
        say(INTERRUPTED)
        raise typer.Exit(SHUT) from None


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
            say(INTERRUPTED)
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
            tell_opening(own.profile.name, recorder)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Unresolved)  # said below
                return await self._handed(recorder, disclosure)

    async def _handed(self, recorder: Recorder, disclosure: Disclosure) -> int:
        release, code = recorder.release(disclosure, self._artifact, self._timeout), 0
        try:
            async with release:
                with self._held(release) as held:
                    await self._run(release.receipt)
                    await asyncio.to_thread(self._check, release.content, held)
        except Failed as failed:
            code = failed.code
            if str(failed):
                say(f"error: {failed}")
        if release.unresolved:
            say(f"warning: {release.unresolved}")
        return code

    def _held(self, release: Release) -> BinaryIO:
        """Return the artifact's reader, which outlasts its name; raise Failed where it is gone already."""
        try:
            return release.open()
        except InvalidInput as error:
            raise Failed(NOT_RUN, f"the command was not run: {error}") from None

    def _check(self, content: Content, held: BinaryIO) -> None:
        """Raise Failed where the artifact changed while COMMAND ran, which may have moved it away."""
        why = ""
        try:
            if not os.path.lexists(self._artifact):
                _drain(held)
            elif take(self._artifact) != content:
                why = CHANGED
        except (VerificationFailed, InvalidInput) as error:
            why = str(error)
        except OSError as error:
            why = f"artifact: cannot be read: {error.strerror}"
        if why:
            raise Failed(DISPROVEN, f"{why}; {WELL}")

    async def _run(self, receipt: Receipt) -> None:
        path = self._receipts / f"{receipt.source_id}-{receipt.sequence}.tlog-proof"
        held = {name: value for name, value in os.environ.items() if name != PASSPHRASE}
        given = {"LEDGER_RECEIPT": str(path), "LEDGER_ARTIFACT": str(self._artifact)}
        try:
            await asyncio.to_thread(write_whole, path, receipt.data)
            self._early = []
            self._process = await asyncio.create_subprocess_exec(*self._words, env={**held, **given})
        except OSError as error:
            raise Failed(NOT_RUN, f"the command was not run: {error.strerror}") from None
        for number in self._early:
            self._process.send_signal(number)
        code = await self._process.wait()
        if code:
            raise Failed(code if code > 0 else 128 - code)


def _drain(file: BinaryIO) -> None:
    """Read a file to its end."""
    while file.read(CHUNK):
        pass
