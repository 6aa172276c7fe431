"""The ``ledger`` command: record, read, verify, audit, serve."""
