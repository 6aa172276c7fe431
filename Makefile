# One command is the whole gate: make test. It sets up what it needs.
PY := .venv/bin/python
STAMP := .venv/.installed

.PHONY: test setup generate format clean

setup: $(STAMP)

$(STAMP): pyproject.toml
	@python3 -c 'import ensurepip' || { echo "python3-venv is missing: apt-get install python3-venv"; exit 1; }
	python3 -m venv .venv
	.venv/bin/pip install --quiet --upgrade pip
	.venv/bin/pip install --quiet -e '.[dev]'
	touch $(STAMP)

test: $(STAMP)
	@echo "== formatting" && .venv/bin/ruff format --check .
	@echo "== lint" && .venv/bin/ruff check .
	@echo "== types" && .venv/bin/mypy
	@echo "== import contracts" && .venv/bin/lint-imports
	@echo "== generated code" && tools/generate.sh --check
	@echo "== tests" && .venv/bin/coverage erase && .venv/bin/pytest --durations=10 --cov --cov-report=
	@echo "== coverage: core 100 %" && .venv/bin/coverage report --include='ledger/core/*' --fail-under=100
	@echo "== coverage: the rest 95 %" && .venv/bin/coverage report --omit='ledger/core/*,ledger/v1/*' --fail-under=95

generate: $(STAMP)
	tools/generate.sh

format: $(STAMP)
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .import_linter_cache
