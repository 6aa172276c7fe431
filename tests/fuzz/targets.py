"""Every parser that takes bytes from outside."""

from typing import Final

from tests.fuzz import of_files, of_notes, of_records, of_statements
from tests.fuzz.driving import Target

TARGETS: Final[dict[str, Target]] = {
    target.name: target
    for target in (*of_notes.TARGETS, *of_statements.TARGETS, *of_records.TARGETS, *of_files.TARGETS)
}
