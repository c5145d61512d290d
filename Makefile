# Konzern from a clone: `make demo` to see it, `make test` to check it. One environment, .venv, from hashed lock files.
# The demo lock is a part of the test lock, so that either command may come first and the other only adds.

PYTHON ?= python3
# pytest workers; 0 runs everything in one process
WORKERS ?= 2
# make lock upgrade=1 takes the newest versions, without it only what pyproject.toml asks for moves
upgrade ?=
# size of the book that make bench measures on: S, M or L (10 thousand, 100 thousand, 1 million parties)
SCALE ?= L

BIN := .venv/bin
ROOMS := graph ingest exposure app cypher
BENCHES = $(filter-out bench/generate_book.py bench/make_sample.py bench/clock.py bench/majority.py,$(wildcard bench/*.py))
# the file that the generator writes last
BOOK = .bench/$(SCALE)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test soak lint format types layers docs bench lock clean

help: ## this list
	@sed -nE 's/^([a-z]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: .venv/demo.stamp ## install, then the sample banking group, analysed
	$(BIN)/konzern demo

test: .venv/test.stamp ## install what tests need too, then every test and every example in a docstring
	$(BIN)/pytest -n $(WORKERS)

soak: .venv/test.stamp ## the long randomised tests
	@$(BIN)/pytest -n $(WORKERS) -m soak --hypothesis-profile=soak || { status=$$?; \
	  [ $$status -eq 5 ] || exit $$status; echo "make soak: no test is marked soak yet, nothing to run"; }

lint: .venv/test.stamp ## ruff: rules and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: .venv/test.stamp ## let ruff mend what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: .venv/test.stamp ## mypy, strict
	$(BIN)/mypy

layers: .venv/test.stamp ## import-linter: who may import whom
	$(BIN)/lint-imports

docs: .venv/demo.stamp ## write the pages of docs/ that are made from the code, and the sessions that README quotes
	$(BIN)/python -m app.documents

bench: .venv/test.stamp $(BOOK)/pledges.parquet ## every promise of bench/ on a synthetic book (SCALE=S, M or L)
	@set -e; for bench in $(BENCHES); do echo "$$bench $(BOOK)"; $(BIN)/python $$bench $(BOOK); done

$(BOOK)/pledges.parquet: bench/generate_book.py | .venv/test.stamp
	$(BIN)/python bench/generate_book.py $(BOOK) $(SCALE)

# The lock files name versions and hashes, no address: they hold wherever the packages come from.
lock: .venv/test.stamp ## refresh requirements/ from pyproject.toml (upgrade=1: to the newest versions)
	$(call compile,dev,test)
	$(call compile,build,demo) --constraint requirements/test.txt
compile = $(BIN)/uv pip compile pyproject.toml --extra $(1) --output-file requirements/$(2).txt --quiet --universal \
  --generate-hashes --python-version 3.11 --no-annotate --custom-compile-command "make lock" $(if $(upgrade),--upgrade)

clean: ## remove all that make made
	rm -rf .venv .bench .artifacts .hypothesis .pytest_cache .ruff_cache .mypy_cache .import_linter_cache dist
	find $(ROOMS) tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is written last: an interrupted step is done again as a whole.
.venv/venv.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Konzern needs Python 3.11 or newer, and $(PYTHON) is: $$($(PYTHON) --version 2>&1 || true)."; \
	  echo "Name one that you have: make PYTHON=python3.12 demo" ; exit 1; } >&2
	$(PYTHON) -m venv --clear .venv
	touch $@

# pip refuses an editable install under --require-hashes, hence the two steps; the build backend comes with the lock.
install = $(BIN)/pip install --require-hashes -r requirements/$(1).txt && \
  $(BIN)/pip install --no-deps --no-build-isolation --editable .

.venv/demo.stamp: .venv/venv.stamp requirements/demo.txt pyproject.toml
	$(call install,demo)
	touch $@

.venv/test.stamp: .venv/venv.stamp requirements/test.txt pyproject.toml
	$(call install,test)
	touch .venv/demo.stamp $@
