# `make` alone lists the targets. PYTHON=python3.12 chooses the interpreter (3.11 or newer).
.DEFAULT_GOAL := help
.SUFFIXES:
SHELL := /bin/sh
export PYTHON

PACKAGE ?= azure-cli
TIERS := unit contract intake house faults clients outside
# What an interpreter was asked for by name has stamps of its own, so another name sets up anew.
STAMP := $(if $(PYTHON),-$(notdir $(PYTHON)))
RUNTIME := .venv/.runtime$(STAMP)
DEV := .venv/.dev$(STAMP)
BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --quiet --system-certs --universal --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"
OURS := $(LOCK) --python-version 3.11 -c requirements/dev.txt
CLIENTS := pip uv twine poetry pdm
# A file's tests share what they start, so they stay together; in their order, the many short files last.
PYTEST_AT_ONCE := $(BIN)/pytest --numprocesses=auto --dist=loadfile --no-loadscope-reorder
FROM_3_11 := ansible-core check-jsonschema devpi-server pypiserver

.PHONY: .types .unit help setup quickstart run check fix lock test $(TIERS:%=test-%) bench docs build connect-pyz clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z][a-z<>-]*:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  make test-TIER    one tier: $(TIERS)"

setup: $(DEV) ## make .venv with everything that developing takes

quickstart: $(RUNTIME) ## see it work: PACKAGE=azure-cli through a feed into an empty environment; ONCE=1 stops at the end
	$(BIN)/feedgate quickstart $(PACKAGE) $(if $(ONCE),--once)

run: $(RUNTIME) ## serve from the platform's data folder on http://127.0.0.1:8080
	$(BIN)/feedgate serve

check: $(DEV) ## style, types, the import ladder and unit tests, within a minute
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-logo
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target .types .unit

.types:
	$(BIN)/mypy

.unit:
	$(BIN)/pytest tests/unit --quiet --numprocesses=2 --hypothesis-profile=quick

fix: $(DEV) ## let ruff repair and format what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: $(DEV) ## resolve anew every lock from what pyproject.toml asks for (UPGRADE=1 takes the newest)
	$(LOCK) --python-version 3.11 $(if $(UPGRADE),--upgrade) --group dev --group docs -o requirements/dev.txt pyproject.toml
	$(OURS) -o requirements/runtime.txt pyproject.toml
	cp requirements/runtime.txt pipelines/feedgate.lock
	$(OURS) -o requirements/build.txt requirements/build.in
	@for tool in $(CLIENTS); do \
		echo "$$tool" | $(LOCK) --python-version 3.9 $(if $(UPGRADE),--upgrade) \
			-c tests/clients/locks/constraints.in -o tests/clients/locks/$$tool.txt - || exit; done
	@for tool in $(FROM_3_11); do \
		echo "$$tool" | $(LOCK) --python-version 3.11 $(if $(UPGRADE),--upgrade) \
			-o tests/clients/locks/$${tool%-server}.txt - || exit; done
	@echo pypiserver | $(LOCK) --python-version 3.11 $(if $(UPGRADE),--upgrade) -o benchmarks/locks/pypiserver.txt -

test: $(DEV) ## every tier that this machine can run, and what was left out
	$(PYTEST_AT_ONCE) $(PYTEST)

$(TIERS:%=test-%): test-%: $(DEV)
	$(PYTEST_AT_ONCE) tests/$* $(PYTEST)

bench: $(DEV) ## intake, and sending to an index, beside the original way and the floor, medians of three
	$(BIN)/python -m benchmarks.intake $(BENCH)
	$(BIN)/python -m benchmarks.sending $(BENCH)
	$(BIN)/python -m benchmarks.advisories $(BENCH)

docs: $(DEV) ## the documentation, into docs/_build/html
	$(BIN)/sphinx-build -W -n -q -b html docs docs/_build/html

build: $(DEV) connect-pyz ## wheel and sdist, into dist/, and what connect-pyz makes
	$(BIN)/python -m build --no-isolation

connect-pyz: ## feedgate-connect.pyz and what carries it to a machine, into dist/machines/
	$(or $(PYTHON),python3) scripts/connect_pyz.py dist/machines

clean: ## remove what was made here, .venv too
	rm -rf .venv .tiers dist build docs/_build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage*

$(RUNTIME): requirements/runtime.txt requirements/build.txt pyproject.toml
	@scripts/setup runtime
	@touch $@

$(DEV): requirements/dev.txt pyproject.toml
	@scripts/setup dev
	@touch $@ $(RUNTIME)
