"""95% intervals cover the truth 95% of the time: at small scale here, at large in benchmarks/recovery.py.

Each assertion fails wrongly with probability below 2e-4 where the true coverage is 95% (binomial law), and
fails with probability above 0.99 where it is 80%.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from _page import Record
from _pictures import draw_covered, draw_level
from scipy import stats
from scipy.special import expit

from spinodal.agents.bridge import bridge_log_odds
from spinodal.fitting import Counts, LogOdds, TanhEstimate, estimate_tanh
from spinodal.fitting._lack_of_fit import lack_of_fit

KeepPlot = Callable[..., Any]

AGENTS = 200
LEAST, MOST = (int(stats.binom.ppf(q, AGENTS, 0.95)) for q in (5e-5, 1 - 5e-5))  # 176 and 199


def agents(seed: int) -> list[tuple[float, float, np.random.Generator]]:
    """Agents over the range of the published fits, each with its own random numbers."""
    generator = np.random.default_rng(seed)
    beta = 2.5 * np.exp(0.55 * generator.standard_normal(AGENTS))
    h = 0.3 + 0.5 * generator.standard_normal(AGENTS)
    return [(float(one), float(other), generator) for one, other in zip(beta, h, strict=True)]


def covered(truth: float, interval: tuple[float, float]) -> bool:
    return interval[0] <= truth <= interval[1]


def assert_coverage(found: list[tuple[float, float, TanhEstimate]]) -> None:
    for of_beta in (True, False):
        hits = sum(
            covered(beta, estimate.beta_ci) if of_beta else covered(h, estimate.h_ci)
            for beta, h, estimate in found
        )
        assert LEAST <= hits <= MOST, f"{hits} of {AGENTS}"


def tell(
    found: list[tuple[float, float, TanhEstimate]], name: str, keep_plot: KeepPlot, record: Record
) -> None:
    truth = {"beta": [beta for beta, _, _ in found], "h": [h for _, h, _ in found]}
    for number, true in truth.items():
        intervals = [getattr(one, f"{number}_ci") for _, _, one in found]
        hits = sum(covered(at, interval) for at, interval in zip(true, intervals, strict=True))
        draw_covered(keep_plot(f"fitting_coverage_{name}_{number}", height=3.4), true, intervals, number)
        record(f"{number} in {hits} of {AGENTS}")


@pytest.mark.verifies(
    "coverage",
    "Beta and h from counts",
    "200 agents over the range of the published fits, 4, 20 or 100 replies at each of eleven magnetizations.",
    "176 to 199 of 200 (binomial, 5e-5 a side)",
)
@pytest.mark.parametrize("replies", [4, 20, 100])
def test_intervals_from_counts_cover_the_truth(replies: int, keep_plot: KeepPlot, record: Record) -> None:
    levels = np.linspace(-1.0, 1.0, 11)
    found = []
    for beta, h, generator in agents(replies):
        a = generator.binomial(replies, expit(2 * beta * (levels + h))).astype(float)
        found.append((beta, h, estimate_tanh(Counts(levels, a, replies - a))))
    tell(found, f"counts_{replies}", keep_plot, record)
    assert_coverage(found)


@pytest.mark.verifies(
    "coverage",
    "Beta and h from log-odds",
    "200 agents, 42 prompts each, by either estimator.",
    "176 to 199 of 200 by the line; 176 or more by the fractional logit, conservative by design",
)
@pytest.mark.parametrize("estimator", ["line", "fractional"])
def test_intervals_from_log_odds_cover_the_truth(estimator: str, keep_plot: KeepPlot, record: Record) -> None:
    m = np.repeat(np.linspace(-1.0, 1.0, 6), 7)
    found = []
    for beta, h, generator in agents(3):
        x = bridge_log_odds(m, beta, h, 2.0, generator.random(m.size))
        data = LogOdds(m, x, 1.0, np.zeros(m.size))
        found.append((beta, h, estimate_tanh(data, estimator, 400)))
    tell(found, f"log_odds_{estimator}", keep_plot, record)
    if estimator == "line":
        assert_coverage(found)
    else:  # conservative by design for few prompts, so only too few hits are wrong
        assert sum(covered(beta, one.beta_ci) for beta, _, one in found) >= LEAST
        assert sum(covered(h, one.h_ci) for _, h, one in found) >= LEAST


@pytest.mark.verifies(
    "alarms",
    "Lack of fit",
    "400 curves of a true tanh: how often the lack-of-fit test rejects at 0.1.",
    "19 to 66 of 400 (binomial, 5e-5 a side)",
)
def test_the_lack_of_fit_test_rejects_a_true_tanh_as_often_as_its_level_says(
    keep_plot: KeepPlot, record: Record
) -> None:
    """Level 0.1 over 400 curves: between 19 and 66 rejections but for 1e-4 of the time."""
    generator = np.random.default_rng(8)
    levels = np.linspace(-1.0, 1.0, 11)
    p_values = []
    for _ in range(400):
        a = generator.binomial(30, expit(2 * 1.5 * (levels + 0.2))).astype(float)
        p_values.append(lack_of_fit(Counts(levels, a, 30 - a)))
    rejected = sum(p < 0.1 for p in p_values)
    axes = keep_plot("fitting_lack_of_fit_level", height=4.0)
    draw_level(axes, p_values, 0.1, "lack of fit of a true tanh")
    record(f"{rejected} of 400 rejected at 0.1")
    low, high = stats.binom.ppf([5e-5, 1 - 5e-5], 400, 0.1)
    assert low <= rejected <= high
