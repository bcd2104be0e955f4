"""95% intervals cover the truth 95% of the time: at small scale here, at large in benchmarks/recovery.py.

Each assertion fails wrongly with probability below 2e-4 where the true coverage is 95% (binomial law), and
fails with probability above 0.99 where it is 80%.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from spinodal.agents.bridge import bridge_log_odds
from spinodal.fitting import Counts, LogOdds, TanhEstimate, estimate_tanh
from spinodal.fitting._lack_of_fit import lack_of_fit

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


@pytest.mark.parametrize("replies", [4, 20, 100])
def test_intervals_from_counts_cover_the_truth(replies: int) -> None:
    levels = np.linspace(-1.0, 1.0, 11)
    found = []
    for beta, h, generator in agents(replies):
        a = generator.binomial(replies, expit(2 * beta * (levels + h))).astype(float)
        found.append((beta, h, estimate_tanh(Counts(levels, a, replies - a))))
    assert_coverage(found)


@pytest.mark.parametrize("estimator", ["line", "fractional"])
def test_intervals_from_log_odds_cover_the_truth(estimator: str) -> None:
    m = np.repeat(np.linspace(-1.0, 1.0, 6), 7)
    found = []
    for beta, h, generator in agents(3):
        x = bridge_log_odds(m, beta, h, 2.0, generator.random(m.size))
        data = LogOdds(m, x, 1.0, np.zeros(m.size))
        found.append((beta, h, estimate_tanh(data, estimator, 400)))
    if estimator == "line":
        assert_coverage(found)
    else:  # conservative by design for few prompts, so only too few hits are wrong
        assert sum(covered(beta, one.beta_ci) for beta, _, one in found) >= LEAST
        assert sum(covered(h, one.h_ci) for _, h, one in found) >= LEAST


def test_the_lack_of_fit_test_rejects_a_true_tanh_as_often_as_its_level_says() -> None:
    """Level 0.1 over 400 curves: between 19 and 66 rejections but for 1e-4 of the time."""
    generator = np.random.default_rng(8)
    levels = np.linspace(-1.0, 1.0, 11)
    rejected = 0
    for _ in range(400):
        a = generator.binomial(30, expit(2 * 1.5 * (levels + 0.2))).astype(float)
        rejected += lack_of_fit(Counts(levels, a, 30 - a)) < 0.1
    low, high = stats.binom.ppf([5e-5, 1 - 5e-5], 400, 0.1)
    assert low <= rejected <= high
