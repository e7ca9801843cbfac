# Every target makes its own environment in .venv; `make` alone says what there is.
PYTHON ?= python3
DEMO_OUT ?= runs/demo
MIN_COVERAGE ?= 90
PYTEST_ARGS ?=

BIN := .venv/bin
INSTALLED := .venv/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.PHONY: help demo test check clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16
	@echo "Variables: PYTHON=$(PYTHON) DEMO_OUT=$(DEMO_OUT) MIN_COVERAGE=$(MIN_COVERAGE) PYTEST_ARGS=$(PYTEST_ARGS)"

demo: $(INSTALLED) ## sweep the embedded digits; goes on where an earlier demo was interrupted
	@sh examples/demo.sh $(BIN)/ganorch "$(DEMO_OUT)"

test: check ## run the checks, then every test with coverage
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --cov --cov-report=term:skip-covered \
		--cov-fail-under=$(MIN_COVERAGE) $(PYTEST_ARGS)

check: $(INSTALLED) ## lint, format, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --explicit-package-bases tests
	$(BIN)/mypy --explicit-package-bases benchmarks
	$(BIN)/lint-imports --no-logo

clean: ## remove .venv and caches; never touches runs/
	rm -rf .venv build *.egg-info .coverage .pytest_cache .mypy_cache .ruff_cache \
		.import_linter_cache .hypothesis

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "'$(PYTHON)' is no Python 3.11 or newer; name one: make PYTHON=/path/to/python3.11" >&2; \
		exit 1; }
	@echo "Installing into .venv (minutes the first time)"
	@$(PYTHON) -m venv .venv
	@$(PIP) install --quiet --progress-bar off -c constraints.txt -e ".[dev]"
	@touch $@
