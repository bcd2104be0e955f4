"""The tanh response from log-odds: fractional logit, or a line through the log-odds with smearing.

A prompt's log-odds x, at temperature 1, become its probability sigmoid(x / T). The population's response is
the mean of that probability over shuffles, since every agent sees its own shuffle; it is not the sigmoid of
the mean log-odds.

Two estimators of it:

- *fractional logit* (Papke & Wooldridge 1996, J. Appl. Econometrics 11:619): logistic regression on the
  probabilities themselves. Right whenever the mean response is a tanh, whatever the noise.
- *smearing* (Duan 1983, JASA 78:605): a straight line through the log-odds, then the mean of sigmoid over
  the line plus its residuals, then the tanh nearest to that. Needs far fewer prompts, since log-odds say more than
  probabilities near 0 and 1; right only where the log-odds are linear in m with even noise, so it is used
  only where the data pass a check of both.

Intervals: Bayesian bootstrap over prompts (Rubin 1981, Ann. Statist. 9:130), stretched for small samples.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import expit

from spinodal.fitting._observations import LogOdds
from spinodal.fitting._tanh import TanhEstimate, bias_interval, equal_tailed, weakness
from spinodal.response import FloatArray

IndexArray = NDArray[np.intp]
Estimator = Literal["auto", "fractional", "smearing"]

CHECK_LEVEL = 0.05
"""Level of each of the two checks (straight line, even noise) that smearing has to pass."""

SATURATION = 0.01
"""A response within this of 0 or 1 at every magnetization asked counts as saturated."""

_REFERENCE = np.linspace(-1.0, 1.0, 21)
"""Magnetizations at which the smeared response is matched by a tanh."""

_WORK = 100_000
"""Bound on draws times prompts: keeps a fit of many prompts quick and small."""


def fit_log_odds(
    observations: LogOdds, *, estimator: Estimator = "auto", n_draws: int = 1000
) -> TanhEstimate:
    """Fit the prompts of one curve. "auto" smears where nothing is censored and `line_holds`."""
    m, scaled = observations.m, observations.scaled
    n = m.size
    levels, index = np.unique(m, return_inverse=True)
    if levels.size < 2 or n < 4:
        return _too_few(levels, scaled)
    if estimator == "auto":
        bounded = bool(np.any(observations.censored)) or not bool(np.all(np.isfinite(observations.log_odds)))
        estimator = "smearing" if not bounded and line_holds(m, scaled) else "fractional"
    generator = np.random.default_rng(0)
    n_draws = int(np.clip(_WORK // n, 200, n_draws))
    weight = generator.standard_exponential((n_draws, n))
    weight = np.vstack([np.ones(n), weight])
    weight /= weight.sum(axis=1, keepdims=True)
    theta = (
        _smeared(m, scaled, weight) if estimator == "smearing" else _fractional(index, levels, scaled, weight)
    )
    estimate, draws = theta[0], theta[1:]
    stretch = np.sqrt(n / (n - 2)) * float(stats.t.ppf(0.975, n - 2)) / 1.959964
    draws = estimate + stretch * (draws - estimate)
    even = np.full(n_draws, 1.0 / n_draws)
    beta_ci = equal_tailed(draws[:, 1] / 2.0, even)
    h_ci = bias_interval(draws[:, 0], draws[:, 1], even)
    method = "fractional logit" if estimator == "fractional" else "linear log-odds with smearing"
    return TanhEstimate(
        b0=float(estimate[0]),
        beta=float(estimate[1] / 2.0),
        b0_ci=equal_tailed(draws[:, 0], even),
        beta_ci=beta_ci,
        h_ci=h_ci,
        draws=np.column_stack([draws[:, 0], draws[:, 1] / 2.0]),
        method=f"{method}; Bayesian bootstrap over prompts, 95% percentile intervals",
        note=_saturation(index, scaled) or weakness(beta_ci, h_ci),
    )


def line_holds(m: FloatArray, scaled: FloatArray) -> bool:
    """Whether log-odds look linear in m with the same noise everywhere, as smearing supposes.

    Straightness: F test of added m^2 and m^3. Even noise: Koenker's (1981) test of the squared residuals
    against m and m^2. With fewer than five magnetizations straightness cannot be seen and is not assumed.
    """
    if np.unique(m).size < 5 or m.size < 10:
        return False
    line = np.column_stack([np.ones_like(m), m])
    cubic = np.column_stack([line, m**2, m**3])
    residual, flexible = _residual(line, scaled), _residual(cubic, scaled)
    error, noise, freedom = float(flexible @ flexible), float(residual @ residual), m.size - 4
    if noise <= 1e-18 * max(1.0, float(scaled @ scaled)):
        return True  # exactly on a line
    f_statistic = max(noise - error, 0.0) / 2.0 / max(error / freedom, 1e-300)
    if stats.f.sf(f_statistic, 2, freedom) < CHECK_LEVEL:
        return False
    square = residual**2
    spread = square - square.mean()
    unexplained = _residual(cubic[:, :3], square)
    koenker = m.size * (1.0 - (unexplained @ unexplained) / max(spread @ spread, 1e-300))
    return bool(stats.chi2.sf(koenker, 2) >= CHECK_LEVEL)


def _residual(design: FloatArray, y: FloatArray) -> FloatArray:
    return np.asarray(y - design @ np.linalg.lstsq(design, y, rcond=None)[0], dtype=np.float64)


def _smeared(m: FloatArray, scaled: FloatArray, weight: FloatArray) -> FloatArray:
    """(D, 2) of (b0, b1), one row a set of weights (D, n)."""
    n = m.size
    mean_m, mean_x = weight @ m, weight @ scaled
    slope = (weight @ (m * scaled) - mean_m * mean_x) / (weight @ (m * m) - mean_m**2)
    intercept = mean_x - slope * mean_m
    residual = scaled - intercept[:, None] - slope[:, None] * m
    residual *= np.sqrt(n / (n - 2))
    response = np.empty((weight.shape[0], _REFERENCE.size))
    for k, reference in enumerate(_REFERENCE):
        response[:, k] = (weight * expit((intercept + slope * reference)[:, None] + residual)).sum(axis=1)
    even = np.full(response.shape, 1.0 / _REFERENCE.size)
    return _nearest_tanh(_REFERENCE, response, even)


def _fractional(index: IndexArray, levels: FloatArray, scaled: FloatArray, weight: FloatArray) -> FloatArray:
    """(D, 2) of (b0, b1), one row a set of weights (D, n)."""
    member = (index[:, None] == np.arange(levels.size)).astype(np.float64)
    mass = weight @ member
    response = ((weight * expit(scaled)) @ member) / mass
    return _nearest_tanh(levels, response, mass)


def _nearest_tanh(m: FloatArray, response: FloatArray, mass: FloatArray) -> FloatArray:
    """Weighted logistic regression of `response` (D, K) on `m` (K,), rows at once: (b0, b1) of shape (D, 2).

    Iteratively reweighted least squares, started from the response's own logits; weights enter relatively,
    so it also converges where the response is close to 0 or 1 throughout.
    """
    p = np.clip(response, 1e-12, 1.0 - 1e-12)
    eta = np.log(p) - np.log1p(-p)
    theta = np.zeros((response.shape[0], 2))
    for _ in range(100):
        q = np.clip(expit(eta), 1e-14, 1.0 - 1e-14)
        variance = q * (1.0 - q)
        working = eta + (p - q) / variance
        weight = mass * variance
        weight = weight / weight.sum(axis=1, keepdims=True)
        mean_m, mean_z = weight @ m, (weight * working).sum(axis=1)
        centred = m - mean_m[:, None]
        slope = (weight * centred * working).sum(axis=1) / ((weight * centred**2).sum(axis=1) + 1e-300)
        updated = np.column_stack([mean_z - slope * mean_m, slope])
        change = np.max(np.abs(updated - theta))
        theta = updated
        eta = theta[:, :1] + theta[:, 1:] * m
        if change < 1e-9:
            break
    return theta


def _saturation(index: IndexArray, scaled: FloatArray) -> str:
    p = expit(scaled)
    mean = np.bincount(index, p) / np.bincount(index)
    if mean.min() > 1.0 - SATURATION or mean.max() < SATURATION:
        side = "A" if mean.min() > 0.5 else "B"
        return f"saturated: the probability of {side} is above {1.0 - SATURATION:g} at every magnetization"
    return ""


def _too_few(levels: FloatArray, scaled: FloatArray) -> TanhEstimate:
    b0 = float(np.clip(scaled.mean(), -30.0, 30.0))
    infinite = (-np.inf, np.inf)
    draws = np.column_stack([np.full(200, b0), np.zeros(200)])
    note = f"too few: {scaled.size} prompts at {levels.size} magnetizations"
    return TanhEstimate(b0, 0.0, infinite, infinite, infinite, draws, "none", note)
