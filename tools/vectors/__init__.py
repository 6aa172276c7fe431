"""Generates the published test vectors and the record's schema from ``ledger.core`` and fixed seeds."""
