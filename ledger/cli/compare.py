"""``ledger compare``: are two views of a log one history? If not, a file convicts the log."""

from pathlib import Path
from typing import Annotated, Final

import typer

from ledger.audit.compare import View, key_in, view_of
from ledger.audit.compare import compare as compare_views
from ledger.cli.evidence import read_evidence, split_facts, split_sentence
from ledger.cli.options import JsonOption, refuse_existing, write_whole
from ledger.cli.outcome import DISPROVEN, command, emit, printable, say
from ledger.cli.verify import load_log
from ledger.client import profile
from ledger.core.errors import ConfigInvalid
from ledger.core.note import VKey
from ledger.core.split import ProvenSplit, verify_split
from ledger.tiles.fetching import HttpSource
from ledger.tiles.source import FolderSource, Source

EVIDENCE: Final = Path("split.evidence")


def compare(
    one: Annotated[str, typer.Argument(metavar="A", help="A checkpoint, a receipt, a folder or URL of tiles.")],
    other: Annotated[str, typer.Argument(metavar="B", help="Another, from somebody else or from another time.")],
    log: Annotated[str | None, typer.Option("--log", help="The log's verifier key, or a file that holds it.")] = None,
    profile_path: Annotated[
        Path | None,
        typer.Option("--profile", "-p", envvar="LEDGER_PROFILE", help="Profile that names the key, without --log."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where evidence is written, over nothing.")] = EVIDENCE,
    as_json: JsonOption = False,
) -> None:
    """Hold two views of a log against each other; exit 1 and write evidence when it signed two histories."""
    with command():
        given = {name: _given(name) for name in (one, other)}
        key = _key(log, profile_path, given)
        views = [view_of(name, given[name], key) for name in (one, other)]
        evidence = compare_views(views[0], views[1], key)
        if evidence is None:
            _tell_one(sorted(views, key=lambda view: view.size), as_json)
            return
        _tell_two(verify_split(evidence), evidence, _written(out, evidence), as_json)
        raise typer.Exit(DISPROVEN)


def _given(text: str) -> bytes | Source:
    if "://" in text:
        return HttpSource(text)
    path = Path(text)
    return FolderSource(path) if path.is_dir() else read_evidence(path)


def _key(log: str | None, profile_path: Path | None, given: dict[str, bytes | Source]) -> VKey:
    """Return the key that both views must be signed with, and say where it is from unless it was given."""
    if log is not None:
        return load_log(log)
    if profile_path is not None:
        return _said(VKey.parse(profile.load(profile_path).vkey), str(profile_path))
    for name, data in given.items():
        found = key_in(data) if isinstance(data, bytes) else None
        if found is not None:
            return _said(found, f"the opening of the log in {name}")
    raise ConfigInvalid(["--log: missing, and neither a profile nor a receipt says the log's key"])


def _said(key: VKey, where: str) -> VKey:
    say(printable(f"the log's key is taken from {where}: {key.format()}"))
    return key


def _written(out: Path, evidence: bytes) -> Path | None:
    """Write evidence and return where, or say why not: it goes to standard output then, and is never lost."""
    try:
        refuse_existing(out)
        write_whole(out, evidence)
    except OSError as error:
        say(f"{out}: {error.strerror or type(error).__name__}; the evidence is on standard output")
        return None
    return out


def _tell_two(proven: ProvenSplit, evidence: bytes, written: Path | None, as_json: bool) -> None:
    if as_json:
        text = {} if written else {"evidence_text": evidence.decode()}
        emit({"verdict": "disproven", **split_facts(proven), "evidence": written and str(written), **text})
    elif written:
        print(split_sentence(proven))
        print(f"evidence: {written}")
    else:
        say(split_sentence(proven))
        print(evidence.decode(), end="")


def _tell_one(by_size: list[View], as_json: bool) -> None:
    small, large = by_size
    if as_json:
        sizes = {"tree_sizes": [small.size, large.size], "root": large.signed.checkpoint.root.hex()}
        emit({"verdict": "proven", "kind": "one history", "origin": large.signed.checkpoint.origin, **sizes})
    elif small.size == large.size:
        print(f"one history: both have the same {large.size} entries")
    else:
        print(f"one history: the {large.size} entries of {large.name} begin with the {small.size} of {small.name}")
