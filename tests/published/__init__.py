"""The published test vectors through ``ledger.core``, read as anybody reads them: from their JSON."""
