.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
PORT ?= 7071
REQUESTS ?= 2000
SEED ?= 1
NODE := lint/node_modules/.bin
MYPY := services stores settings.py wiring functions local bench soak audit package infra/preview.py

.PHONY: help setup run reset test test-deep lint format bench soak audit package requirements
help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

setup: ## Install what a desk needs (make run and make test do it too)
	@local/setup.sh

run: setup ## Start the counter on http://127.0.0.1:7071 (PORT=7081 moves it); Ctrl-C stops it
	@exec $(PYTHON) -m local --port $(PORT)

reset: setup ## Forget the data of the desk on PORT
	@$(PYTHON) -m local --port $(PORT) --reset

test: ## Run the tests, browser tests included; make test-deep runs those that it leaves to the night
	@local/setup.sh tests
	@$(PYTHON) -m pytest

test-deep: ## Run what make test leaves out (docs/testing.md): every fault point, storms of 500 households, fresh searches
	@local/setup.sh tests
	@$(PYTHON) -m pytest -m deep --ignore=tests/house
	@$(PYTHON) -m pytest -m deep -n 0 tests/house
	@HOUSEHOLDS=500 $(PYTHON) -m pytest -n 0 tests/stores/pickup/test_reservations.py tests/stores/pickup/test_splits.py
	@$(PYTHON) -m pytest -n 0 --hypothesis-profile=long tests/services/case/test_machine.py tests/services/pickup/test_old_reads.py

lint: ## Check style, types and the direction of imports, of Python and of JavaScript
	@local/setup.sh lint
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy $(MYPY)
	@.venv/bin/lint-imports --no-logo
	@$(NODE)/eslint -c lint/eslint.config.js web/static local/emulators lint
	@$(NODE)/openapi-typescript docs/openapi.yaml -o lint/openapi.d.ts >/dev/null
	@for project in web web/tsconfig.worker.json local/emulators; do $(NODE)/tsc -p $$project || exit 1; done
	@$(NODE)/depcruise --config lint/imports.js web/static/staff local/emulators

format: setup ## Put the code into the house style
	@$(PYTHON) -m ruff check --fix -q .
	@$(PYTHON) -m ruff format -q .

bench: setup ## Measure cost and latency; prints ratios from one run
	@$(PYTHON) -m bench

soak: setup ## Kill and starve a desk under load, then check that nothing is lost (REQUESTS=200 for a trial)
	@$(PYTHON) -m soak --requests $(REQUESTS) --seed $(SEED)

audit: setup ## Ask for known weaknesses of every package; write docs/licences.md and .audit/sbom.cdx.json
	@.venv/bin/uv venv -q --allow-existing --python $(PYTHON) .audit/tools
	@.venv/bin/uv pip sync -q --python .audit/tools --require-hashes audit/requirements.txt
	@$(PYTHON) -m audit

package: setup ## Build what is published into .package, from the locked hashes; prints its size
	@$(PYTHON) -m package

requirements: setup ## Compile every requirements.txt from its requirements.in
	@for name in requirements requirements-dev audit/requirements; do \
	  .venv/bin/uv pip compile -q --python $(PYTHON) --generate-hashes --no-emit-index-url \
	    --custom-compile-command 'make requirements' $$name.in -o $$name.txt; done
