# Every target sets up what it needs: a virtual environment in .venv, versions pinned with hashes.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$p && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: run test check golden corpus bench simulate lock clean

run: .venv/run  ## Start the gateway with models that answer by themselves.
	$(BIN)/sluicegate --config deploy/demo.yaml $(ARGS)

test: .venv/dev  ## Run the tests.
	$(BIN)/python -m pytest $(ARGS)

check: .venv/dev  ## Lint, formatting and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

golden: .venv/dev  ## Write the golden files anew; read the diff.
	GOLDEN=write $(BIN)/python -m pytest -q tests/adapters/dialects

corpus: .venv/dev  ## Replay recorded provider traffic; ARGS=--write-proven keeps what passes.
	$(BIN)/python -m tests.corpus $(ARGS)

bench: .venv/dev  ## Cost, latency and memory beside floors and other gateways; ARGS=--quick.
	$(BIN)/python -m tests.bench $(ARGS)
	@echo
	$(BIN)/python -m tests.bench.decisions

simulate: .venv/dev  ## What routing does under load and in bad weather, in made-up time; ARGS=--quick.
	$(BIN)/python -m tests.bench.simulator $(ARGS)

lock: .venv/dev  ## Pin the newest versions that pyproject.toml allows.
	$(PIP) install --quiet uv
	$(BIN)/uv pip compile $(LOCK) --extra uvicorn --group build pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile $(LOCK) --all-extras --group dev pyproject.toml -o requirements-dev.lock

LOCK := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with venv is needed (Debian: python3-venv)"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/run: requirements.lock pyproject.toml | .venv/bin/python
	$(PIP) install --quiet --require-hashes -r requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev: requirements-dev.lock .venv/run
	$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	@touch $@
