# Every verb works on a fresh clone: what is missing is installed into .venv first.
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help

help:  ## show the verbs
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

.venv/installed: pyproject.toml constraints.txt
	@echo "Installing into .venv (minutes the first time) …"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[book,grade,dev]'
	@touch $@

install: .venv/installed  ## create .venv with everything the book needs

book: install  ## run what is stale, build the site
	@$(BIN)/qkv run
	@$(BIN)/qkv build

serve: install  ## show the built site on http://localhost:8000
	@$(BIN)/qkv serve

lab: install  ## open JupyterLab on the chapters
	@$(BIN)/jupyter lab --notebook-dir=chapters

clean:  ## remove what was built (not .venv)
	@rm -rf _build .pytest_cache .ruff_cache
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

.PHONY: help install book serve lab clean
