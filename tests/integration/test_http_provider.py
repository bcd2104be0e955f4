"""The same model, embedded and over real HTTP through Inspect's `openai-api` provider: the same curve."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spinodal.agents import AgentSpec
from spinodal.agents._engine import settings_of, start_engine
from spinodal.assessment import AssessmentRequest, assess
from spinodal.measure.prompts import load_template
from spinodal.measure.task import MeasurementPlan, find_pairs
from spinodal.runs import Run

HTTP = "openai-api/loopback/smollm2"
REPRODUCIBLE = {"reproducible": True}
PEERS = 6
PROMPTS = 20
"""Two of each of the grid's ten points: the same prompts, whatever the readout."""


def _run(agent: AgentSpec, readout: str, folder: Path) -> Run:
    plan = MeasurementPlan(
        agent=agent,
        pairs=find_pairs("season"),
        template=load_template("peers"),
        n_peers=PEERS,
        design="grid",
        budget=PROMPTS,
        readout=readout,
        prefill="on",
    )
    return assess(AssessmentRequest(plan, agents=20, pairs_source="season", retries=0), folder)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """One curve read three ways from one engine, which rounds the same prompt alike whoever sends it."""
    folder = tmp_path_factory.mktemp("runs")
    engine = start_engine("smollm2-135m", settings_of(REPRODUCIBLE))
    embedded = AgentSpec(model="embedded/smollm2-135m", model_args=REPRODUCIBLE)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LOOPBACK_BASE_URL", engine.url)
        environment.setenv("LOOPBACK_API_KEY", engine.key)
        return {
            "embedded": _run(embedded, "logprob", folder / "embedded"),
            "http": _run(AgentSpec(model=HTTP), "logprob", folder / "http"),
            "sampled": _run(AgentSpec(model=HTTP), "sample", folder / "sampled"),
        }


def _by_draw(run: Run) -> pd.DataFrame:
    return run.observations.set_index("draw").sort_index()


def test_the_same_prompts_were_asked(runs: dict[str, Run]) -> None:
    seeds = [tuple(_by_draw(run)["shuffle_seed"]) for run in runs.values()]
    assert len(seeds[0]) == PROMPTS
    assert len(set(seeds)) == 1


def test_log_odds_over_http_are_those_of_the_embedded_model(runs: dict[str, Run]) -> None:
    """Over HTTP 20 alternatives come back, embedded 100: what parts them is the rarer spellings of an option,
    0.08 in log-odds as a rule (median; 0.41 at most)."""
    embedded, http = _by_draw(runs["embedded"]), _by_draw(runs["http"])
    both = ~(embedded["censored"] | http["censored"])
    difference = (embedded["log_odds"] - http["log_odds"])[both].abs()
    assert both.sum() >= PROMPTS / 2
    assert difference.median() < 0.15
    assert difference.max() < 0.75


def test_bounds_over_http_hold_for_what_the_embedded_model_shows(runs: dict[str, Run]) -> None:
    embedded, http = _by_draw(runs["embedded"]), _by_draw(runs["http"])
    bounded = http["censored"] & ~embedded["censored"]
    assert bounded.any()
    for truth, bound in zip(embedded["log_odds"][bounded], http["log_odds"][bounded], strict=True):
        assert abs(truth) >= abs(bound) - 1e-6
        assert bound == 0 or np.sign(truth) == np.sign(bound)


def test_the_fits_agree_within_their_intervals(runs: dict[str, Run]) -> None:
    """Both read the same prompts, so that chance has no part: each point lies in the other's 95% interval."""
    [embedded], [http] = runs["embedded"].fits, runs["http"].fits
    assert embedded.beta is not None
    assert http.beta is not None
    assert embedded.beta_ci[0] <= http.beta <= embedded.beta_ci[1]
    assert http.beta_ci[0] <= embedded.beta <= http.beta_ci[1]


def test_samples_follow_the_probabilities_read_for_the_same_prompts(runs: dict[str, Run]) -> None:
    """The count of A among valid samples, given each prompt's probability: |z| < 4, P(false) about 6e-5."""
    sampled, read = _by_draw(runs["sampled"]), _by_draw(runs["http"])
    valid = (sampled["count_a"] + sampled["count_b"]).to_numpy() > 0
    p = 1 / (1 + np.exp(-read["log_odds"].to_numpy()))[valid]
    a = sampled["count_a"].to_numpy()[valid]
    assert valid.sum() >= PROMPTS / 2
    z = (a - p).sum() / np.sqrt((p * (1 - p)).sum())
    assert abs(z) < 4
    # and prompt by prompt: the samples are far likelier under their own probabilities than under the mean
    likelihood = np.log(np.where(a > 0, p, 1 - p)).sum()
    mean = a.mean()
    assert likelihood > np.log(np.where(a > 0, mean, 1 - mean)).sum()


def test_rows_name_the_readout_and_count_the_tokens(runs: dict[str, Run]) -> None:
    assert set(runs["sampled"].observations["readout"]) == {"sample"}
    assert set(runs["http"].observations["readout"]) == {"logprob"}
    for run in runs.values():
        assert (run.observations["input_tokens"] > 50).all()
        assert run.meta["totals"]["calls"] >= PROMPTS
