"""Closed forms for the tanh response, vectorised: thousands of (beta, h) at once.

Convention: P(m) = 1/2 [1 + tanh(beta (m + h))]. Every function broadcasts its arguments and answers
NaN where the thing asked for does not exist. Formulas: arXiv 2605.10721, rederived.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinodal.response import FloatArray

Side = Literal["A", "B"]
"""An option, and the side of m = 0 on which it has the majority."""

SIGN: dict[Side, float] = {"A": 1.0, "B": -1.0}
"""The magnetization of a consensus on that option."""


class TanhFixedPoints(NamedTuple):
    """Magnetizations of the fixed points; all three where bistable, else one of `lower`, `upper`."""

    lower: FloatArray
    """The stable one before the spinodal pair: B's state where bistable."""
    middle: FloatArray
    """The unstable one."""
    upper: FloatArray
    """The stable one after it: A's state where bistable."""


def spinodal_h(beta: ArrayLike) -> FloatArray:
    """Bias at which the metastable state ceases to exist: sqrt(1 - 1/beta) - artanh(sqrt(1 - 1/beta))/beta.

    NaN for beta < 1, where there is no metastable state at any h.
    """
    b = np.asarray(beta, dtype=np.float64)
    ordered = np.where(b >= 1.0, b, np.nan)
    # artanh(sqrt(1 - 1/b)) = arsinh(sqrt(b - 1)), which keeps its digits for large b
    return np.asarray(np.sqrt(1.0 - 1.0 / ordered) - np.arcsinh(np.sqrt(ordered - 1.0)) / ordered)


def is_bistable(beta: ArrayLike, h: ArrayLike) -> NDArray[np.bool_]:
    """Whether two stable states coexist: beta > 1 and |h| < spinodal_h(beta)."""
    return np.asarray(np.abs(h) < spinodal_h(beta))  # False against NaN


def effective_parameters(
    beta: ArrayLike, h: ArrayLike, zealots_a: ArrayLike = 0.0, zealots_b: ArrayLike = 0.0
) -> tuple[FloatArray, FloatArray]:
    """The (beta', h') without zealots that have the same mean field as (beta, h) with them.

    beta' = beta/(1 + z), h' = (1 + z) h + z_A - z_B, with z = z_A + z_B zealots per regular agent.
    """
    crowd = 1.0 + np.asarray(zealots_a, dtype=np.float64) + np.asarray(zealots_b, dtype=np.float64)
    return np.asarray(beta) / crowd, np.asarray(h) * crowd + np.asarray(zealots_a) - np.asarray(zealots_b)


def tanh_fixed_points(beta: ArrayLike, h: ArrayLike) -> TanhFixedPoints:
    """Solve m = tanh(beta (m + h)), by bisection between the extrema of the drift.

    A single fixed point is `upper` where h >= 0 (for beta < 0 too), else `lower`.
    """
    b, bias = np.broadcast_arrays(np.asarray(beta, dtype=np.float64), np.asarray(h, dtype=np.float64))
    two = is_bistable(b, bias)
    # the drift has its extrema where beta sech^2(beta (m + h)) = 1
    fold = np.where(two, np.arcsinh(np.sqrt(np.maximum(b - 1.0, 0.0))) / np.where(two, b, 1.0), 0.0)
    low_fold, high_fold = -fold - bias, fold - bias
    is_upper, is_lower = two | (bias >= 0.0), two | (bias < 0.0)
    ones = np.ones(b.shape)
    lower, middle, upper = _bisect(
        b,
        bias,
        left=np.stack([-ones, np.where(two, low_fold, 0.0), np.where(two, high_fold, -1.0)]),
        right=np.stack([np.where(two, low_fold, 1.0), np.where(two, high_fold, 0.0), ones]),
        rising=np.array([-1.0, 1.0, -1.0]).reshape(3, *(1,) * b.ndim),
    )
    return TanhFixedPoints(
        np.where(is_lower, lower, np.nan), np.where(two, middle, np.nan), np.where(is_upper, upper, np.nan)
    )


def tipping_z(beta: ArrayLike, h: ArrayLike, toward: Side) -> FloatArray:
    """Zealots per regular agent, holding `toward`, at which the state of the other option disappears.

    a = beta (1 + s h), c = 2a - 1, w = -c - W_{-1}(-exp(-c)), z_c = beta sech^2(w/2) - 1.
    NaN where there is no threshold: a < 1 (the population follows the zealots continuously), or
    z_c <= 0 (there is no state of the other option to begin with).
    """
    b = np.asarray(beta, dtype=np.float64)
    a = b * (1.0 + SIGN[toward] * np.asarray(h, dtype=np.float64))
    c = np.where(a >= 1.0, 2.0 * a - 1.0, np.nan)
    grown = c + _tangency(c)  # exp(w), so that sech^2(w/2) = 4/(exp(w) + 2 + exp(-w)) cannot overflow
    z = 4.0 * b / (grown + 2.0 + 1.0 / grown) - 1.0
    return np.where(z > 0.0, z, np.nan)


def consensus(beta: float, agents: int) -> Literal["none", "partial", "full"]:
    """What unbiased agents (h = 0) agree on: nothing for beta < 1, full consensus past 1/2 ln N.

    Between the two, a majority that leaves some agents over: partial.
    """
    if beta <= 1.0:
        return "none"
    return "full" if beta > 0.5 * math.log(agents) else "partial"


def _tangency(c: FloatArray) -> FloatArray:
    """w = -c - W_{-1}(-exp(-c)), the positive root of exp(w) = c + w, for c >= 1."""
    from scipy.special import lambertw

    representable = np.clip(c, 1.0 + 1e-15, 700.0)  # SciPy gives NaN on the branch point c = 1 itself
    w = -representable - lambertw(-np.exp(-representable), -1).real
    large = c > 700.0  # exp(-c) is about to underflow; here w = log(c + w) contracts by 1/c a turn
    if np.any(large):
        root = np.log(np.where(large, c, 700.0))
        for _ in range(6):
            root = np.log(np.where(large, c, 700.0) + root)
        w = np.where(large, root, w)
    return np.asarray(w)


def _bisect(
    beta: FloatArray, h: FloatArray, *, left: FloatArray, right: FloatArray, rising: FloatArray
) -> FloatArray:
    """Roots of the drift in [left, right], where it changes sign once: from below where `rising` is 1."""
    for _ in range(64):
        m = 0.5 * (left + right)
        ahead = rising * (np.tanh(beta * (m + h)) - m)  # the sign beyond the root; 0 ends the search at m
        left, right = np.where(ahead <= 0.0, m, left), np.where(ahead >= 0.0, m, right)
    return np.asarray(0.5 * (left + right) + 0.0)  # no negative zero
