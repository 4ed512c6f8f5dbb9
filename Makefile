# make run       serve every function on http://localhost:8080
# make test      run all tests, with the coverage gate
# make quick     run the tests that need no server, in about forty seconds
# make check     run formatter, linters and type checker; look for known vulnerabilities
# make doctors   load doctors.json into the store
# make migrate   make the tables of the store, or bring it over to this release
# make report    report what is wrong with the appointments that lie ahead
# make emulators start Firebase's emulators, with the functions behind one address; needs Node
# make reset     empty the emulators, and load doctors.json again
# make proof     run fifty thousand colliding operations on each store while things fail
# make bench     measure everything, beside bare programs; needs wrk, Chromium and an emulator
# make openapi   rewrite public/openapi.json
# make messages  rewrite the copy of Firestore's messages from its library
# make vendor    fetch the libraries of the pages into public/vendor; needs npm
# make lock      rewrite requirements.txt from requirements.in

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check
# The tests of a module stay in one process, because they share servers.
AT_ONCE := -n 2 --dist loadfile --no-loadscope-reorder
# Each process that a test starts would compile all of it anew.
unexport PYTHONDONTWRITEBYTECODE
# What checks the document and the pages, and generates clients. It is not needed: without npm, or
# where no registry answers, that is not checked and not tested.
NODE := tests/clients/node_modules
DOCUMENT := public/openapi.json
NODE_PACKAGES := $(NODE)/.package-lock.json
API_TYPES := tests/pages/api.d.ts
# With the folders, which change when a file goes away.
PAGES = $(shell find public) $(wildcard tests/pages/*.js tests/pages/*.json)
VULNERABILITIES := https://api.osv.dev/v1/query

.PHONY: run test quick check doctors migrate report emulators reset proof bench openapi messages vendor lock

run: .venv/local
	@$(BIN)/python -m shared.runtime.local_runner

doctors: .venv/local
	@$(BIN)/python -m shared.runtime.load_doctors

migrate: .venv/local
	@$(BIN)/python -m shared.runtime.migrate

report: .venv/local
	@$(BIN)/python -m shared.runtime.report_appointments

test: .venv/dev $(NODE_PACKAGES)
	$(BIN)/pytest -q $(AT_ONCE) --cov --cov-report=term-missing

quick: .venv/dev
	EXAMPLES_FACTOR=0.1 $(BIN)/pytest -q $(AT_ONCE) -p no:schemathesis \
		-m 'not firestore and not postgresql and not pubsub' --ignore=tests/end_to_end \
		--ignore=tests/clients --ignore=tests/deploy --ignore=tests/proof \
		--ignore=tests/store/contract --ignore=tests/pages

check: .venv/dev $(NODE_PACKAGES)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	@if test -d $(NODE)/.bin; then \
		$(MAKE) --no-print-directory $(NODE)/.linted $(NODE)/.pages; \
	else \
		echo "$(DOCUMENT) and the pages NOT CHECKED: Node with npm is needed"; test "$$CI" != true; \
	fi
	@if why=$$($(BIN)/python -c "$$ASK" 2>&1); then \
		$(BIN)/pip-audit --requirement requirements.txt --disable-pip --desc on \
			--progress-spinner off --vulnerability-service osv --osv-url $(VULNERABILITIES); \
	else \
		echo "known vulnerabilities NOT CHECKED: $$(echo "$$why" | tail -n 1)"; \
	fi

# pip-audit fails alike if it finds something and if nobody answers; this tells the two apart.
define QUESTION
import requests
question = {"package": {"ecosystem": "PyPI", "name": "pip"}, "version": "1"}
requests.post("$(VULNERABILITIES)", json=question, timeout=3).raise_for_status()
endef
check: export ASK = $(QUESTION)

emulators: .venv/emulators
	@$(BIN)/python -m emulators

reset: .venv/emulators
	@$(BIN)/python -m emulators reset

# First the tests whose inputs are random, with six times as many of them.
RANDOM := tests/rules tests/transactions tests/functions/test_any_input.py \
	tests/end_to_end/test_contract.py tests/proof/test_checker.py tests/proof/test_patients.py \
	tests/proof/test_stateful.py tests/proof/test_search.py tests/proof/test_override_races.py
proof: .venv/dev
	EXAMPLES_FACTOR=6 $(BIN)/pytest -q $(AT_ONCE) $(RANDOM)
	$(BIN)/python -m tests.proof

bench: .venv/dev
	$(BIN)/python -m benchmarks

openapi: .venv/local
	$(BIN)/python -m shared.runtime.openapi.document > $(DOCUMENT)

# Only after another version of google-cloud-firestore; a test tells.
messages: .venv/local
	$(BIN)/python -m vendoring.firestore_descriptors > shared/store/firestore/descriptors.py

vendor: .venv/local
	$(BIN)/python -m vendoring

# Dependabot reads its options from this command, which uv writes into the header of the file.
lock: .venv/dev
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-strip-extras requirements.in --output-file requirements.txt

.venv/local: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "$(PYTHON) is too old: Python 3.11 or newer is needed, as in make run PYTHON=python3.12")'
	@echo 'Installing what runs into .venv, once: a minute or more ...'
	@$(PYTHON) -m venv .venv
	@$(INSTALL) -r requirements.txt
	@touch $@

# Apart from what is locked: pip wants hashes for all that it installs, or for nothing.
.venv/dev: requirements-dev.txt .venv/local
	@echo 'Installing what tests and checks need into .venv, once: another minute or more ...'
	@$(INSTALL) -r requirements-dev.txt
	@touch $@

.venv/emulators: requirements-emulators.txt .venv/local
	$(INSTALL) -r requirements-emulators.txt
	@touch $@

# Only when the document has changed: the second one takes half a minute.
$(NODE)/.linted: $(DOCUMENT) tests/clients/spectral.yaml $(NODE_PACKAGES)
	REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
		$(NODE)/.bin/redocly lint --extends recommended-strict $(DOCUMENT)
	$(NODE)/.bin/spectral lint --ruleset tests/clients/spectral.yaml --fail-severity hint $(DOCUMENT)
	@touch $@

# Only when a page or a check of it has changed.
$(NODE)/.pages: biome.json $(API_TYPES) $(PAGES) $(NODE_PACKAGES)
	$(NODE)/.bin/biome check --error-on-warnings biome.json public tests/pages
	$(NODE)/.bin/tsc --project tests/pages
	@touch $@

$(API_TYPES): $(DOCUMENT) $(NODE_PACKAGES)
	$(NODE)/.bin/openapi-typescript $(DOCUMENT) --output $@

# Without the scripts of the packages: nothing here needs them.
$(NODE_PACKAGES): tests/clients/package-lock.json
	-@if command -v npm >/dev/null; then \
		echo 'Installing what checks the document and the pages, and generates clients, once: a minute or more ...'; \
		npm ci --prefix tests/clients --ignore-scripts --no-audit --no-fund --loglevel error; \
	fi
