"""Intervals that figures show over pairs cover as often as they say, and loops give their thresholds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from spinodal._errors import RequestError
from spinodal.figures._spread import (
    bars,
    mean_interval,
    median_interval,
    rank_correlation,
    share_interval,
)
from spinodal.response import TanhResponse
from spinodal.theory import Stage, follow_protocol, loop_thresholds, swept_means


@pytest.mark.parametrize("n", [6, 7, 12, 50, 99])
def test_the_interval_of_a_median_covers_95_percent_exactly_and_is_as_narrow_as_can_be(n: int) -> None:
    """Between the j-th and the (n + 1 - j)-th of n values: coverage P(j <= X < n + 1 - j), X ~ B(n, 1/2)."""
    low, high = median_interval(np.arange(n))
    first, last = int(low) + 1, int(high) + 1
    assert first + last == n + 1

    def coverage(j: int) -> float:
        return float(binom.cdf(n - j, n, 0.5) - binom.cdf(j - 1, n, 0.5))

    assert coverage(first) >= 0.95
    assert coverage(first + 1) < 0.95


def test_five_values_have_no_interval_of_their_median() -> None:
    assert np.isnan(median_interval(np.arange(5))).all()


def test_the_interval_of_a_rank_correlation_covers_95_percent() -> None:
    """1,000 samples of 30 with correlation 0.6: below 93% or above 98% in one of 200 such tests."""
    random = np.random.default_rng(1)
    truth = 6.0 / np.pi * np.arcsin(0.6 / 2.0)  # Spearman's of a normal pair
    covered = 0
    for _ in range(1000):
        x = random.normal(size=30)
        low, high = rank_correlation(x, 0.6 * x + 0.8 * random.normal(size=30))[1]
        covered += low <= truth <= high
    assert 0.93 < covered / 1000 < 0.98


def test_few_pairs_have_no_rank_correlation() -> None:
    assert np.isnan(rank_correlation(np.arange(4), np.arange(4))[0])


def test_shares_and_means_have_their_intervals() -> None:
    low, high = share_interval(8, 10)
    assert (low, high) == pytest.approx((0.490, 0.943), abs=1e-3)  # Wilson 1927
    assert np.isnan(share_interval(0, 0)).all()
    values = np.array([[1.0, 2.0], [2.0, 2.0], [3.0, 2.0]])
    below, above = mean_interval(values)
    assert above[0] - 2.0 == pytest.approx(4.303 / np.sqrt(3.0), abs=1e-3)  # t of 2 degrees of freedom
    assert below[1] == above[1] == 2.0
    assert bars(1.0, (0.5, 3.0)).ravel().tolist() == [0.5, 2.0]


def test_thresholds_are_where_m_changes_its_sign_between_two_steps() -> None:
    zealots = np.array([-10, -5, 0, 5, 10])
    up, down = np.array([-1, -1, -1, -0.5, 0.5]), np.array([-0.6, 0.2, 1, 1, 1])
    found = loop_thresholds(zealots, up, down, 50)
    assert found.toward_a == pytest.approx(7.5 / 50)
    assert found.toward_b == pytest.approx(6.25 / 50)
    at_level = loop_thresholds(zealots, up, down, 50, level=0.7)
    assert at_level.toward_a == pytest.approx(3.0 / 50)
    assert np.isnan(loop_thresholds(zealots, up - 1.0, down, 50).toward_a)
    with pytest.raises(RequestError, match="a loop of 5 steps, 4 up and 5 down"):
        loop_thresholds(zealots, up[1:], down, 50)


def test_swept_means_are_those_of_the_protocol() -> None:
    response, agents, path = TanhResponse(2.5, 0.1), 20, [-6, 0, 6, 0]
    found = swept_means(response, agents, path, start=3, settle=40, window=4, every=10)
    stages = [Stage(0.0 if n == 0 else 2.0, max(z, 0), max(-z, 0)) for n, z in enumerate(path)]
    law = np.zeros(agents + 1)
    law[3] = 1.0
    expected = []
    for stage in stages:
        if stage.sweeps:
            law = follow_protocol(response, agents, law, [stage]).laws[-1]
        looks = []
        for _ in range(4):
            law = follow_protocol(
                response, agents, law, [Stage(0.5, stage.zealots_a, stage.zealots_b)], every=0.5
            ).laws[-1]
            looks.append(float(law @ np.linspace(-1.0, 1.0, agents + 1)))
        expected.append(np.mean(looks))
    assert found == pytest.approx(expected, abs=1e-12)
