.DEFAULT_GOAL := help
SHELL := /bin/sh
BIN := .venv/bin
TEST_PACKAGES := postgresql postgresql-contrib rabbitmq-server xmlsec1 poppler-utils openssl softhsm2 gcc libc6-dev
SEED ?= 1
OUTAGE_S ?= 600
FAULTS ?= 1000
DOCUMENTS ?= 5000
PYTEST_ARGS ?= -n auto --dist loadfile

.PHONY: help install-run install-dev demo run run-services test test-faults test-outages test-giant test-fast lint format lock bench bench-broadcast bench-validation bench-directory clean up smoke down test-compose

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F'\t' '{printf "  %-16s %s\n", $$1, $$2}'

install-run:
	@deploy/install.sh run

install-dev:
	@deploy/install.sh dev

demo: install-run  ## Tell the story: documents travel through four nodes and their answers come back
	@$(BIN)/lienthong demo

run: install-run  ## Serve registry, signing and four nodes in one process (embedded start)
	@$(BIN)/lienthong run

run-services: install-run  ## Serve every service as processes of its own, over PostgreSQL and RabbitMQ
	@deploy/apt-install.sh postgresql rabbitmq-server
	@$(BIN)/python -m deploy.run_services

test: install-dev  ## Install what the tests need and run all of them
	@deploy/apt-install.sh $(TEST_PACKAGES)
	@$(BIN)/pytest $(PYTEST_ARGS)

test-faults: install-dev  ## Break a whole network by a seeded schedule: SEED=1 FAULTS=1000 DOCUMENTS=5000 (25 minutes)
	@deploy/apt-install.sh $(TEST_PACKAGES)
	@$(BIN)/python -m tests.faults --seed $(SEED) --faults $(FAULTS) --documents $(DOCUMENTS)

test-outages: install-dev  ## Registry, signing, a broker and a parent node away for ten minutes each: OUTAGE_S=600
	@deploy/apt-install.sh $(TEST_PACKAGES)
	@$(BIN)/python -m tests.faults.outages --outage $(OUTAGE_S)

test-fast: install-dev  ## Run the pure tests only (seconds)
	@$(BIN)/pytest tests/unit

test-giant: install-dev  ## Carry 4 GiB from commune to centre, kill everything once on the way, print times and peaks
	@deploy/apt-install.sh $(TEST_PACKAGES)
	@$(BIN)/python -m tests.system.giant

lint: install-dev  ## Check style, types and layers
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports --no-cache

format: install-dev  ## Format the code and mend what ruff can mend
	@$(BIN)/ruff check --fix-only . && $(BIN)/ruff format .

bench: install-dev  ## Measure the whole road against its floor
	@deploy/apt-install.sh $(TEST_PACKAGES)
	@$(BIN)/python -m benchmarks.road

bench-broadcast: install-dev  ## Send one directive to 11,000 communes in 34 provinces, one of them dead
	@$(BIN)/python -m benchmarks.broadcast

bench-validation: install-dev  ## Measure what validating costs, beside the bare cryptography and other libraries
	@$(BIN)/python -m benchmarks.validation

bench-directory: install-dev  ## Measure the national directory: snapshot, look-ups, search, the act of July 2025
	@deploy/apt-install.sh $(TEST_PACKAGES)
	@$(BIN)/python -m benchmarks.directory

up:  ## Build and start the four-level network in containers
	@deploy/docker/up.sh

smoke:  ## Send documents from commune to centre and back through the running containers
	@deploy/docker/smoke.sh

down:  ## Stop the containers and remove their data and secrets
	@deploy/docker/down.sh

test-compose:  ## Install Docker where missing, build, start, send, break, send again, stop
	@deploy/docker/test-compose.sh

lock: install-dev  ## Resolve dependencies again and write the hashed locks
	@deploy/lock.sh

clean:  ## Remove what was built and what the embedded start stored
	@[ ! -d var/compose ] || { echo "The compose network is kept in var/compose; run make down first." >&2; exit 1; }
	@rm -rf .venv var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
