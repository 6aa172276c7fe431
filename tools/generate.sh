#!/usr/bin/env bash
# Generates ledger/v1 from protos/; with --check fails when the committed code is stale.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
PATH="$(dirname "$python"):$PATH" "$python" -m grpc_tools.protoc -Iprotos \
  --python_out="$out" --grpc_python_out="$out" --mypy_out="$out" --mypy_grpc_out="$out" protos/ledger/v1/*.proto
echo '"""Generated from protos/ledger/v1 by tools/generate.sh; never edited."""' > "$out/ledger/v1/__init__.py"
# A file without a service has no gRPC half.
for name in statement receipt; do rm -f "$out/ledger/v1/${name}_pb2_grpc.py" "$out/ledger/v1/${name}_pb2_grpc.pyi"; done
if [ "${1:-}" = --check ]; then
  diff -r -x __pycache__ "$out/ledger/v1" ledger/v1 || { echo "ledger/v1 is stale: run make generate" >&2; exit 1; }
else
  rm -rf ledger/v1 && cp -r "$out/ledger/v1" ledger/v1
fi
