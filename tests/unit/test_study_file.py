"""A study file: what it stands for, and every mistake told with file, line, value and mend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from spinodal import RequestError
from spinodal.assessment import AssessmentRequest
from spinodal.contagion_studies import ContagionRequest
from spinodal.critical_size import CriticalSizeRequest
from spinodal.societies import SocietyRequest
from spinodal.studies import Study, load_study

Load = Callable[[str], Study]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def read(text: str) -> Study:
        (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
        return load_study(tmp_path / "study.yaml")

    return read


def _assessed(study: Study, id: str) -> AssessmentRequest:
    request = study.part(id).request
    assert isinstance(request, AssessmentRequest)
    return request


def test_agents_and_pairs_are_enough(load: Load) -> None:
    study = load("agents: [openai/gpt-4o-mini, embedded/smollm2-135m]\npairs: [safety]\n")
    assert study.name == "study"
    assert [(part.kind, part.agent, part.curves) for part in study.parts] == [
        ("assess", "openai/gpt-4o-mini", 20),
        ("assess", "embedded/smollm2-135m", 20),
        ("assess", "openai/gpt-4o-mini", 12),
        ("assess", "embedded/smollm2-135m", 12),
    ]
    plan = _assessed(study, "assess-gpt-4o-mini-01").plan
    assert (plan.n_peers, plan.design, plan.template.name, plan.readout) == (20, "adaptive", "peers", "auto")
    assert set(study.lanes) == {"openai", "embedded"}


def test_later_chunks_are_read_like_the_first_unless_the_readout_is_settled(load: Load) -> None:
    base = "agents: [openai/a, openai/b]\npairs: [shutdown, season, dams]\npairs_per_part: 1\n"
    like = {part.id: part.reads_like for part in load(base).parts}
    assert like == {
        **{f"assess-{agent}-01": "" for agent in "ab"},
        **{f"assess-{agent}-{chunk}": f"assess-{agent}-01" for agent in "ab" for chunk in ("02", "03")},
    }
    settled = load(base + "readout: logprob\nprefill: on\n")
    assert not any(part.reads_like for part in settled.parts)


def test_conditions_change_the_study_s_own_settings_and_lists_are_one_each(load: Load) -> None:
    study = load(
        "agents: [openai/a, {model: openai/b, temperature: 0.7}]\n"
        "pairs: [shutdown, season]\n"
        "temperature: 0.2\n"
        "conditions:\n"
        "  - template: [study, minimal]\n"
        "    pairs: shutdown\n"
        "    only: openai/a\n"
        "  - {peers: [5, 50], name: crowd}\n"
        "  - {temperature: 1}\n"
    )
    assert study.conditions == ("main", "study", "minimal", "crowd", "crowd-p50", "t1")
    asked = {
        part.id: part.request.plan for part in study.parts if isinstance(part.request, AssessmentRequest)
    }
    assert [id for id in asked if "-study" in id or "-minimal" in id] == [
        "assess-a-study",
        "assess-a-minimal",
    ]
    assert [pair.id for pair in asked["assess-a-study"].pairs] == ["shutdown"]
    assert asked["assess-b-crowd-p50"].n_peers == 50
    assert asked["assess-a-main"].agent.temperature == 0.2  # the study's
    assert asked["assess-b-main"].agent.temperature == 0.7  # its own
    assert asked["assess-b-t1"].agent.temperature == 1.0  # the condition's


def test_providers_give_lanes_and_take_turns(load: Load) -> None:
    study = load(
        "agents:\n"
        "  - {model: openai-api/one/x, label: x}\n"
        "  - {model: openai-api/one/y, label: y}\n"
        "  - {model: openai/z, label: z, requests_per_minute: 30}\n"
        "  - {model: openai-api/two/w, label: w, provider: one}\n"
        "  - {model: openai/v, label: v, base_url: 'http://127.0.0.1:9/v1'}\n"
        "pairs: [season]\n"
        "providers:\n"
        "  one: {max_connections: 9, requests_per_minute: 60, workers: 3, price: [1, 2]}\n"
    )
    assert [part.lanes for part in study.parts] == [
        ("one",), ("z",), ("openai at 127.0.0.1:9",), ("one",), ("one",)
    ]  # fmt: skip
    assert study.lanes["one"].workers == 3
    shared = study.lanes["one"].limits.shared(3)
    assert (shared.max_connections, shared.requests_per_minute) == (3, 20.0)
    assert study.lanes["z"].limits.requests_per_minute == 30
    prices = study.agent("w").prices
    assert prices is not None
    assert prices.output == 2.0
    assert study.agent("z").prices is None


def test_every_kind_of_part_is_the_verb_s_own_request(load: Load, tmp_path: Path) -> None:
    (tmp_path / "calm.txt").write_text("You are calm.\n")
    study = load(
        "agents:\n"
        "  - {model: synthetic/beta=2, label: plain, family: s}\n"
        "  - {model: synthetic/beta=2, label: calm, family: s, system_prompt_file: calm.txt}\n"
        "pairs: [shutdown]\n"
        "peers: 10\n"
        "society: {pair: shutdown, agents: 11, m0: [-0.5, 0.5], sweeps: 3, response: assessed}\n"
        "tip: {pair: season, agents: 12, zealots: 4, toward: B, before: 1, hold: 5, after: 6, only: plain}\n"
        "hysteresis: {pair: season, agents: 8, zealots: 2, sweeps-per-step: 3, equilibrate: 4, only: plain}\n"
        "critical-size: {pair: season, sizes: [5, 9], only: calm}\n"
        "contagion:\n"
        "  - {game: chicken, rounds: 2, games: 1, guard: [neutral], statements: 2, only: plain}\n"
    )
    assert study.families == {"plain": "s", "calm": "s"}
    requests = {part.id: part.request for part in study.parts}
    society = requests["society-calm-shutdown"]
    assert isinstance(society, SocietyRequest)
    assert society.plan.groups[0].agent.system_prompt == "You are calm."
    assert society.plan.m0 == (-0.5, 0.5)
    assert not society.predict
    assert study.part("society-calm-shutdown").measured_in == "assess-calm"
    tip = requests["tip-plain-season"]
    assert isinstance(tip, SocietyRequest)
    assert [(stage.sweeps, stage.zealots_b) for stage in tip.plan.stages] == [(1, 0), (5, 4), (6, 0)]
    assert (tip.toward, tip.plan.m0) == ("B", (0.6,))
    loop = requests["hysteresis-plain-season"]
    assert isinstance(loop, SocietyRequest)
    assert [stage.sweeps for stage in loop.plan.stages[:2]] == [7, 3]
    sizes = requests["critical-size-calm-season"]
    assert isinstance(sizes, CriticalSizeRequest)
    assert sizes.sizes == (5, 9)
    games = requests["contagion-plain"]
    assert isinstance(games, ContagionRequest)
    assert [str(guard).partition(":")[0] for guard in games.plan.guards] == ["none", "neutral"]
    assert sorted(part.id for part in study.parts if part.after) == [
        "society-calm-shutdown",
        "society-plain-shutdown",
    ]


def test_limits_workers_and_labels_of_providers_decide_nothing_of_the_result(load: Load) -> None:
    plain = load("name: s\nagents: [openai/a]\npairs: [season]\n")
    limited = load(
        "name: s\nagents: [openai/a]\npairs: [season]\nretries: 9\n"
        "providers: {openai: {requests_per_minute: 5, workers: 2}}\n"
    )
    assert plain.digest == limited.digest
    assert plain.digest != load("name: s\nagents: [openai/a]\npairs: [season]\nseed: 1\n").digest


BASE = "agents: [synthetic/beta=2]\n"
FAULTS = [
    ("", 1, "the file is empty"),
    ("pairs: [season]\n", 1, "no agents"),
    ("agents:\n  - gpt-4o\n", 2, "unknown model 'gpt-4o'; give provider/name"),
    (
        "agents:\n  - opnai/gpt\n",
        2,
        ("unknown model 'opnai/gpt': there is no provider 'opnai'; the nearest known one is 'openai'"),
    ),
    ("agents:\n  - openai-api/x\n", 2, "unknown model 'openai-api/x'; give openai-api/SERVICE/MODEL"),
    ("agents:\n  - embedded/smollm\n", 2, "unknown embedded model 'smollm'"),
    ("agents:\n  - synthetic/bet=2\n", 2, "synthetic agent: cannot read 'bet=2'"),
    (
        "agents:\n  - modle: openai/a\n",
        2,
        "unknown key 'modle' in an agent; the nearest known one is 'model'",
    ),
    ("agents:\n  - label: a\n", 2, "an agent has no model"),
    ("agents: [openai/a, openai/a]\n", 1, "two agents are called 'openai/a'"),
    (
        "agents:\n  - model: openai/a\n    model_args: {api_key: x}\n",
        3,
        "model argument 'api_key' looks like a key",
    ),
    ("agents:\n  - {model: openai/a, guard: own-priro}\n", 2, "did you mean own-prior?"),
    (BASE + "paris: [season]\n", 2, "unknown key 'paris' in a study; the nearest known one is 'pairs'"),
    (
        BASE + "pairs:\n  - season\n  - shutdwon\n",
        4,
        ("no pair or set of pairs 'shutdwon' in the bank; the nearest is 'shutdown'"),
    ),
    (BASE + "pairs: [season, season]\n", 2, "pair 'season' is named twice"),
    (BASE + "template: studdy\n", 2, "unknown template 'studdy'; the nearest is 'study'"),
    (BASE + "design: adaptve\n", 2, "design is 'adaptve'; the nearest known one is 'adaptive'"),
    (BASE + "readout: logprobs\n", 2, "readout is 'logprobs'; the nearest known one is 'logprob'"),
    (BASE + "budget: 1\n", 2, "the budget is 1 prompts a pair"),
    (BASE + "budget: many\n", 2, "budget is 'many'; give a whole number"),
    (BASE + "temperature: .nan\n", 2, "temperature is '.nan'; give a number"),
    (BASE + "peers: 20\npeers: 10\n", 3, "peers is given twice, first on line 2"),
    (
        BASE + "conditions:\n  - {only: x, peers: 9}\n",
        3,
        "only is 'x'; the nearest known one is 'synthetic/beta=2'",
    ),
    (BASE + "conditions:\n  - name: same\n", 3, "a condition that changes nothing"),
    (BASE + "peers: 20\nconditions:\n  - peers: 20\n", 4, "this condition asks what 'main' asks already"),
    (BASE + "providers:\n  opnai: {workers: 2}\n", 3, "no agent is of the provider 'opnai'"),
    (
        BASE + "providers:\n  x: {requests_per_minut: 2}\n",
        3,
        ("unknown key 'requests_per_minut' in provider x; the nearest known one is 'requests_per_minute'"),
    ),
    (
        "agents:\n  - {model: openai/a, provider: b}\nproviders:\n  c: {workers: 2}\n",
        2,
        "provider is 'b'; the nearest known one is 'c'",
    ),
    (
        "agents:\n  - {model: openai/a, requests_per_minute: 0}\n",
        2,
        "requests_per_minute is 0.0; give a number above 0",
    ),
    (BASE + "society:\n  agents: 9\n", 3, "which option pair?"),
    (
        BASE + "society: {pair: season, sweep: 3}\n",
        2,
        ("unknown key 'sweep' in a society section; the nearest known one is 'sweeps'"),
    ),
    (BASE + "tip: {pair: season, zealots: 3}\n", 2, "which option do the zealots hold?"),
    (BASE + "tip: {pair: season, toward: A}\n", 2, "how many zealots join?"),
    (BASE + "critical_size: {pair: season, sizes: [5]}\n", 2, "1 group size"),
    (BASE + "contagion: {game: chiken}\n", 2, "no game 'chiken'; did you mean chicken?"),
    (BASE + "contagion:\n  guard: [own-prio]\n", 3, "did you mean own-prior?"),
    (BASE + "agents: [: \n", 2, "not valid YAML"),
    ("- a\n- b\n", 1, "a list stands where a study should"),
]


@pytest.mark.parametrize(("text", "line", "told"), FAULTS)
def test_a_mistake_is_told_in_one_line_with_file_line_value_and_mend(
    load: Load, text: str, line: int, told: str
) -> None:
    with pytest.raises(RequestError) as fault:
        load(text)
    message = str(fault.value)
    assert f"study.yaml:{line}: " in message
    assert told in message
    assert "\n" not in message


def test_a_response_that_nothing_measures_is_refused(load: Load) -> None:
    with pytest.raises(RequestError, match=r"study.yaml:5: response is assessed, but no condition measures"):
        load(BASE + "pairs: [dams]\nsociety:\n  pair: season\n  response: assessed\n")


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"cannot read the study file .*nothing\.yaml"):
        load_study(tmp_path / "nothing.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9\n")
    with pytest.raises(RequestError, match="is not UTF-8"):
        load_study(tmp_path / "latin.yaml")


def test_files_of_a_study_are_taken_from_its_folder(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.yaml").write_text("- {id: tea, options: [green tea, black tea]}\n")
    monkeypatch.chdir("/")
    study = load(BASE + "pairs: [own.yaml]\n")
    assert [pair.id for pair in _assessed(study, study.parts[0].id).plan.pairs] == ["tea"]


@pytest.mark.parametrize("name", ["quick", "conformity-9x100", "contagion"])
def test_the_studies_that_ship_load(name: str) -> None:
    study = load_study(Path(__file__).parents[2] / "studies" / f"{name}.yaml")
    assert study.parts
