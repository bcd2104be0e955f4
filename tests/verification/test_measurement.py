"""From the question to the interval: whole measurements of agents whose response is known.

Everything on the way is real but the agent: the task, the templates, the designs, Inspect's calls and cache,
the readout and the fit. The intervals claim 95%, so of 24 curves the number covered is binomial: fewer than
18 with probability 1.3e-4, for beta and for h each.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spinodal.agents import AgentSpec
from spinodal.assessment import AssessmentRequest, assess
from spinodal.fitting import CurveFit
from spinodal.measure.prompts import load_template
from spinodal.measure.task import MeasurementPlan, find_pairs
from spinodal.pairs import bank_pairs
from spinodal.runs import Run

AGENTS = ((1.9, 0.5), (2.8, -0.16), (0.8, 0.3), (3.7, 0.05))
"""Conformity and bias across the published range; each is measured on six pairs, in two orders of each."""
PAIRS = tuple(pair.id for pair in bank_pairs("all"))[::23][:6]
LEAST_COVERED = 18


def _measure(folder: Path, response: str, **changes: Any) -> Run:
    settings: dict[str, Any] = {
        "agent": AgentSpec(model=f"synthetic/{response}"),
        "pairs": find_pairs(PAIRS),
        "template": load_template("peers"),
    }
    plan = MeasurementPlan(**(settings | changes))
    return assess(AssessmentRequest(plan, agents=21, pairs_source="", retries=0), folder / "run")


def _covered(fits: list[tuple[CurveFit, float, float]]) -> tuple[int, int]:
    beta = sum(fit.beta_ci[0] <= truth <= fit.beta_ci[1] for fit, truth, _ in fits)
    h = sum(fit.h_ci[0] <= truth <= fit.h_ci[1] for fit, _, truth in fits)
    return beta, h


@pytest.mark.parametrize(
    ("readout", "logprobs", "listed"),
    [("logprob", "yes", True), ("sample", "no", True), ("logprob", "yes", False)],
    ids=["logprob-listed", "sample-listed", "logprob-unlisted"],
)
def test_intervals_of_whole_measurements_cover_the_truth(
    readout: str, logprobs: str, listed: bool, tmp_path: Path
) -> None:
    fits: list[tuple[CurveFit, float, float]] = []
    for number, (beta, h) in enumerate(AGENTS):
        response = f"beta={beta}/h={h}/noise=1/logprobs={logprobs}"
        run = _measure(tmp_path / str(number), response, listed=listed, seed=number)
        rows = run.observations
        assert set(rows["readout"]) == {readout}
        assert set(rows["listed"]) == ({"ab", "ba"} if listed else {""})
        fits += [(fit, beta, h) for fit in run.fits]
    assert len(fits) == len(AGENTS) * len(PAIRS)
    in_beta, in_h = _covered(fits)
    assert in_beta >= LEAST_COVERED
    assert in_h >= LEAST_COVERED
    # intervals that say something: a fit is no better for being vague
    widths = [np.diff(fit.beta_ci)[0] / beta for fit, beta, _ in fits]
    assert np.median(widths) < 1.2


@pytest.mark.parametrize("template", ["counts", "discussion", "minimal", "study", "survey"])
def test_every_wording_carries_the_response_unchanged(template: str, tmp_path: Path) -> None:
    """Without noise a log-odds is exact, so that two prompts a level would do: the fit returns the truth."""
    run = _measure(
        tmp_path, "beta=2.2/h=-0.3", template=load_template(template), pairs=find_pairs(PAIRS[:2]), budget=24
    )
    rows = run.observations
    assert rows["log_odds"].to_numpy() == pytest.approx(2 * 2.2 * (rows["m"].to_numpy() - 0.3), abs=1e-9)
    for fit in run.fits:
        assert fit.beta == pytest.approx(2.2, rel=0.02)
        assert fit.h == pytest.approx(-0.3, abs=0.02)


def test_either_order_of_the_options_is_asked_as_often_at_every_magnetization(tmp_path: Path) -> None:
    for design in ("adaptive", "grid"):
        run = _measure(
            tmp_path / design, "beta=1.5/h=0.1/noise=1", design=design, pairs=find_pairs(PAIRS[:2]), budget=60
        )
        counts = run.observations.groupby(["pair", "n_a", "listed"]).size().unstack(fill_value=0)
        assert (counts["ab"] - counts["ba"]).abs().max() <= 1
        assert abs(counts["ab"].sum() - counts["ba"].sum()) <= counts.shape[0]


def test_a_temperature_is_read_from_the_same_log_odds(tmp_path: Path) -> None:
    """Log-odds are asked for at temperature 1 and divided after: without noise, beta / T exactly."""
    run = _measure(
        tmp_path,
        "",
        agent=AgentSpec(model="synthetic/beta=1.2/h=0.2", temperature=0.5),
        pairs=find_pairs(PAIRS[:1]),
        budget=24,
    )
    [fit] = run.fits
    assert set(run.observations["temperature"]) == {0.5}
    assert fit.beta == pytest.approx(2.4, rel=0.02)
    assert fit.h == pytest.approx(0.2, abs=0.02)


def test_a_contrarian_is_measured_as_one(tmp_path: Path) -> None:
    run = _measure(tmp_path, "beta=-1.5/h=0.1/noise=1", pairs=find_pairs(PAIRS[:3]))
    for fit, verdict in zip(run.fits, run.verdicts, strict=True):
        assert fit.beta_ci[1] < 0
        assert verdict.fit.phase == "monostable"


def test_refusals_and_invalid_replies_are_counted_and_do_not_bend_the_curve(tmp_path: Path) -> None:
    """A quarter of the replies decline: their share is held to 4.5 standard errors, P(false) < 1e-5."""
    run = _measure(tmp_path, "beta=2/h=0.2/refusal=0.25/logprobs=no", pairs=find_pairs(PAIRS[:3]))
    rows = run.observations
    share, error = rows["refused"].mean(), np.sqrt(0.25 * 0.75 / len(rows))
    assert abs(share - 0.25) < 4.5 * error
    assert (rows["refused"] == (rows["count_invalid"] == 1)).all()
    for fit in run.fits:
        assert fit.n_invalid == rows[rows["pair"] == fit.keys["pair"]]["count_invalid"].sum()
        # three 95% intervals widened by half: missed by chance about once in 300
        centre, half = np.mean(fit.beta_ci), np.diff(fit.beta_ci)[0] / 2
        assert abs(2.0 - centre) < 1.5 * half


def test_the_same_seed_measures_the_same_and_another_seed_another(tmp_path: Path) -> None:
    tables = [
        _measure(
            tmp_path / str(number), "beta=2/h=0.1/noise=1", pairs=find_pairs(PAIRS[:1]), budget=24, seed=seed
        ).observations.drop(columns="seconds")
        for number, seed in enumerate((3, 3, 4))
    ]
    assert tables[0].equals(tables[1])
    assert not tables[0]["log_odds"].equals(tables[2]["log_odds"])
