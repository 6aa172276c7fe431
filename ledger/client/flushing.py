"""What waits is signed and delivered, oldest first, in batches; what the log refuses for good moves aside."""

import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from ledger.client.range_receipt import Receipt
from ledger.client.waiting import WaitingRoom
from ledger.core.batch import MAX_BATCH
from ledger.core.building import Prepared, prepare
from ledger.core.errors import InvalidInput, Refused

Group = Sequence[tuple[int, Prepared]]
"""Numbers of the waiting room, ascending, with what is to be said of each."""

Say = Callable[[Group], Awaitable[None]]
"""Signs and delivers one group as one batch."""

Tell = Callable[[int, Receipt], None]
"""Takes the receipt of what waited under a number, before the waiting room forgets it."""

NOT_ITS_FAULT: Final = ("recorded_at", "request")
"""Fields that say nothing of the record: the clock is wrong, or the whole request was not understood."""


def gather(room: WaitingRoom, limit: int, more: int) -> list[tuple[int, Prepared]]:
    """Return what is to travel together next, at most ``limit`` bytes with ``more`` for each.

    What can never be said moves aside.
    """
    group: list[tuple[int, Prepared]] = []
    unfit: list[tuple[int, str]] = []
    size = 0
    for number, disclosure in room.oldest():
        try:
            prepared = prepare(disclosure, os.urandom)
        except InvalidInput as error:
            unfit.append((number, str(error)))
            continue
        size += prepared.size + more
        if len(group) == MAX_BATCH or (group and size > limit):
            break
        group.append((number, prepared))
    for number, reason in unfit:
        room.refuse(number, reason)
    return group


async def deliver(room: WaitingRoom, group: Group, say: Say) -> None:
    """Say a group; where the log refuses it, one by one, so that only what it refuses for good moves aside.

    Raises:
        InvalidInput, Refused: the log refuses the source, its clock or its batch, whatever the record; all of it waits.
    """
    try:
        await say(group)
    except (InvalidInput, Refused) as error:
        if not of_record(error):
            raise
        if len(group) == 1:
            room.refuse(group[0][0], str(error))
            return
        for item in group:
            await deliver(room, [item], say)


def of_record(error: InvalidInput | Refused) -> bool:
    """Return whether an error is about what a record says, and not about who says it or when."""
    if isinstance(error, InvalidInput):
        return error.field not in NOT_ITS_FAULT
    return type(error) is Refused
