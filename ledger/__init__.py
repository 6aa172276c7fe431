"""The disclosure ledger: a verifiable record of every handover of user data."""
