# The commands a person types. Everything is installed into .venv, from pinned and hashed requirements.
.PHONY: demo test fuzz bench lint schemas publish broker dev requirements contract clean help
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Most tests wait for a broker or a process: three at a time use two cores well. -n 0 for one by one.
PYTEST_ARGS ?= -n 3 --dist loadfile

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: $(VENV)/.run ## install, start real Kafka, the four services and a stand-in for Meta; show it at work
	@$(BIN)/saath demo

dev: $(VENV)/.run ## the same set-up, kept running, for your own bot
	@$(BIN)/saath dev

test: $(VENV)/.test ## all tests, on a real Kafka broker
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

fuzz: $(VENV)/.test ## odd requests at ingest's door, FUZZ_CASES of them (20000), others every time
	@FUZZ_CASES=$${FUZZ_CASES:-20000} $(BIN)/python -m pytest tests/fuzz $(PYTEST_ARGS)

bench: $(VENV)/.test ## how fast it is here, beside a bare loop in the same run
	@for found in tests/benchmarks/*/__main__.py; do \
		$(BIN)/python -m $$(dirname $$found | tr / .) || exit; done

lint: $(VENV)/.test ## format, lint, types, import rules, schema drift
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m saath.schemas --check

schemas: $(VENV)/.test ## rewrite the JSON Schemas and the AsyncAPI document from the models
	$(BIN)/python -m saath.schemas

publish: $(VENV)/.test ## keep the schemas as they are, for a release: nothing after may break them
	$(BIN)/python -m saath.schemas --publish

contract: $(VENV)/.test ## rewrite the expected events of the contract tests' webhook bodies
	$(BIN)/python -m tests.contract.rewrite

broker: $(VENV)/.run ## a real Kafka to play with, on 127.0.0.1:9092
	@$(BIN)/python -m saath_local

requirements: $(VENV)/.test ## pin again what pyproject.toml asks for
	$(BIN)/uv pip compile pyproject.toml --extra dev --group build --universal --python-version 3.11 \
		--generate-hashes --no-annotate --custom-compile-command "make requirements" \
		--quiet --output-file requirements/run.txt
	$(BIN)/uv pip compile pyproject.toml --extra dev --group build --group test --group lint --universal \
		--python-version 3.11 --generate-hashes --no-annotate --custom-compile-command "make requirements" \
		--constraint requirements/run.txt --quiet --output-file requirements/test.txt

clean: ## remove what was installed and built
	rm -rf $(VENV) .saath dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Saath needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: requirements/test.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing into $(VENV), with the test tools …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.run
