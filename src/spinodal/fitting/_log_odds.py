"""The tanh response from log-odds, by one of two estimators.

A prompt's log-odds x, at temperature 1, become its probability sigmoid(x / T). The population's response is
the mean of that probability over shuffles, since every agent sees its own shuffle; it is not the sigmoid of
the mean log-odds.

- *fractional* (Papke & Wooldridge 1996, J. Appl. Econometrics 11:619): logistic regression on the
  probabilities themselves, each prompt worth 1 / dispersion samples. Right wherever the mean response is a
  tanh, whatever the noise.
- *line*: a straight line through the log-odds with noise about it, averaged over the noise (see `_line`).
  Needs far fewer prompts, since log-odds say more than probabilities near 0 and 1; right only where the
  log-odds are straight in m with the same noise everywhere.

"auto" takes the line where the data pass a check of all that, and the order in which the options were listed
does not matter either; the fractional estimate otherwise.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import stats

from spinodal.fitting._line import line_posterior
from spinodal.fitting._observations import LogOdds
from spinodal.fitting._tanh import (
    N_DRAWS,
    TanhEstimate,
    bias_interval,
    equal_tailed,
    fit_counts,
    unidentified_estimate,
    weakness,
)
from spinodal.response import FloatArray

Estimator = Literal["auto", "line", "fractional"]

CHECK_LEVEL = 0.05
"""Level of the checks for straightness and even noise, which the line has to pass."""

ORDER_LEVEL = 0.01
"""Level of the check that the order of the options does not matter. Two orders that shift the log-odds make
two humps of noise, which the line's one hump would smear into a response that is not there; a shift too small
to show at this level is small beside the noise."""

SATURATION = 0.01
"""A response within this of 0 or 1 at every magnetization asked counts as saturated."""

_WORK = 100_000
"""Bound on draws times prompts: keeps a fit of many prompts quick and small."""


def fit_log_odds(
    observations: LogOdds, *, estimator: Estimator = "auto", n_draws: int = N_DRAWS
) -> TanhEstimate:
    """Fit the prompts of one curve."""
    tally = observations.tally
    if tally.m.size < 2 or observations.m.size < 4:
        return unidentified_estimate(tally.m, tally.a, tally.b)
    if estimator == "auto":
        exact = not observations.censored.any() and bool(np.isfinite(observations.log_odds).all())
        straight = exact and line_holds(observations.m, observations.scaled, observations.order)
        estimator = "line" if straight else "fractional"
    fit = _by_line if estimator == "line" else _by_fraction
    return fit(observations, n_draws)


def line_holds(m: FloatArray, x: FloatArray, order: FloatArray | None = None) -> bool:
    """Whether log-odds look straight in m with the same noise everywhere, as the line supposes.

    Straightness: F test of added m^2 and m^3. Even noise: F test of the square root of the absolute residuals
    against m and m^2 (Cleveland's scale-location plot as a test; the root keeps outliers from hiding it).
    One hump of noise: F test of the order in which the options were listed, where it is known and varies.
    With fewer than five magnetizations straightness cannot be seen, and is not assumed.
    """
    if np.unique(m).size < 5 or m.size < 10:
        return False
    cubic = np.column_stack([np.ones_like(m), m, m**2, m**3])
    residual = _residual(cubic, x)
    if float(residual @ residual) <= 1e-12 * max(1.0, float(x @ x)):  # no noise to speak of
        bent = _residual(cubic[:, :2], x)
        return float(bent @ bent) <= 1e-12 * max(1.0, float(x @ x))
    if order is not None and np.unique(order).size > 1:
        shifted = np.column_stack([cubic, order])
        if _f_test(x, cubic, shifted) < ORDER_LEVEL:
            return False
    straight = _f_test(x, cubic[:, :2], cubic)
    even = _f_test(np.sqrt(np.abs(residual)), cubic[:, :1], cubic[:, :3])
    return min(straight, even) >= CHECK_LEVEL


def _by_line(observations: LogOdds, n_draws: int) -> TanhEstimate:
    draws = line_posterior(
        observations.m, observations.scaled, int(np.clip(_WORK // observations.m.size, 200, n_draws))
    )
    b0, b1 = np.median(draws, axis=0)
    even = np.full(len(draws), 1.0 / len(draws))
    beta_ci = equal_tailed(draws[:, 1] / 2.0, even)
    h_ci = bias_interval(draws[:, 0], draws[:, 1], even)
    return TanhEstimate(
        b0=float(b0),
        beta=float(b1 / 2.0),
        b0_ci=equal_tailed(draws[:, 0], even),
        beta_ci=beta_ci,
        h_ci=h_ci,
        draws=np.column_stack([draws[:, 0], draws[:, 1] / 2.0]),
        kind="line",
        note=_saturation(observations) or weakness(beta_ci, h_ci),
    )


def _by_fraction(observations: LogOdds, n_draws: int) -> TanhEstimate:
    tally = observations.effective_tally
    return fit_counts(
        tally.m,
        tally.a,
        tally.b,
        n_draws,
        kind="fractional",
        note=_saturation(observations),
    )


def _saturation(observations: LogOdds) -> str:
    share = observations.tally.a / observations.tally.n
    for side, least in (("A", share.min()), ("B", 1.0 - share.max())):
        if least > 1.0 - SATURATION:
            return f"saturated: the probability of {side} is above {1.0 - SATURATION:g} at every m asked"
    return ""


def _residual(design: FloatArray, y: FloatArray) -> FloatArray:
    return np.asarray(y - design @ np.linalg.lstsq(design, y, rcond=None)[0], dtype=np.float64)


def _f_test(y: FloatArray, small: FloatArray, large: FloatArray) -> float:
    """p-value of the columns that `large` adds to `small`."""
    explained = float(np.sum(_residual(small, y) ** 2))
    error = float(np.sum(_residual(large, y) ** 2))
    added, freedom = large.shape[1] - small.shape[1], y.size - large.shape[1]
    statistic = max(explained - error, 0.0) / added / max(error / freedom, 1e-300)
    return float(stats.f.sf(statistic, added, freedom))
