# 便民 Bianmin. `make help` lists the targets. Two commands are enough: `make demo` and `make test`.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PY := .venv/bin/python
ARGS ?=
PYTEST ?= $(PY) -m pytest -q -n auto

.PHONY: help run-env test-env demo test check format lint types imports unit integration e2e faults bench migrations docs clean

help:  ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

run-env:
	@scripts/bootstrap.sh run

test-env:
	@scripts/bootstrap.sh test

demo: run-env  ## four real nodes on this machine play a working morning (ARGS="--exit --json …")
	@.venv/bin/bianmin demo $(ARGS)

test: test-env  ## every test, real PostgreSQL and a real browser included
	@$(MAKE) --no-print-directory check
	@$(MAKE) --no-print-directory faults KILLS=50
	@$(MAKE) --no-print-directory e2e

check: test-env lint types imports unit integration  ## format, lint, types, imports, unit and integration tests

format: test-env  ## rewrite the source in the one style
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

lint: test-env
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .

types: test-env
	$(PY) -m mypy

imports: test-env
	.venv/bin/lint-imports

unit: test-env  ## rules and values: no database, no network
	$(PYTEST) tests/unit tests/vectors tests/architecture

integration: test-env  ## on SQLite and on a real PostgreSQL
	$(PYTEST) tests/integration

KILLS ?= 500
faults: test-env  ## kill, cut, restore (KILLS=500)
	BIANMIN_KILLS=$(KILLS) $(PYTEST) tests/faults

e2e: test-env  ## four processes and a browser; writes build/screens/
	$(PY) -m pytest -q tests/e2e

bench: test-env  ## the ratios of docs/performance.md
	.venv/bin/bianmin bench $(ARGS)

migrations: test-env  ## rewrite node/migrations/versions after a change of a table
	$(PY) -m node.migrations.regenerate

docs: test-env  ## rewrite the generated parts of docs/
	$(PY) -m pytest -q tests/architecture

clean:
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis
