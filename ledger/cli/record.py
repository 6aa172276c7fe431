"""``ledger record``: disclosures from a file or standard input, a receipt for each."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ledger.cli.following import tell_settled
from ledger.cli.options import JsonOption, ProfileOption, load_key, write_whole
from ledger.cli.outcome import command, emit, say
from ledger.client import profile
from ledger.client.keyfile import KeyFile
from ledger.client.opening import open_recorder, put_off
from ledger.client.profile import Profile
from ledger.client.range_receipt import Receipt
from ledger.client.sync import SyncRecorder
from ledger.core.building import check_disclosure
from ledger.core.errors import InvalidInput
from ledger.core.record_input import Disclosure, load_json, load_json_lines, load_yaml
from ledger.core.sealed import payload_plaintext

FORMATS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".yaml": "yaml", ".yml": "yaml"}


def record(
    file: Annotated[str, typer.Argument(help="JSON Lines, JSON or YAML file; - for standard input.")],
    profile_path: ProfileOption,
    key: Annotated[Path | None, typer.Option("--key", "-k", help="Source key; by default the profile's.")] = None,
    receipts: Annotated[Path | None, typer.Option(help="Folder to write a receipt to for each entry.")] = None,
    form: Annotated[
        str, typer.Option("--format", help="jsonl, json or yaml; by default the file name's, jsonl for -.")
    ] = "",
    patience: Annotated[float, typer.Option(help="Seconds to go on trying while the ledger is out of reach.")] = 60,
    since: Annotated[
        int | None,
        typer.Option(
            min=0, help="Sequence at which an interrupted run of the same FILE began: leaves out what it did."
        ),
    ] = None,
    queue: Annotated[
        bool, typer.Option("--queue", help="Put them off, without a connection or receipts: ledger queue flush.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Record disclosures; all are checked before the first is sent."""
    with command():
        disclosures = read(file, form)
        held = profile.load(profile_path)
        key_path = key if key is not None else held.path(held.key or "source.key")
        pair = load_key(key_path, "source")
        if queue:
            _put_off(held, pair, disclosures, as_json)
            return
        if receipts is not None:
            receipts.mkdir(parents=True, exist_ok=True)
        done, finished, begun = 0, False, None
        waited = 0

        def tell(_: int, receipt: Receipt) -> None:
            nonlocal waited
            waited += 1
            _deliver(receipt, receipts, as_json)

        recorder = SyncRecorder(lambda: open_recorder(held, pair, patience=patience, tell=tell))
        try:
            with recorder:
                start = recorder.next_sequence
                if waited:
                    say(f"{waited} that waited in the queue are recorded")
                for receipt in recorder.recovered:
                    _deliver(receipt, receipts, as_json)
                if recorder.recovered:
                    say(f"{len(recorder.recovered)} that an interrupted run had sent are recorded, whatever FILE holds")
                tell_settled(held.name, recorder.settled)
                left = _left(disclosures, 0 if since is None else start - since)
                begun = start if since is None else since
                for receipt in _progress(recorder.record_all(left), len(left)):
                    done += 1
                    _deliver(receipt, receipts, as_json)
            finished = True
        finally:
            if begun is not None and not finished:
                say(f"{done} recorded; go on with --since {begun}, which leaves out what was recorded meanwhile")
        say(f"{done} recorded" + (f", receipts in {receipts}" if receipts else ""))


def _put_off(held: Profile, pair: KeyFile, disclosures: list[Disclosure], as_json: bool) -> None:
    numbers = put_off(held, pair, disclosures)
    for number in numbers:
        if as_json:
            emit({"number": number})
        else:
            print(f"number {number}")
    say(f"{len(numbers)} wait to be recorded, nothing of them may be handed over yet; ledger queue flush records them")


def _left(disclosures: list[Disclosure], recorded: int) -> list[Disclosure]:
    """Return what is left once ``recorded`` of ``disclosures`` are in the log; raise InvalidInput where none can be."""
    if recorded < 0:
        raise InvalidInput("since", "the source stands at a lower sequence")
    if recorded > len(disclosures):
        raise InvalidInput("since", "the source recorded more than the file has; give the file that was interrupted")
    return disclosures[recorded:]


def read(file: str, form: str = "", handed_over: bool = True) -> list[Disclosure]:
    """Return the disclosures of a file, or of standard input for ``-``; raise InvalidInput for the first bad one.

    Without ``handed_over`` any outcome may be told, as corrections do.
    """
    kind = form or FORMATS.get(Path(file).suffix.lower(), "jsonl")
    if kind not in FORMATS.values():
        raise InvalidInput("format", "must be one of jsonl, json, yaml")
    try:
        text = (sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()).decode()
    except UnicodeDecodeError:
        raise InvalidInput("file", "not UTF-8") from None
    match kind:
        case "json":
            found: Iterable[Disclosure] = load_json(text)
        case "yaml":
            found = load_yaml(text)
        case _:
            found = load_json_lines(text.splitlines())
    disclosures = []
    for number, disclosure in enumerate(found, start=1):
        try:
            if handed_over:
                check_disclosure(disclosure)
            payload_plaintext(bytes(32), disclosure.keys, disclosure.record.to_json_object())
            disclosures.append(disclosure)
        except InvalidInput as error:
            raise InvalidInput(f"disclosure {number}", str(error)) from None
    if not disclosures:
        raise InvalidInput("file", "has no disclosure")
    return disclosures


def _deliver(receipt: Receipt, folder: Path | None, as_json: bool) -> None:
    path = None
    if folder is not None:
        path = folder / f"{receipt.source_id}-{receipt.sequence}.tlog-proof"
        write_whole(path, receipt.data)
    if as_json:
        facts: dict[str, Any] = {
            "index": receipt.index,
            "source": receipt.source_id,
            "sequence": receipt.sequence,
            "receipt": str(path) if path else None,
        }
        emit(facts)
    elif path is None:
        print(f"entry {receipt.index}: {receipt.source_id}:{receipt.sequence}")


def _progress(receipts: Iterator[Receipt], total: int) -> Iterator[Receipt]:
    console = Console(stderr=True)
    columns = (TextColumn("recording"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("recording", total=total)
        for receipt in receipts:
            progress.advance(task)
            yield receipt
