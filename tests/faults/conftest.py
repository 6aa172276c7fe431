"""What the tests of the engine have: a log for each test, stopped behind it."""

from tests.engine.conftest import ledger

__all__ = ["ledger"]
