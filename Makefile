# make run       every function on http://localhost:8080
# make test      all tests, with the coverage gate
# make quick     the tests that need no server, in half a minute
# make check     formatter, linter, type checker
# make doctors   bring doctors.json into the store
# make emulator  a Firestore on this machine, for make run STORE=firestore
# make proof     fifty thousand colliding operations on each store while things fail
# make bench     how fast it all is, beside bare programs and other ways; needs wrk
# make openapi   write openapi.json anew

PYTHON ?= python3
BIN := .venv/bin

GCLOUD_EMULATOR = $$(gcloud info --format='value(installation.sdk_root)')/platform/cloud-firestore-emulator/cloud_firestore_emulator

.PHONY: run test quick check doctors emulator proof bench openapi

run: .venv/local
	@$(BIN)/python -m shared.local_runner

doctors: .venv/local
	@$(BIN)/python -m shared.load_doctors

# To follow every line makes the simulations of the proof twice as slow, and shows nothing new.
test: .venv/dev
	$(BIN)/pytest -q --cov --cov-report=term-missing --ignore=tests/proof
	$(BIN)/pytest -q tests/proof

quick: .venv/dev
	$(BIN)/pytest -q -m 'not firestore' tests/unit tests/functions

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# The port is that of firebase.json. gcloud's emulator is started by its own script, because what
# gcloud starts leaves the terminal's process group, and would outlive Ctrl-C.
emulator:
	@echo 'FIRESTORE_EMULATOR_HOST=127.0.0.1:8085 GOOGLE_CLOUD_PROJECT=demo-local make run STORE=firestore'
	@if command -v gcloud >/dev/null && test -x "$(GCLOUD_EMULATOR)"; then \
		"$(GCLOUD_EMULATOR)" start --host=127.0.0.1 --port=8085 --rules=firestore.rules; \
	else \
		npx --yes firebase-tools@15 emulators:start --only firestore --project demo-local; \
	fi

proof: .venv/dev
	$(BIN)/python -m tests.proof

bench: .venv/dev
	$(BIN)/python -m benchmarks

openapi: .venv/local
	$(BIN)/python -m shared.openapi > openapi.json

.venv/local: requirements.txt requirements-local.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-local.txt
	@touch $@

.venv/dev: requirements-dev.txt .venv/local
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
