# Two commands are all: make demo runs the main job, make test is the whole gate. Each sets up what it needs.
PY := .venv/bin/python
RUNTIME := .venv/.runtime
STAMP := .venv/.installed

.PHONY: demo test bench crash syscalls damage clients releases overload soak witness fuzz mutation setup generate vectors format clean

demo: $(RUNTIME)
	@.venv/bin/ledger demo $(ARGS)

setup: $(STAMP)

$(RUNTIME): pyproject.toml
	@python3 -c 'import ensurepip' 2>/dev/null || { echo "python3-venv is missing: apt-get install python3-venv"; exit 1; }
	@echo "== setting up .venv"
	@python3 -m venv .venv
	@.venv/bin/pip install --quiet --disable-pip-version-check -e .
	@touch $(RUNTIME)

$(STAMP): $(RUNTIME)
	@echo "== installing what the tests need"
	@.venv/bin/pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $(STAMP)

test: $(STAMP)
	@echo "== formatting" && .venv/bin/ruff format --check .
	@echo "== lint" && .venv/bin/ruff check .
	@echo "== types" && .venv/bin/mypy
	@echo "== import contracts" && .venv/bin/lint-imports
	@echo "== generated code" && tools/generate.sh --check
	@echo "== vectors" && $(PY) -m vectors --check
	@echo "== tests" && .venv/bin/coverage erase && .venv/bin/pytest -n 2 --dist loadfile --durations=10 --cov --cov-report=
	@echo "== coverage: core 100 %" && .venv/bin/coverage report --include='ledger/core/*' --fail-under=100
	@echo "== coverage: the rest 95 %" && .venv/bin/coverage report --omit='ledger/core/*,ledger/v1/*' --fail-under=95

# A table, then one JSON object as the last line; QUICK=1 stays within 50 seconds.
bench: $(STAMP)
	@$(PY) -m bench $(if $(QUICK),--quick)

# The long forms of the campaigns whose short forms make test runs; ARGS="--help" explains each.
crash syscalls damage clients releases overload soak witness: $(STAMP)
	@$(PY) -m tests.faults $@ $(ARGS)

fuzz: $(STAMP)
	@$(PY) -m tests.fuzz $(ARGS)

mutation: $(STAMP)
	@$(PY) -m mutation $(ARGS)

generate: $(STAMP)
	tools/generate.sh

vectors: $(STAMP)
	$(PY) -m vectors

format: $(STAMP)
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .import_linter_cache
