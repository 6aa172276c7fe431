"""Tests of ledger.host."""
