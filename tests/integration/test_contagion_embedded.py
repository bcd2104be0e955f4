"""The contagion study on the real embedded model: what its prompts cost, and how they are read."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from inspect_ai.log import read_eval_log

from spinodal._errors import RequestError
from spinodal.agents import AgentSpec
from spinodal.agents.context import render_embedded
from spinodal.agents.models import open_model
from spinodal.contagion.companies import company_of
from spinodal.contagion.plan import ContagionPlan
from spinodal.contagion.wording import load_wording
from spinodal.contagion_runs import ContagionRun
from spinodal.contagion_studies import ContagionRequest, plan_contagion, run_contagion
from spinodal.games import load_game
from spinodal.guards import GuardSpec
from spinodal.measure.placements import settle_placement
from spinodal.measure.reading import Reader
from spinodal.traits import load_inventory


def _request() -> ContagionRequest:
    wording, agent = load_wording(), AgentSpec()
    plan = ContagionPlan(
        agent=agent,
        opponent=agent,
        games=(load_game("stag-hunt"),),
        treatment=company_of("malicious", wording),
        control=company_of("always-cooperate", wording),
        questions=load_inventory().choose(["honesty", "fairness", "curiosity"]).split(4, 4, 0),
        guards=(GuardSpec(), GuardSpec.parse("system-prompt")),
        repetitions=1,
        rounds=2,
        orders="alternate",
        chat_tokens=16,
    )
    return ContagionRequest(plan, "spinodal-12", at_once=2)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> ContagionRun:
    return run_contagion(_request(), tmp_path_factory.mktemp("embedded") / "run")


def test_it_is_played_to_the_end_by_log_probabilities(run: ContagionRun) -> None:
    assert (run.games["end"] == "played").all()
    assert run.meta["preparation"]["readout"]["readout"] == "logprob"
    assert run.meta["preparation"]["decisions"] == {"stag-hunt": "logprob"}
    assert run.decisions["p_cooperative"].between(0, 1).any()
    assert (run.decisions["move"] != "").all()
    assert run.answers["p_yes"].between(0, 1).all()
    assert run.answers["decided_mass"].mean() > 0.5


def test_a_transcript_is_paid_for_once(run: ContagionRun) -> None:
    """Of the tokens of the questions after play, all but the question itself had been read before."""
    after = run.answers[run.answers["game_id"] != ""]
    new = (after["input_tokens"] - after["cached_tokens"]).groupby(after["game_id"])
    # The transcript of a game is some 500 tokens, and a question some 40. The first question of a game may
    # also have to read the last broadcast; none reads the transcript again.
    assert after["input_tokens"].mean() > 400
    assert (new.median() < 60).all()
    assert (new.max() < 160).all()
    assert run.meta["totals"]["cached_tokens"] > 0.7 * run.meta["totals"]["input_tokens"]


def test_the_guards_words_are_verified_on_the_rendered_prompt(run: ContagionRun) -> None:
    [choice] = run.meta["preparation"]["placements"].values()
    assert choice == {
        "placement": "trailing-system",
        "verified": True,
        "how": "the words stand in the prompt that the chat template renders",
    }
    rendered = render_embedded(AgentSpec(), [{"role": "user", "content": "hello"}])
    assert rendered is not None
    assert rendered.endswith("<|im_start|>assistant\n")


_BEGINS = "{% for message in messages %}"
_LATE = "{% if message.role == 'system' and not loop.first %}"
_WRITES = "{{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}"
_ENDS = "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (
            _BEGINS + _LATE + "{{ raise_exception('system comes first') }}{% endif %}" + _WRITES + _ENDS,
            "trailing-system: the chat template refuses it",
        ),
        (
            _BEGINS + _LATE + "{% else %}" + _WRITES + "{% endif %}" + _ENDS,
            "trailing-system: the chat template drops them",
        ),
    ],
    ids=["refuses", "drops"],
)
def test_a_chat_template_that_keeps_a_guards_words_from_the_model_is_found_out(
    template: str, said: str, tmp_path: Path
) -> None:
    """The real engine with a chat template that refuses late system messages, as some do, or drops them."""
    file = tmp_path / "template.jinja"
    file.write_text(template)
    agent = AgentSpec(system_prompt="Be brief.", model_args={"chat_template": str(file), "slots": 1})
    reader = Reader(open_model(agent), agent)
    with pytest.raises(RequestError) as refused:
        asyncio.run(settle_placement(reader, "trailing-system"))
    assert said in str(refused.value)
    assert "try placement=tagged-user" in str(refused.value)
    choice, spent = asyncio.run(settle_placement(reader, None))
    assert choice.placement == "tagged-user"
    assert choice.verified
    assert spent == []  # the prompt is rendered, and no call is made


def test_it_takes_no_more_than_was_planned(run: ContagionRun) -> None:
    costs = plan_contagion(_request())
    totals = run.meta["totals"]
    assert totals["calls"] <= costs.calls
    assert totals["input_tokens"] <= costs.input_tokens
    assert totals["input_tokens"] - totals["cached_tokens"] <= costs.fresh_tokens
    assert totals["output_tokens"] <= costs.output_tokens


def test_the_inspect_task_runs_and_is_scored(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("inspect")), "eval", "spinodal/contagion"),
            *("--model", "synthetic-player/shift=-0.02", "--log-dir", str(tmp_path), "--display", "none"),
            *("-T", "games=chicken", "-T", "repetitions=1", "-T", "rounds=2", "-T", "statements=2"),
            *("-T", "guards=neutral trust-boundary"),
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    [file] = tmp_path.glob("*.eval")
    log = read_eval_log(str(file))
    assert log.status == "success"
    assert log.results is not None
    assert log.samples is not None
    assert len(log.samples) == 2 * 3
    [score] = log.results.scores
    assert set(score.metrics) == {"mean_cooperation", "mean_prosociality"}
    assert 0.3 < score.metrics["mean_prosociality"].value < 0.8
    assert {sample.metadata["game"]["end"] for sample in log.samples} == {"played"}
