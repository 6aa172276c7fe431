"""Somebody wants data out without an entry: what passes a release gate does not go before its receipt is there."""

from tests.scenarios.releasing import release
from tests.scenarios.stage import SIZE, Stage


def test_without_a_ledger_nothing_passes(scene: Stage) -> None:
    """A ledger that is switched off keeps the gate shut; once it is there again data passes, after its entry."""
    told = release(scene, "alpha")
    assert "error: the gate stays shut, nothing was recorded or handed over: failed to connect" in told
    with scene.served():
        release(scene, "alpha", code=0)
        rows = scene.call("ledger", "entries", f"{SIZE}:", "-p", "anyone", "--json").objects
    assert [row["body"] for row in rows][-2:] == ["DISCLOSURE", "DELIVERY"]
