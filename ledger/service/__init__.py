"""The gRPC face of the ledger: authorisation, conversion, one error table, wiring."""
