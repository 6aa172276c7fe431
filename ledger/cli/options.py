"""What the commands share: options, passphrases, ranges, times."""

import errno
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from ledger.client import keyfile
from ledger.client.keyfile import KeyFile, PublicHalf
from ledger.core.encoding import decode_decimal
from ledger.core.errors import InvalidInput
from ledger.core.rules import check_source_id

PASSPHRASE: Final = "LEDGER_PASSPHRASE"  # noqa: S105 -- the variable's name

ProfileOption = Annotated[
    Path,
    typer.Option("--profile", "-p", envvar="LEDGER_PROFILE", help="Profile file, or the directory that holds it."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output, for programs.")]


def passphrase_for(path: Path) -> Callable[[], bytes]:
    """Return how the passphrase of a key file is found: $LEDGER_PASSPHRASE, or asked for."""

    def ask() -> bytes:
        given = os.environ.get(PASSPHRASE)
        text = given if given is not None else typer.prompt(f"Passphrase of {path}", hide_input=True, err=True)
        return str(text).encode()

    return ask


def load_key(path: Path, kind: str) -> KeyFile:
    """Return the key at ``path``; raise InvalidInput unless it is of ``kind``."""
    key = keyfile.load(path, passphrase_for(path))
    if key.public.kind != kind:
        raise InvalidInput(str(path), f"is a key of kind {key.public.kind}; one of kind {kind} is needed")
    return key


def load_public(path: Path, kind: str) -> PublicHalf:
    """Return the public half at ``path``; raise InvalidInput unless it is of ``kind``."""
    half = keyfile.load_public(path)
    if half.kind != kind:
        raise InvalidInput(str(path), f"is a key of kind {half.kind}; one of kind {kind} is needed")
    return half


def parse_range(text: str) -> tuple[int, int | None]:
    """Return [begin, end) of ``5``, ``5:9``, ``5:`` or ``:9``; the end is None up to the last entry."""
    begin, separator, end = text.partition(":")
    if not all(part.isascii() and (part.isdecimal() or not part) for part in (begin, end)) or text == "":
        raise InvalidInput("range", "must be INDEX, BEGIN:END, BEGIN: or :END")
    first = decode_decimal(begin or "0", "range")
    if not separator:
        return first, first + 1
    stop = decode_decimal(end, "range") if end else None
    if stop is not None and stop <= first:
        raise InvalidInput("range", "its end must lie after its begin")
    return first, stop


def parse_where(text: str) -> int | tuple[str, int]:
    """Return an index, or a source id and a sequence, of INDEX or SOURCE:SEQUENCE."""
    source, separator, number = text.rpartition(":")
    if not (number.isascii() and number.isdecimal()):
        raise InvalidInput("entry", "must be INDEX or SOURCE:SEQUENCE")
    place = decode_decimal(number, "entry")
    return (check_source_id(source), place) if separator else place


def minute_text(minute: int) -> str:
    """Return a minute since the epoch as people write it, UTC."""
    return datetime.fromtimestamp(minute * 60, UTC).strftime("%Y-%m-%d %H:%M")


def refuse_existing(path: Path) -> None:
    """Raise FileExistsError if something is at ``path`` already."""
    if path.exists():
        raise FileExistsError(errno.EEXIST, "exists already; nothing was changed", str(path))


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: under another name first, then renamed."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_bytes(data)
    temporary.replace(path)
