"""The empirical response: exact counting of stable states, monotone draws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from spinodal.fitting._monotone import count_stable, fit_monotone

KNOTS = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])


@pytest.mark.parametrize(
    ("p", "stable"),
    [
        ([0.5, 0.5, 0.5, 0.5, 0.5], 1),
        ([0.0, 0.0, 0.5, 1.0, 1.0], 2),  # both consensus states are fixed points at the very ends
        ([0.1, 0.1, 0.5, 0.9, 0.9], 2),
        ([0.1, 0.3, 0.5, 0.7, 0.9], 1),  # follows, but too weakly
        ([0.6, 0.7, 0.9, 1.0, 1.0], 1),
        ([1.0, 0.8, 0.5, 0.2, 0.0], 1),  # contrarian
        ([0.0, 0.2, 0.6, 0.7, 0.7], 2),  # B's state is held at the end, A's within
        ([0.0, 0.25, 0.5, 0.75, 1.0], 1),  # the drift is zero throughout: one state, no two
    ],
)
def test_stable_states_of_a_piecewise_linear_response_are_counted(p: list[float], stable: int) -> None:
    assert count_stable(KNOTS, np.array(p)) == stable


def test_counting_works_on_many_responses_at_once() -> None:
    p = np.array([[0.1, 0.1, 0.5, 0.9, 0.9], [0.5] * 5])
    assert list(count_stable(KNOTS, p)) == [2, 1]


def test_counting_agrees_with_the_tanh_theory_on_a_fine_grid() -> None:
    m = np.linspace(-1.0, 1.0, 2001)
    assert count_stable(m, expit(2 * 2.0 * (m + 0.26))) == 2  # spinodal h at beta 2: 0.266420
    assert count_stable(m, expit(2 * 2.0 * (m + 0.27))) == 1


def test_draws_scatter_less_with_more_data() -> None:
    m = np.linspace(-1.0, 1.0, 7)
    share = expit(3.0 * m)
    spread = [fit_monotone(m, n * share, n * (1 - share)).draws.std(axis=0).mean() for n in (5, 500)]
    assert spread[1] < spread[0] / 4.0


def test_a_falling_response_is_found_to_fall() -> None:
    m = np.linspace(-1.0, 1.0, 7)
    share = expit(-3.0 * m)
    fit = fit_monotone(m, 20 * share, 20 * (1 - share))
    assert np.all(np.diff(fit.p) <= 0.0)
    assert np.all(np.diff(fit.draws, axis=1) <= 0.0)


def test_a_long_run_of_one_reply_is_certain_and_a_short_one_is_not() -> None:
    m = np.linspace(-1.0, 1.0, 5)
    uppers = []
    for n in (2.0, 200.0):
        fit = fit_monotone(m, np.zeros(5), np.full(5, n))
        uppers.append(float(np.quantile(fit.draws[:, 0], 0.975)))
    assert uppers[0] > 0.05 > uppers[1]
