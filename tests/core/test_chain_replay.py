"""Replaying a batch says what its source's next one has to follow."""

from ledger.core.chain import LogState
from tests.core.world import mixed


def test_what_a_replayed_batch_is_bound_by() -> None:
    """The digest returned is the one that the source's head names from then on."""
    first, *rest = [item.batch for item in mixed().placed]
    state = LogState.open(first)
    for batch in rest:
        digest = state.replay(batch)
        assert digest == state.sources[batch.source_id].previous
        assert len(digest) == 32
