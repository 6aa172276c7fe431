"""The operator's command: set a ledger up, govern it, check its store."""
