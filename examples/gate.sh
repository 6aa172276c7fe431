#!/bin/sh
# Hand a file over by any program: examples/gate.sh PROFILE RECORD ARTIFACT OUTBOX
set -eu
ledger gate --profile "$1" --record "$2" --artifact "$3" --timeout 10 -- \
  sh -c 'cp "$LEDGER_ARTIFACT" "$0/by-command" && cp "$LEDGER_RECEIPT" "$0/by-command.tlog-proof"' "$4"
