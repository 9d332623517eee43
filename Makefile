# Two commands: `make demo` shows it, `make test` proves it. Both need only Python 3.11 or newer and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
# CI sets RECADO_REQUIRE_SERVERS=1: then the real servers are installed and a test that misses one fails.
SERVERS := $(RECADO_REQUIRE_SERVERS)
WORKERS ?= 2

.PHONY: demo test check format lint types bench bench-reputation lock clean

demo: $(STAMP)
	$(BIN)/python -m tests.demo

test: $(STAMP)
ifeq ($(SERVERS),1)
	tests/install-servers
endif
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup

check: format lint types test

format: $(STAMP)
	$(BIN)/ruff format --check .

lint: $(STAMP)
	$(BIN)/ruff check .

types: $(STAMP)
	$(BIN)/mypy

bench: $(STAMP)
	$(BIN)/python -m tests.bench

# What it costs to know who writes. SENDERS=1000,100000 for a short run.
bench-reputation: $(STAMP)
	$(BIN)/python -m tests.bench.reputation $(if $(SENDERS),--senders $(SENDERS))
	$(BIN)/python -m tests.bench.dkim

$(STAMP): pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Recado needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# pip-compile knows only the Python that it runs on: before 3.11.3 (Debian 12 has 3.11.2) redis needs this one, too.
BEFORE_3_11_3 := async-timeout==5.0.1 ; python_full_version < "3.11.3" --hash=sha256:39e3809566ff85354557ec2398b55e096c8364bacac9405a7a1fa429e77fe76c --hash=sha256:d9321a7a3d5a6a5e187e824d2fa0793ce379a202935782d555d6e9d2735677d3

lock: pyproject.toml
	$(PYTHON) -m venv build/lock && build/lock/bin/pip install --quiet pip-tools
	build/lock/bin/pip-compile --quiet --no-header --no-emit-find-links --no-emit-index-url --no-emit-options --generate-hashes --strip-extras --allow-unsafe --extra embedded --extra uvloop --extra dev --output-file requirements.lock pyproject.toml
	echo '$(BEFORE_3_11_3)' >> requirements.lock

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache
