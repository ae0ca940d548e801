# What a contributor and the CI run, by the same names. `make install` first; then `make check`.
# Another interpreter: make install PYTHON=python3.13. Another environment: make check VENV=../env.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: help install check static format types imports docs-fresh test proof bench prices docs completions

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

install:  ## an environment with the program, editable, and the tools
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -e '.[dev]'

check: static test  ## everything a change has to pass

static: format types imports docs-fresh  ## the checks that run no test

format:  ## layout and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types:  ## mypy, strict
	$(BIN)/mypy

imports:  ## the contracts of .importlinter
	$(BIN)/lint-imports --no-logo

docs-fresh:  ## docs/reference.md says what the program says
	$(BIN)/python docs/generate.py --check

test:  ## the tests, warnings as errors
	$(BIN)/python -m pytest -W error

proof:  ## the long proofs, and the tests again: more generated cases, and each run of the program started anew
	$(BIN)/python -m pytest -W error -m proof -n 0
	$(BIN)/python -m pytest -W error --anew --hypothesis-profile=thorough

bench:  ## the figures of the README beside their yardsticks
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.serving

prices:  ## compare the shipped prices with those of genai-prices
	$(BIN)/python -m benchmarks.prices

docs:  ## write docs/reference.md again
	$(BIN)/python docs/generate.py

completions:  ## write completions/ again
	for shell in bash zsh fish; do $(BIN)/claude-cli completions $$shell >completions/claude-cli.$$shell || exit; done
