"""Replaying a batch says what it changes, and moves its source's head."""

from ledger.core.chain import LogState
from ledger.core.life import Lives
from tests.core.world import mixed


def test_a_replayed_batch_is_what_its_source_follows_next() -> None:
    """Each batch moves its source's head, and disclosures alone change the life of no other entry."""
    first, *rest = [item.batch for item in mixed().placed]
    state, heads = LogState.open(first), set()
    for batch in rest:
        assert state.replay(batch, Lives().find) == {}
        heads.add(state.sources[batch.source_id].previous)
    assert len(heads) == len(rest)
