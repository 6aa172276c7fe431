"""Every parser that takes bytes from outside."""

from typing import Final

from tests.fuzz import (
    of_convictions,
    of_files,
    of_kept,
    of_lives,
    of_notes,
    of_opened,
    of_records,
    of_statements,
    of_witnesses,
)
from tests.fuzz.driving import Target

TARGETS: Final[dict[str, Target]] = {
    target.name: target
    for module in (
        *(of_notes, of_statements, of_records, of_files, of_witnesses, of_opened, of_convictions),
        *(of_kept, of_lives),
    )
    for target in module.TARGETS
}
