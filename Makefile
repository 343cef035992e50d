# What a developer types. `make` alone lists the targets; each prepares what it needs by itself, once.

PYTHON ?= python3
JOBS ?= 2
PORT ?=
CHECK ?=
ARGS ?=

# Stamps of tools/setup.sh: the package alone, a browser to drive, everything for the tests, other browsers, the bench.
RUNTIME := .venv/.stamp-runtime
BROWSER := .venv/.stamp-browser
TOOLS := .venv/.stamp-test
BROWSERS := .venv/.stamp-browsers
BENCH := .venv/.stamp-bench
PYTEST := .venv/bin/python -m pytest

# `node` may come from the environment (see tools/setup.sh).
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help setup demo playground test test-full check format bless bench race

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(TOOLS) ## prepare everything for development: Python packages, Node, Chromium

demo: $(if $(CHECK),$(BROWSER),$(RUNTIME)) ## serve the demo (PORT=8000); CHECK=1 tries it in a real browser instead
	.venv/bin/fanlight demo $(if $(PORT),--port $(PORT)) $(if $(CHECK),--check)

playground: $(TOOLS) ## build and serve the playground (PORT=8000): Python and the compiler in the browser
	.venv/bin/python examples/playground/build.py examples/playground/site
	.venv/bin/fanlight serve examples/playground/site $(if $(PORT),--port $(PORT))

test: check ## what every change passes: the checks, then the tests (up to 15 minutes on 2 cores)
	$(PYTEST) -n $(JOBS) $(ARGS)

test-full: check $(BROWSERS) ## every configuration, front end and browser (up to 60 minutes)
	$(PYTEST) -n $(JOBS) --full --durations=20 $(ARGS)

check: $(TOOLS) ## style, types, rooms, lengths, budgets: no code of the project runs in a browser
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	node_modules/.bin/pyright
	$(if $(shell find src/fanlight/web -name '*.js' 2>/dev/null),node_modules/.bin/tsc --project tsconfig.json)
	$(PYTEST) -q tests/test_rooms.py tests/test_budgets.py

format: $(TOOLS) ## rewrite Python files in the project's style
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

bless: $(TOOLS) ## rewrite the golden files from what the code gives now; read the diff
	$(PYTEST) -n $(JOBS) --bless --full $(ARGS)

bench: $(BENCH) ## measure speed beside the peers (never part of the tests)
	.venv/bin/python bench/run.py $(ARGS)

race: $(TOOLS) ## a page in which TensorFlow.js and Fanlight train the same network side by side (PORT=8001); CHECK=1 runs it once
	.venv/bin/python bench/race/race.py $(if $(PORT),--port $(PORT)) $(if $(CHECK),--check)

$(RUNTIME): pyproject.toml tools/setup.sh
	@tools/setup.sh runtime
	@touch $@

$(BROWSER): $(RUNTIME)
	@tools/setup.sh browser
	@touch $@

$(BROWSERS): $(TOOLS)
	@tools/setup.sh browsers
	@touch $@

$(BENCH): $(TOOLS)
	@tools/setup.sh bench
	@touch $@

$(TOOLS): $(RUNTIME) package-lock.json
	@tools/setup.sh test
	@touch $@
