"""Every parser that takes bytes from outside."""

from typing import Final

from tests.fuzz import of_files, of_notes, of_records, of_statements, of_witnesses
from tests.fuzz.driving import Target

TARGETS: Final[dict[str, Target]] = {
    target.name: target
    for module in (of_notes, of_statements, of_records, of_files, of_witnesses)
    for target in module.TARGETS
}
