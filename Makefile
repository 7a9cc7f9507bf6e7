# make demo   set everything up, serve a sample site on loopback, crawl it with the real command
# make test   set everything up, run the tests; they wait more than they work, so four at a time
# make chaos  kill, stop, fill and cut at random for half an hour; CHAOS_SEED and CHAOS_ROUNDS choose the dice
# make fuzz   read hard pages with and without a tree for ten minutes, and compare; FUZZ="SECONDS SEED" or a folder of pages
# make docs   write the tables of README, docs/commands.md and docs/reference.md anew from the code
# make sites  write sample_sites/wiki and news anew, and what a crawl must find there
# make check  what CI runs before the tests: ruff, mypy, and whether a dependency has a known hole

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test chaos fuzz check docs sites clean

demo: $(VENV)/ready
	$(BIN)/crawlpool demo

# Hundreds of commands are started: none should compile the package anew.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(VENV)/ready
	$(BIN)/python -m pytest --numprocesses 4 --dist worksteal

chaos: export CHAOS_SEED ?= $(shell date +%s)
chaos: export CHAOS_ROUNDS ?= 10
chaos: $(VENV)/ready
	$(BIN)/python -m pytest tests/chaos

fuzz: $(VENV)/ready
	$(BIN)/python -m tests.fuzz $(FUZZ)

check: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python .ci/audit.py

docs: $(VENV)/ready
	$(BIN)/python -m tests.doctables

sites: $(VENV)/ready
	$(BIN)/python -m sample_sites.make

$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) dist build
