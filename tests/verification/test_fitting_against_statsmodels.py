"""The fit's likelihoods against statsmodels' generalised linear models, an independent implementation."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from scipy.special import expit

from spinodal.fitting import Counts, LogOdds, estimate_tanh
from spinodal.fitting._lack_of_fit import lack_of_fit
from spinodal.fitting._logistic import maximum_likelihood

LEVELS = np.linspace(-1.0, 1.0, 11)


@pytest.mark.parametrize(
    ("beta", "h", "n"), [(0.5, 0.8, 20), (2.0, -0.2, 20), (4.0, 0.3, 100), (-1.0, 0.1, 50)]
)
def test_maximum_likelihood_and_its_covariance_are_those_of_a_binomial_glm(
    beta: float, h: float, n: int
) -> None:
    a = np.random.default_rng(7).binomial(n, expit(2 * beta * (LEVELS + h))).astype(float)
    theta, covariance = maximum_likelihood(LEVELS, a, n - a)
    glm = sm.GLM(np.column_stack([a, n - a]), sm.add_constant(LEVELS), family=sm.families.Binomial()).fit(
        tol=1e-12
    )
    assert theta == pytest.approx(glm.params, rel=1e-6)
    assert covariance == pytest.approx(glm.cov_params(), rel=1e-5)


def test_with_many_samples_the_posterior_becomes_the_normal_law_of_the_glm() -> None:
    n = 5000
    a = np.round(n * expit(2 * 2.0 * (LEVELS + 0.2)))
    found = estimate_tanh(Counts(LEVELS, a, n - a))
    glm = sm.GLM(np.column_stack([a, n - a]), sm.add_constant(LEVELS), family=sm.families.Binomial()).fit()
    low, high = glm.conf_int()[1] / 2.0
    assert found.beta == pytest.approx(glm.params[1] / 2.0, rel=1e-3)
    width = high - low
    assert found.beta_ci[0] == pytest.approx(low, abs=0.02 * width)
    assert found.beta_ci[1] == pytest.approx(high, abs=0.02 * width)
    # delta method for h = b0 / b1
    gradient = np.array([1.0, -glm.params[0] / glm.params[1]]) / glm.params[1]
    error = 1.96 * np.sqrt(gradient @ glm.cov_params() @ gradient)
    assert found.h_ci[1] - found.h_ci[0] == pytest.approx(2.0 * error, rel=0.03)


def test_the_fractional_logit_is_that_of_a_glm_on_the_probabilities() -> None:
    m = np.repeat(LEVELS, 200)
    x = 4.0 * (m + 0.1) + np.random.default_rng(2).normal(0.0, 1.5, m.size)
    found = estimate_tanh(LogOdds(m, x, 1.0, np.zeros(m.size)), "fractional")
    glm = sm.GLM(expit(x), sm.add_constant(m), family=sm.families.Binomial()).fit(cov_type="HC3")
    assert found.beta == pytest.approx(glm.params[1] / 2.0, rel=2e-3)
    assert found.b0 == pytest.approx(glm.params[0], abs=5e-3)
    low, high = glm.conf_int()[1] / 2.0
    # one dispersion for all m against a sandwich: the same errors within a fifth where noise is even
    assert found.beta_ci[1] - found.beta_ci[0] == pytest.approx(high - low, rel=0.2)


def test_the_line_and_the_fractional_logit_agree_where_both_are_right() -> None:
    m = np.repeat(LEVELS, 200)
    x = 4.0 * (m + 0.1) + np.random.default_rng(2).normal(0.0, 1.5, m.size)
    data = LogOdds(m, x, 1.0, np.zeros(m.size))
    line, fractional = estimate_tanh(data, "line"), estimate_tanh(data, "fractional")
    assert line.beta == pytest.approx(fractional.beta, rel=0.05)
    assert line.h == pytest.approx(fractional.h, abs=0.02)


def test_the_lack_of_fit_test_is_the_score_test_of_the_glm() -> None:
    n = 60
    a = np.random.default_rng(5).binomial(n, 0.1 + 0.8 * expit(4.0 * LEVELS)).astype(float)
    large = np.column_stack([np.ones(11), LEVELS, LEVELS**2, LEVELS**3])
    glm = sm.GLM(np.column_stack([a, n - a]), large[:, :2], family=sm.families.Binomial()).fit(tol=1e-12)
    score = large.T @ (a - n * glm.fittedvalues)
    information = (large * (n * glm.fittedvalues * (1 - glm.fittedvalues))[:, None]).T @ large
    expected = stats.chi2.sf(score @ np.linalg.solve(information, score), 2)
    assert lack_of_fit(Counts(LEVELS, a, n - a)) == pytest.approx(expected, rel=1e-6)
