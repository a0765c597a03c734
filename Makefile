# The venvs are files to make: a target that needs one builds it when pyproject.toml is newer.
PYTHON ?= python3
VENV ?= .venv
VENV_EXPORT ?= .venv-export
VENV_APPS ?= .venv-apps
VENV_OLDEST ?= .venv-oldest
VENV_TOOLS ?= .venv-tools
# torch alone first: its wheel is by far the largest, and a CPU build that is already chosen stays chosen.
TORCH ?= torch==2.13.0
# What the venvs hold of this project: the checkout itself, or (as .ci/run does) a built wheel.
PACKAGE ?= --editable=.
PYTEST_ARGS ?= -q
BENCH_ARGS ?= latency
FUZZ_ARGS ?= --seconds 600
SOAK_ARGS ?= --minutes 30
# The core: what the graph, the heads and the tokenizer answer. Emulation is slow.
AARCH64_ARGS ?= tests/test_golden.py tests/model tests/graph tests/machine tests/tokenizer tests/load
LOCK = $(VENV_TOOLS)/bin/uv pip compile --universal --python-version 3.10 --generate-hashes --upgrade --quiet \
	--custom-compile-command "make lock"

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help install test test-oldest test-export test-apps test-aarch64 lint format lock audit bench golden fuzz soak clean

help: ## Show the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.ready ## Make .venv with the runtime (editable), test tools, ruff and mypy, all hash-locked

test: $(VENV)/.ready ## Run every test of the runtime (makes .venv first; no torch)
	$(VENV)/bin/pytest $(PYTEST_ARGS) tests --ignore=tests/export --ignore=tests/apps

test-oldest: $(VENV_OLDEST)/.ready ## The same with the oldest dependencies allowed (makes .venv-oldest first)
	$(VENV_OLDEST)/bin/pytest $(PYTEST_ARGS) tests --ignore=tests/export --ignore=tests/apps

test-export: $(VENV_EXPORT)/.ready ## Run the exporter's tests (makes .venv-export first; large: torch)
	$(VENV_EXPORT)/bin/pytest $(PYTEST_ARGS) tests/export

test-apps: $(VENV_APPS)/.ready ## Run the integrations inside their frameworks (makes .venv-apps first; Java, Chromium)
	$(VENV_APPS)/bin/pytest $(PYTEST_ARGS) tests/apps

test-aarch64: ## The core of the tests on an emulated Arm CPU (Debian, as root; see tools/aarch64.sh)
	tools/aarch64.sh $(AARCH64_ARGS)

lint: $(VENV)/.ready ## ruff and mypy --strict
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

format: $(VENV)/.ready ## Sort imports and format
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

lock: $(VENV_TOOLS)/.ready ## Pin the newest releases that pyproject.toml allows in requirements/, with hashes
	$(LOCK) --extra test --extra dev --output-file requirements/dev.txt pyproject.toml
	$(LOCK) --group pyproject.toml:tools --output-file requirements/tools.txt

# --strict: what could not be looked up is a failure, not a pass.
audit: $(VENV_TOOLS)/.ready ## Look up known vulnerabilities of what requirements/ pins (needs the network)
	$(VENV_TOOLS)/bin/pip-audit --strict --disable-pip --require-hashes -r requirements/dev.txt -r requirements/tools.txt $(AUDIT_ARGS)

bench: $(VENV_EXPORT)/.ready ## Speed, memory, size, accuracy beside the reference: make bench BENCH_ARGS="cold-start …"
	$(VENV_EXPORT)/bin/python -m benchmarks $(BENCH_ARGS)

golden: $(VENV_EXPORT)/.ready ## Record tests/golden again with the pinned reference (not needed to run tests)
	$(VENV_EXPORT)/bin/python -m tests.golden

fuzz: $(VENV)/.ready ## Random input for every reader, ten minutes each: make fuzz FUZZ_ARGS="--seconds 60 schema-json"
	$(VENV)/bin/python -m tests.fuzz $(FUZZ_ARGS)

soak: $(VENV)/.ready ## Call one model for half an hour; memory, files and threads: make soak SOAK_ARGS="--minutes 5"
	$(VENV)/bin/python -m tests.soak $(SOAK_ARGS)

clean: ## Remove build outputs and the venvs
	rm -rf build dist *.egg-info $(VENV) $(VENV_OLDEST) $(VENV_TOOLS) $(VENV_EXPORT) $(VENV_APPS)

# Without isolation the build, too, uses what the lock pins.
$(VENV)/.ready: pyproject.toml requirements/dev.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install -q --require-hashes -r requirements/dev.txt
	$(VENV)/bin/pip install -q --no-deps --no-build-isolation "$(PACKAGE)"
	touch $@

$(VENV_OLDEST)/.ready: pyproject.toml constraints/oldest.txt
	$(PYTHON) -m venv $(VENV_OLDEST)
	$(VENV_OLDEST)/bin/pip install -q -c constraints/oldest.txt "$(PACKAGE)[test]"
	touch $@

$(VENV_TOOLS)/.ready: requirements/tools.txt
	$(PYTHON) -m venv $(VENV_TOOLS)
	$(VENV_TOOLS)/bin/pip install -q --require-hashes -r requirements/tools.txt
	touch $@

$(VENV_EXPORT)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV_EXPORT)
	$(VENV_EXPORT)/bin/pip install -q "$(TORCH)"
	$(VENV_EXPORT)/bin/pip install -q "$(PACKAGE)[export,bench,test,dev]"
	touch $@

$(VENV_APPS)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV_APPS)
	$(VENV_APPS)/bin/pip install -q "$(PACKAGE)[test-apps]"
	touch $@
