"""``ledger demo``: the main job on published figures, with real processes and real keys, every claim checked."""
