# Two commands matter: `make run` and `make test`. Everything else is listed by `make help`.
PYTHON ?= python3
DATA ?= data
PORT ?= 8000
STREAMS ?= 16,64
RUNS ?= 1
SESSIONS ?= 5000
MINUTES ?= 120
EVERY ?= 240
T ?=
BIN := .venv/bin
NODE_MODULES := node_modules/.package-lock.json
COMPILED := $(shell sed -n 's/^ *"\(.*\.py\)",$$/\1/p' setup.py)
COMPILE := $(BIN)/uv --quiet pip compile --generate-hashes --no-header
IMAGE := --constraint requirements-dev.lock \
	--python-version $(shell sed -n 's/^FROM python:\([0-9.]*\)-.* AS build$$/\1/p' Dockerfile)
SBOM := requirements --pyproject pyproject.toml --mc-type application --output-reproducible --of JSON

.DEFAULT_GOAL := help
.PHONY: help setup interpreted run dev test test-tools lint compose attacks bench bench-media bench-player bench-scale bench-start bench-tools soak mutants lock sbom

help: ## what you can ask for
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

run: setup ## the whole service on http://127.0.0.1:8000, with a recorded session to look at; VERBOSE=1 shows its log
	PROCTORING_ENV=dev $(BIN)/proctoring serve --data $(DATA) --port $(PORT) --demo $(if $(VERBOSE),--verbose)

ifdef T
test: setup ## every test, in real browsers too, those with live media after the others; T=path for some of them
	$(BIN)/pytest $(T)
else
test: setup test-tools
	$(BIN)/pytest -n 2 --dist worksteal -m "not live"
	$(BIN)/pytest -m live
endif

dev: setup ## as `make run`, and started again after each change of the code
	PROCTORING_ENV=dev $(BIN)/watchfiles --sigint-timeout 30 "$(BIN)/proctoring serve --data $(DATA) --port $(PORT) --demo --verbose" \
		proctoring capture storage review_ui retention

lint: setup ## style, types, import rules; types and style of JavaScript and CSS
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(NODE_MODULES) && npm run --silent check; \
	else echo "tsc and prettier: not run, npm is not installed"; fi

$(NODE_MODULES): package-lock.json
	npm ci --silent
	touch $@

compose: setup ## docker compose's own reading of docker-compose.yml; Go builds it, once
	@sh tests/tools.sh compose
	PROCTORING_TEST_REQUIRE=compose $(BIN)/pytest tests/unit/test_compose.py

bench: setup bench-tools ## capture, seal, open, purge, each beside a peer, the ledger replayed; STREAMS=64,256 RUNS=3 for the long one
	$(BIN)/python -m tests.bench --streams $(STREAMS) --runs $(RUNS)

attacks: setup ## strangers and insiders against the real service; AREA=connections for one; writes docs/security/attacks.md
	$(BIN)/python -m tests.attacks $(AREA)

soak: setup ## a Chromium whose microphone stalls every EVERY=240 seconds for MINUTES=120: lips and voice stay together
	$(BIN)/python -m tests.bench.lipsync --minutes $(MINUTES) --every $(EVERY)

mutants: setup test-tools ## the seeded bugs, each of which the tests must find
	$(BIN)/python -m tests.mutants

setup: .venv/ready ## make .venv with the locked dependencies, compile the way of a packet

.venv/locked: requirements-dev.lock
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

.venv/ready: .venv/locked pyproject.toml setup.py $(COMPILED)
	find capture -name '*.so' -delete
	$(BIN)/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@ls capture/*__mypyc*.so >/dev/null 2>&1 || echo "no C compiler or no Python.h: media is handled by the interpreter"
	touch $@

interpreted: ## remove the binaries, for a debugger or coverage; `make setup` brings them back
	find capture -name '*.so' -delete
	rm -f .venv/ready

test-tools:
	@sh tests/tools.sh

bench-scale: setup ## CPU of each page with SESSIONS sessions and with a tenth of them; on SQLite with a fifth of both
	$(BIN)/python -m tests.bench.scale --sessions $(SESSIONS)

bench-start: setup bench-tools ## an exam's first minute, start-up and memory at rest, and who holds the interpreter
	$(BIN)/python -m tests.bench.first_minute
	$(BIN)/python -m tests.bench.startup
	$(BIN)/python -m tests.bench.holds

bench-media: setup ## segments of one review process, beside nginx with the same bytes in clear
	@sh tests/bench/tools.sh media
	$(BIN)/python -m tests.bench.media

bench-player: setup ## CPU of a browser with three streams, and the time to their pictures, beside Shaka Player
	@sh tests/bench/tools.sh player
	$(BIN)/python -m tests.bench.player

bench-tools:
	@sh tests/bench/tools.sh

lock: setup ## write the lock files anew from pyproject.toml: one for each Python that we run on, three for the image's
	$(COMPILE) --universal --python-version 3.11 --extra dev --output-file requirements-dev.lock pyproject.toml
	$(COMPILE) $(IMAGE) --output-file requirements.lock pyproject.toml
	sed -n 's/^requires = \[\(.*\)\]$$/\1/p' pyproject.toml | tr -d '" ' | tr , '\n' | \
		$(COMPILE) $(IMAGE) --output-file requirements-build.lock -
	grep -o 'cyclonedx-bom==[0-9.]*' pyproject.toml | $(COMPILE) $(IMAGE) --output-file requirements-sbom.lock -

sbom: setup ## build/sbom.cdx.json: every dependency of the service with version and hashes (CycloneDX); the image has it too
	mkdir -p build
	$(BIN)/cyclonedx-py $(SBOM) --output-file build/sbom.cdx.json requirements.lock
