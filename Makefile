# make run    every function on http://localhost:8080
# make test   all tests, with the coverage gate
# make check  formatter, linter, type checker
# make doctors  bring doctors.json into the store

PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test check doctors openapi

run: .venv/local
	@$(BIN)/python -m shared.local_runner

doctors: .venv/local
	@$(BIN)/python -m shared.load_doctors

test: .venv/dev
	$(BIN)/pytest --cov --cov-report=term-missing

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

openapi: .venv/local
	$(BIN)/python -m shared.openapi > openapi.json

.venv/local: requirements.txt requirements-local.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-local.txt
	@touch $@

.venv/dev: requirements-dev.txt .venv/local
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
