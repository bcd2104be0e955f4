"""A request: its digest, its folder, what it would cost, and which are refused before anything is asked."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from spinodal import RequestError
from spinodal._errors import RunError
from spinodal.agents import AgentSpec
from spinodal.assessment import AssessmentRequest, assess, plan_costs
from spinodal.cli._main import run
from spinodal.measure.prompts import load_template
from spinodal.measure.reading import Prices
from spinodal.measure.task import MeasurementPlan, find_pairs


def _plan(**changes: object) -> MeasurementPlan:
    settings: dict[str, object] = {
        "agent": AgentSpec(model="synthetic/beta=2"),
        "pairs": find_pairs("season,shutdown"),
        "template": load_template("peers"),
        "budget": 24,
    }
    return MeasurementPlan(**(settings | changes))


def _request(*, retries: int = 0, agents: int = 21, **changes: object) -> AssessmentRequest:
    return AssessmentRequest(plan=_plan(**changes), agents=agents, pairs_source="two", retries=retries)


def _cli(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(["assess", "--model", "synthetic/beta=2", "--pairs", "season", "--budget", "24", *arguments])
    return code, *capsys.readouterr()


def test_the_same_request_has_the_same_digest_and_folder() -> None:
    assert _request().digest == _request().digest
    assert _request().default_folder == _request().default_folder
    assert _request().digest == json.loads(json.dumps(_request().digest))


@pytest.mark.parametrize(
    "changes",
    [
        {"agent": AgentSpec(model="synthetic/beta=3")},
        {"agent": AgentSpec(model="synthetic/beta=2", system_prompt="Be kind.")},
        {"agent": AgentSpec(model="synthetic/beta=2", temperature=0.2)},
        {"agent": AgentSpec(model="synthetic/beta=2", max_tokens=9)},
        {"agent": AgentSpec(model="synthetic/beta=2", base_url="http://127.0.0.1:1")},
        {"pairs": find_pairs("season")},
        {"pairs": find_pairs("shutdown,season")},
        {"template": load_template("study")},
        {"n_peers": 21},
        {"listed": False},
        {"design": "grid"},
        {"budget": 30},
        {"width": 0.5},
        {"seed": 1},
        {"readout": "sample"},
        {"prefill": "on"},
        {"agents": 50},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_whatever_decides_the_result_is_in_the_digest(changes: dict[str, object]) -> None:
    assert _request(**changes).digest != _request().digest


def test_what_only_decides_the_pace_is_not() -> None:
    assert _request(retries=3).digest == _request().digest
    assert replace(_request(), max_connections=2).digest == _request().digest
    assert _request(prices=Prices(1, 2)).digest == _request().digest


@pytest.mark.parametrize("label", ["a/b", "../../etc", "..", "[red]x", "", "x" * 300, "ünï", "a b"])
def test_the_folder_is_one_step_below_runs_whatever_the_agent_is_called(label: str) -> None:
    folder = _request(agent=AgentSpec(model="synthetic/beta=2", label=label)).default_folder
    assert folder.parent == Path("runs")
    assert folder.name not in ("", ".", "..")
    assert len(folder.name) < 100
    assert set("[]/ ").isdisjoint(folder.name)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--agents", "1"], "give 2 agents or more"),
        (["--peers", "1"], "show 2 or more"),
        (["--retries", "-1"], "give 0 or more"),
        (["--max-connections", "0"], "give 1 or more"),
        (["--budget", "1"], "takes 2 or more"),
        (["--budget", "9", "--design", "grid"], "takes 10 or more"),
        (["--width", "-1"], "above 0"),
        (["--width", "nan"], "above 0"),
        (["--seed", "-1"], "0 or more"),
        (["--temperature", "nan"], "0 or more"),
        (["--price", "nan", "1"], "a price is nan"),
        (["--price", "1", "-1"], "a price is -1"),
        (["--pairs", "nosuch"], "nosuch"),
        (["--pairs", "season,season"], "named twice"),
        (["--pairs", "none.yaml"], "none.yaml"),
        (["--template", "nosuch"], "unknown template"),
        (["--system-prompt-file", "nosuch"], "cannot read the persona"),
        (["--system-prompt", "a", "--system-prompt-file", "b"], "give one"),
        (["-M", "nothing"], "NAME=VALUE"),
        (["-M", "api_key=sk-1"], "environment only"),
    ],
)
@pytest.mark.parametrize("plan", [[], ["--plan"]], ids=["run", "plan"])
def test_a_wrong_request_is_one_line_and_leaves_no_folder(
    arguments: Sequence[str],
    said: str,
    plan: Sequence[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = _cli(capsys, "--run", str(tmp_path / "run"), *arguments, *plan)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert said in err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("gpt4", "unknown model 'gpt4'"),
        ("nosuch/model", "unknown model 'nosuch/model'"),
        ("openai/gpt-4o-mini", "set OPENAI_API_KEY"),
        ("openai-api/double/x", "set DOUBLE_API_KEY"),
        ("embedded/nosuch", "unknown embedded model"),
        ("embedded/nosuch.gguf", "no model file"),
        ("synthetic/gamma=1", "'gamma=1'"),
    ],
)
def test_a_model_that_cannot_be_opened_is_one_clear_line_and_leaves_no_folder(
    model: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in list(os.environ):
        if name.endswith(("_API_KEY", "_BASE_URL")):
            monkeypatch.delenv(name)
    code = run(["assess", "--model", model, "--pairs", "season", "--run", str(tmp_path / "run")])
    err = capsys.readouterr().err
    assert code == 2
    assert [line for line in err.splitlines() if line.startswith("spinodal: ")] == [err.splitlines()[-1]]
    assert said in err
    assert "Traceback" not in err
    assert not (tmp_path / "run").exists()


def test_a_folder_with_another_request_is_refused_and_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    assert _cli(capsys, "--run", str(folder))[0] == 0
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    code, _, err = _cli(capsys, "--run", str(folder), "--seed", "7")
    assert code == 2
    assert f"{folder} holds another request (seed is 0 there and 7 here)" in err
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("name", ["notes.txt", "."])
def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "run"
    if name == ".":
        folder.write_text("a file")
    else:
        folder.mkdir()
        (folder / name).write_text("mine")
    with pytest.raises(RequestError, match="no run folder"):
        assess(_request(), folder)


def test_a_kill_at_the_very_first_write_does_not_lock_the_folder(tmp_path: Path) -> None:
    (tmp_path / ".meta.json.k1ll3d").write_text('{"requ')
    run_ = assess(_request(), tmp_path)
    assert run_.finished
    assert not list(tmp_path.glob(".*"))


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises((RunError, RequestError)) as error:
        assess(_request(), tmp_path / "file" / "run")
    assert "\n" not in str(error.value)


def test_the_plan_s_numbers_bound_what_a_run_takes(tmp_path: Path) -> None:
    """Calls are an upper bound but for the few that settle the readout; tokens an estimate by characters."""
    request = _request(prices=Prices(10.0, 20.0))
    logprob, sample = plan_costs(request)
    assert (logprob.readout, sample.readout) == ("logprob", "sample")
    assert logprob.pairs == 2
    assert logprob.prompts == sample.prompts == 48
    totals = assess(request, tmp_path / "run").meta["totals"]
    assert totals["prompts"] <= 48
    assert totals["calls"] <= 48 + 4
    assert 0.5 < logprob.input_tokens / totals["input_tokens"] < 3
    assert logprob.cost == pytest.approx(
        (10 * logprob.input_tokens + 20 * logprob.output_tokens) / 1e6, rel=1e-9
    )
    expected = (10 * totals["input_tokens"] + 20 * totals["output_tokens"]) / 1e6
    assert totals["cost"] == pytest.approx(expected, abs=1e-6)


def test_a_plan_names_one_readout_where_one_is_asked_and_no_price_where_none_is_known() -> None:
    [costs] = plan_costs(_request(readout="sample", budget=None))
    assert (costs.readout, costs.prompts) == ("sample", 700)
    assert math.isnan(costs.cost)
    [grid] = plan_costs(_request(readout="sample", budget=None, design="grid"))
    assert grid.prompts == 2 * 1000


def test_plan_prints_and_spends_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "run"
    code, out, err = _cli(
        capsys, "--plan", "--run", str(folder), "--label", "[/x] [red]y", "--price", "1000", "2000"
    )
    assert (code, err) == (0, "")
    assert not folder.exists()
    assert "[/x] [red]y" in out
    assert "24" in out
    assert "$" in out
    assert "Nothing was spent" in out


def test_a_finished_run_is_read_and_not_asked_again(tmp_path: Path) -> None:
    first = assess(_request(), tmp_path / "run")
    events: list[object] = []
    again = assess(_request(), tmp_path / "run", events.append)
    assert events == []
    assert again.meta == first.meta
    assert again.observations.equals(first.observations)
    assert not (tmp_path / "run" / "cache").exists()


def test_odd_provider_arguments_are_texts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for argument in ("when=2020-01-01", "what=[", "what={a: b: c"):
        code, _, err = _cli(capsys, "-M", argument, "--run", str(tmp_path / "run"))
        assert code == 2  # the synthetic agent has no such argument; no traceback is what counts
        assert "unknown argument" in err
