"""Does the tanh describe the points? Rao's score test for added curvature.

The tanh's log-odds are straight in m. The test asks whether m^2 and m^3 belong there too: lopsidedness,
floors, ceilings and plateaus all show in them. As a score test it needs only the tanh fit and stays right for
few observations a magnetization, where the usual sum over points does not.
"""

from __future__ import annotations

import numpy as np
from scipy import stats
from scipy.special import expit

from spinodal.fitting._logistic import maximum_likelihood, separation
from spinodal.fitting._observations import Counts, Observations
from spinodal.response import FloatArray


def lack_of_fit(observations: Observations) -> float:
    """p-value of the tanh against added m^2 and m^3; NaN with fewer than five magnetizations or separation.

    Counts: binomial variance times the dispersion between rows. Log-odds: each prompt's own squared residual.
    """
    tally = observations.tally
    if tally.m.size < 5 or separation(tally.m, tally.a, tally.b):
        return float("nan")
    theta, _ = maximum_likelihood(tally.m, tally.a, tally.b)
    if isinstance(observations, Counts):
        p = expit(theta[0] + theta[1] * tally.m)
        weight = tally.n * p * (1.0 - p)
        added = _orthogonal(tally.m, weight)
        score = added.T @ (tally.a - tally.n * p)
        variance = (added * weight[:, None]).T @ added * observations.dispersion
    else:
        p = expit(theta[0] + theta[1] * observations.m)
        residual = observations.p - p
        added = _orthogonal(observations.m, p * (1.0 - p))
        score = added.T @ residual
        variance = (added * residual[:, None] ** 2).T @ added
    scale = np.sqrt(np.diag(variance))
    if not np.all(scale > 0.0):
        return float("nan")
    standard = score / scale
    correlation = variance / np.outer(scale, scale)
    if np.linalg.cond(correlation) > 1e10:
        return float("nan")
    return float(stats.chi2.sf(standard @ np.linalg.solve(correlation, standard), 2))


def _orthogonal(m: FloatArray, weight: FloatArray) -> FloatArray:
    """m^2 and m^3, shape (n, 2), with what 1 and m explain of them taken out."""
    line = np.column_stack([np.ones_like(m), m])
    added = np.column_stack([m**2, m**3])
    root = np.sqrt(weight)[:, None]
    coefficients = np.linalg.lstsq(line * root, added * root, rcond=None)[0]
    return np.asarray(added - line @ coefficients, dtype=np.float64)
