"""Generated from protos/ledger/v1 by tools/generate.sh; never edited."""
