"""What the ledger does in a second, beside the raw limit of the same bytes in the same run."""
