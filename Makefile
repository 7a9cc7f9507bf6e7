# make demo   set everything up, serve a sample site on loopback, crawl it with the real command
# make test   set everything up, run the tests; they wait more than they work, so three at a time
# make chaos  kill, stop, fill and cut at random for half an hour; CHAOS_SEED and CHAOS_ROUNDS choose the dice
# make check  what CI runs before the tests: ruff, mypy, and whether a dependency has a known hole

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test chaos check clean

demo: $(VENV)/ready
	$(BIN)/crawlpool demo

test: $(VENV)/ready
	$(BIN)/python -m pytest --numprocesses 3 --dist worksteal

chaos: export CHAOS_SEED ?= $(shell date +%s)
chaos: export CHAOS_ROUNDS ?= 10
chaos: $(VENV)/ready
	$(BIN)/python -m pytest tests/chaos

check: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python .ci/audit.py

$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) dist build
