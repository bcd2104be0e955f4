"""The lapse response: a tanh between a floor and a ceiling, by penalised maximum likelihood."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from spinodal.fitting._logistic import firth_mode
from spinodal.fitting._observations import Tally
from spinodal.response import FloatArray, LapseResponse

_SLOPE_SCALE = 20.0
"""Standard deviation of the normal prior on b0 and 2 beta: keeps a step finite, bends nothing else."""

_LAPSE_WEIGHT = 4.0
"""The prior on each lapse rate x is proportional to (1 - x)^4: a lapse has to show in the data."""


def fit_lapse(tally: Tally) -> LapseResponse | None:
    """Fit floor, ceiling, b0 and beta; None with fewer than four magnetizations."""
    if tally.m.size < 4:
        return None
    start = np.array([*firth_mode(tally.m, tally.a, tally.b), 0.02, 0.02])
    found = minimize(
        _loss,
        start,
        args=(tally.m, tally.a, tally.b),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-200.0, 200.0), (-200.0, 200.0), (0.0, 0.45), (0.0, 0.45)],
    )
    b0, b1, floor, drop = (float(value) for value in found.x)
    slope = b1 if abs(b1) > 1e-6 else 1e-6
    return LapseResponse(beta=slope / 2.0, h=b0 / slope, floor=floor, ceiling=1.0 - drop)


def _loss(theta: FloatArray, m: FloatArray, a: FloatArray, b: FloatArray) -> tuple[float, FloatArray]:
    """Negative log posterior and its gradient at (b0, 2 beta, floor, 1 - ceiling)."""
    b0, b1, floor, drop = theta
    q = expit(b0 + b1 * m)
    span = 1.0 - floor - drop
    p = np.clip(floor + span * q, 1e-12, 1.0 - 1e-12)
    residual = a / p - b / (1.0 - p)
    along = residual * span * q * (1.0 - q)
    value = a @ np.log(p) + b @ np.log1p(-p) - (b0**2 + b1**2) / (2.0 * _SLOPE_SCALE**2)
    value += _LAPSE_WEIGHT * (np.log1p(-floor) + np.log1p(-drop))
    gradient = np.array(
        [
            along.sum() - b0 / _SLOPE_SCALE**2,
            along @ m - b1 / _SLOPE_SCALE**2,
            residual @ (1.0 - q) - _LAPSE_WEIGHT / (1.0 - floor),
            -(residual @ q) - _LAPSE_WEIGHT / (1.0 - drop),
        ]
    )
    return -float(value), -gradient
