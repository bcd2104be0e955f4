"""The fitted tanh response with its uncertainty, from counts: the Jeffreys posterior.

eta = b0 + 2 beta m. Intervals are equal-tailed 95% intervals of the posterior, with the open end of a
separated curve set to infinity: the data put no bound there, only the prior does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from spinodal.fitting import _logistic
from spinodal.fitting._curve_fit import Interval
from spinodal.response import FloatArray

LEVEL = 0.95
"""Level of every interval."""

N_DRAWS = 1000
"""Draws of (b0, beta) kept with a fit."""

EstimateKind = Literal["counts", "fractional", "line", "level"]

_METHODS: dict[EstimateKind, str] = {
    "counts": "binomial likelihood with Jeffreys prior; equal-tailed posterior intervals",
    "fractional": "fractional logit, prompts weighed by their dispersion, with Jeffreys prior; "
    "equal-tailed posterior intervals",
    "line": "line through the log-odds with Student-t noise; equal-tailed posterior intervals",
    "level": "none: the data show no slope",
}

_INFINITE: Interval = (-np.inf, np.inf)


@dataclass(frozen=True)
class TanhEstimate:
    """Point estimate, 95% intervals and draws of a tanh response."""

    b0: float
    beta: float
    b0_ci: Interval
    beta_ci: Interval
    h_ci: Interval
    draws: FloatArray
    """Shape (D, 2): draws of (b0, beta)."""
    kind: EstimateKind
    """Which estimator made it."""
    note: str
    """Why (beta, h) are not identifiable, else empty."""

    @property
    def method(self) -> str:
        """How the intervals were made, in words."""
        return _METHODS[self.kind]

    @property
    def h(self) -> float:
        """Bias b0 / (2 beta); NaN where beta is too near 0 for it to have a meaning."""
        return self.b0 / (2.0 * self.beta) if abs(self.beta) > 1e-6 else float("nan")


def fit_counts(
    m: FloatArray,
    a: FloatArray,
    b: FloatArray,
    n_draws: int = N_DRAWS,
    *,
    kind: EstimateKind = "counts",
    note: str = "",
) -> TanhEstimate:
    """Fit counts summed by magnetization: `m`, `a`, `b` of shape (K,), K >= 1 distinct magnetizations.

    `note`, where given, is the reason known beforehand why the curve is not identifiable.
    """
    if m.size < 2:
        return unidentified_estimate(m, a, b)
    points, weight, steps = _logistic.posterior_grid(m, a, b)
    mode = _logistic.firth_mode(m, a, b)
    separated = _logistic.separation(m, a, b)
    b0_ci = _open_end(equal_tailed(points[:, 0], weight), _b0_direction(separated, m, a, b))
    beta_ci = _open_end(equal_tailed(points[:, 1] / 2.0, weight), _SLOPE_DIRECTION[separated])
    h_ci = bias_interval(points[:, 0], points[:, 1], weight)
    draws = _draw(points, weight, steps, n_draws)
    return TanhEstimate(
        b0=float(mode[0]),
        beta=float(mode[1] / 2.0),
        b0_ci=b0_ci,
        beta_ci=beta_ci,
        h_ci=_INFINITE if separated in ("all A", "all B") else h_ci,
        draws=draws,
        kind=kind,
        note=note or _SEPARATION_NOTES[separated] or weakness(beta_ci, h_ci),
    )


def weakness(beta_ci: Interval, h_ci: Interval) -> str:
    """Why intervals this wide leave (beta, h) undetermined; empty where they do not."""
    if beta_ci[0] <= 0.0 <= beta_ci[1]:
        return "the response does not measurably depend on m, so h is undetermined"
    if not np.all(np.isfinite([*beta_ci, *h_ci])):
        return "the data put no bound on one side of beta or h"
    return ""


def unidentified_estimate(m: FloatArray, a: FloatArray, b: FloatArray) -> TanhEstimate:
    """The estimate where the data show a level at most, and no slope at all."""
    b0 = float(np.log((a.sum() + 0.5) / (b.sum() + 0.5)))
    draws = np.column_stack([np.full(N_DRAWS, b0), np.zeros(N_DRAWS)])
    return TanhEstimate(
        b0,
        0.0,
        _INFINITE,
        _INFINITE,
        _INFINITE,
        draws,
        "level",
        f"too few: {a.sum() + b.sum():g} observations at {m.size} magnetizations",
    )


def equal_tailed(values: FloatArray, weight: FloatArray) -> Interval:
    """The equal-tailed interval of weighted points, at level `LEVEL`."""
    order = np.argsort(values)
    cumulative = np.cumsum(weight[order]) - 0.5 * weight[order]
    tail = (1.0 - LEVEL) / 2.0
    low, high = np.interp([tail, 1.0 - tail], cumulative / weight.sum(), values[order])
    return float(low), float(high)


def bias_interval(b0: FloatArray, b1: FloatArray, weight: FloatArray) -> Interval:
    """Interval of h = b0 / b1 from weighted points, unbounded where b1 may be 0.

    In the spirit of Fieller (1954): h is the slope of the line through the origin and (b1, b0), so the
    interval is taken on the angle of that line, around its mean direction. Where the interval of angles
    reaches past the vertical, h may be infinite of either sign and nothing finite is claimed.
    """
    centre = float(np.arctan2(weight @ b0, weight @ b1))
    angle = np.angle(np.exp(1j * (np.arctan2(b0, b1) - centre)))
    low, high = equal_tailed(angle, weight)
    if np.cos(centre) < 0.0:  # falling response: the line is the same, seen from the other end
        centre -= float(np.pi * np.sign(centre))
    low, high = low + centre, high + centre
    if low <= -np.pi / 2.0 or high >= np.pi / 2.0:
        return _INFINITE
    return float(np.tan(low)), float(np.tan(high))


def _draw(points: FloatArray, weight: FloatArray, steps: FloatArray, n_draws: int) -> FloatArray:
    """Systematic draws from the grid, spread evenly over their cells; the same for the same data."""
    generator = np.random.default_rng(0)
    at = (np.arange(n_draws) + 0.5) / n_draws
    cell = np.minimum(np.searchsorted(np.cumsum(weight), at), weight.size - 1)
    theta = points[cell] + (generator.random((n_draws, 2)) - 0.5) @ steps
    return np.column_stack([theta[:, 0], theta[:, 1] / 2.0])


_SLOPE_DIRECTION = {"": (0, 0), "rising": (0, 1), "falling": (-1, 0), "all A": (-1, 1), "all B": (-1, 1)}
_SEPARATION_NOTES = {
    "": "",
    "rising": "separated: every B lies below every A, so the data put no upper bound on beta",
    "falling": "separated: every A lies below every B, so the data put no lower bound on beta",
    "all A": "saturated: every reply chose A",
    "all B": "saturated: every reply chose B",
}


def _b0_direction(separated: str, m: FloatArray, a: FloatArray, b: FloatArray) -> tuple[int, int]:
    """Which ends of b0 = -b1 t are open, t the threshold between the A and the B replies."""
    if separated in ("all A", "all B"):
        return (0, 1) if separated == "all A" else (-1, 0)
    if not separated:
        return (0, 0)
    below, above = (b, a) if separated == "rising" else (a, b)
    t_low, t_high = m[below > 0].max(), m[above > 0].min()
    grows, falls = (t_low < 0.0, t_high > 0.0) if separated == "rising" else (t_high > 0.0, t_low < 0.0)
    return (-1 if falls else 0, 1 if grows else 0)


def _open_end(interval: Interval, direction: tuple[int, int]) -> Interval:
    return (-np.inf if direction[0] else interval[0], np.inf if direction[1] else interval[1])
