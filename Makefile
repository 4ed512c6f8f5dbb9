# make run       every function on http://localhost:8080
# make test      all tests, with the coverage gate
# make quick     the tests that need no server, in half a minute
# make check     formatter, linter, type checker, known vulnerabilities
# make doctors   bring doctors.json into the store
# make emulator  a Firestore on this machine, for make run STORE=firestore
# make proof     fifty thousand colliding operations on each store while things fail
# make bench     how fast it all is, beside bare programs and other ways; needs wrk
# make openapi   write openapi.json anew
# make lock      write requirements.txt anew, from requirements.in

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check
VULNERABILITIES := https://api.osv.dev/v1/query

GCLOUD_EMULATOR = $$(gcloud info --format='value(installation.sdk_root)')/platform/cloud-firestore-emulator/cloud_firestore_emulator

.PHONY: run test quick check doctors emulator proof bench openapi lock

run: .venv/local
	@$(BIN)/python -m shared.runtime.local_runner

doctors: .venv/local
	@$(BIN)/python -m shared.runtime.load_doctors

# To follow every line makes the simulations of the proof twice as slow, and shows nothing new.
test: .venv/dev
	$(BIN)/pytest -q --cov --cov-report=term-missing --ignore=tests/proof
	$(BIN)/pytest -q tests/proof

quick: .venv/dev
	$(BIN)/pytest -q -m 'not firestore' --ignore=tests/end_to_end --ignore=tests/deploy \
		--ignore=tests/proof

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	@if why=$$($(BIN)/python -c "$$ASK" 2>&1); then \
		$(BIN)/pip-audit --requirement requirements.txt --disable-pip --desc on \
			--progress-spinner off --vulnerability-service osv --osv-url $(VULNERABILITIES); \
	else \
		echo "known vulnerabilities NOT CHECKED: $$(echo "$$why" | tail -n 1)"; \
	fi

# pip-audit fails alike where it finds something and where nobody answers, so that is asked first.
define QUESTION
import requests
question = {"package": {"ecosystem": "PyPI", "name": "pip"}, "version": "1"}
requests.post("$(VULNERABILITIES)", json=question, timeout=3).raise_for_status()
endef
check: export ASK = $(QUESTION)

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
	$(BIN)/python -m shared.runtime.openapi > openapi.json

# Dependabot takes its options from the command in the file's header, so it stands there as it is.
lock: .venv/dev
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-strip-extras requirements.in --output-file requirements.txt

# What is locked comes first and alone: pip wants a hash of all that it installs, or of nothing.
.venv/local: requirements.txt requirements-local.txt
	$(PYTHON) -m venv .venv
	$(INSTALL) -r requirements.txt
	$(INSTALL) -r requirements-local.txt
	@touch $@

.venv/dev: requirements-dev.txt .venv/local
	$(INSTALL) -r requirements-dev.txt
	@touch $@
