"""`inspect eval spinodal/conformity`, as a user of Inspect types it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from inspect_ai.event import ModelEvent
from inspect_ai.log import EvalLog, read_eval_log

BUDGET = 6
PEERS = 6


def _eval(folder: Path, *arguments: str) -> EvalLog:
    done = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("inspect")), "eval", "spinodal/conformity"),
            *("-T", "pairs=shutdown", "-T", f"budget={BUDGET}", "-T", f"n_peers={PEERS}"),
            *("--log-dir", str(folder), "--display", "none", *arguments),
        ],
        capture_output=True,
        text=True,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    [log] = folder.glob("*.eval")
    return read_eval_log(str(log), resolve_attachments=True)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> EvalLog:
    folder = tmp_path_factory.mktemp("eval")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("INSPECT_CACHE_DIR", str(folder / "cache"))
        return _eval(folder, "--model", "embedded/smollm2-135m")


def test_the_eval_succeeds_and_is_scored(log: EvalLog) -> None:
    assert log.status == "success"
    assert log.results is not None
    [score] = log.results.scores
    assert set(score.metrics) == {"median_beta", "median_abs_h", "bistable_share"}
    assert log.samples is not None
    [sample] = log.samples
    assert sample.id == "shutdown"
    assert sample.scores is not None
    assert set(sample.scores["conformity_scorer"].as_dict()) == {"beta", "h", "p_bistable"}


def test_the_log_holds_every_prompt_and_reply(log: EvalLog) -> None:
    assert log.samples is not None
    [sample] = log.samples
    rows = sample.metadata["observations"]
    assert len(rows) == BUDGET
    events = [event for event in sample.events if isinstance(event, ModelEvent)]
    prompts = [next(m.text for m in event.input if m.role == "user") for event in events]
    assert len(events) == sum(row["calls"] for row in rows) + sample.metadata["readout"]["calls"]
    assert all(prompt.count("[") == PEERS for prompt in prompts)
    # peers that hold A as the rows say, prompt by prompt
    shown = sorted(prompt.count(f"[{rows[0]['option_a']}]") for prompt in prompts)
    assert {row["n_a"] for row in rows} <= set(shown)
    assert all(event.output.completion for event in events)
    assert all(event.output.choices[0].logprobs for event in events)


def test_the_synthetic_agent_works_there_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(tmp_path / "cache"))
    log = _eval(tmp_path, "--model", "synthetic/beta=2/h=0.3", "-T", "readout=logprob")
    assert log.samples is not None
    assert log.samples[0].scores is not None
    value = log.samples[0].scores["conformity_scorer"].as_dict()
    assert value["beta"] == pytest.approx(2.0, abs=0.3)
    assert value["h"] == pytest.approx(0.3, abs=0.15)


def test_a_wrong_argument_is_told(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("inspect")), "eval", "spinodal/conformity"),
            *("-T", "pairs=nosuch", "--model", "synthetic/beta=2", "--log-dir", str(tmp_path)),
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode != 0
    assert "no pair has the id 'nosuch'" in done.stdout + done.stderr
