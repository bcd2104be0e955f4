"""The result of fitting one curve: what everything to the right of it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from spinodal.response import FloatArray, ResponseFunction
from spinodal.theory import Phase

Interval = tuple[float, float]
"""Lower and upper end of a 95% interval; an end may be infinite."""

ResponseKind = Literal["tanh", "lapse", "empirical"]


@dataclass(frozen=True)
class CurvePoint:
    """The observations at one magnetization, summarised."""

    m: float
    """Perceived magnetization, in [-1, 1]."""
    p: float
    """Mean probability of A, in [0, 1]."""
    ci: Interval
    """95% interval of `p`."""
    n: int
    """Valid samples (counts) or prompts (log-odds) behind it."""


@dataclass(frozen=True)
class CurveFit:
    """One response curve, fitted.

    Convention: P(m) = sigmoid(b0 + 2 beta m) = sigmoid(2 beta (m + h)), b0 = 2 beta h.
    """

    keys: Mapping[str, Any]
    """Values of the grouping columns (model, pair, ...) that name this curve."""
    readout: Literal["sample", "logprob"]
    """What the curve was fitted to: counts of samples, or log-odds."""
    beta: float
    """Conformity, point estimate (finite even where it is not identifiable)."""
    h: float
    """Bias in units of magnetization; NaN where beta is so near 0 that it has no meaning."""
    b0: float
    """Log-odds bias 2 beta h."""
    beta_ci: Interval
    h_ci: Interval
    b0_ci: Interval
    interval_method: str
    """How the intervals were made, in words for a reader."""
    phase: Phase
    """Of the point estimate."""
    p_bistable: float
    """Probability that the population is bistable given the data, in [0, 1] (tanh response)."""
    identifiable: bool
    """False where the data do not determine (beta, h): separated, saturated or too few."""
    note: str
    """Why it is not identifiable, else empty."""
    tanh: ResponseFunction
    lapse: ResponseFunction | None
    """Tanh response between a floor and a ceiling; None where it could not be fitted."""
    empirical: ResponseFunction | None
    """Monotone response through the points; None with fewer than two magnetizations."""
    p_bistable_empirical: float | None
    """As `p_bistable`, from the empirical response."""
    preferred: ResponseKind
    """The response that predicts held-out observations best."""
    scores: Mapping[str, float]
    """Held-out log score per observation of each response that was fitted (higher is better)."""
    fit_p_value: float
    """p-value of the tanh response's lack of fit; NaN where it cannot be tested."""
    points: tuple[CurvePoint, ...]
    """The observations by magnetization, ascending in m."""
    n_rows: int
    """Rows (prompts, or counted points) behind the curve."""
    n_valid: int
    """Valid samples, or prompts with a usable log-odds."""
    n_invalid: int
    """Replies that chose neither option."""
    draws: FloatArray = field(repr=False)
    """Shape (D, 2): draws of (b0, beta) that carry the uncertainty to whatever is computed next."""
    empirical_draws: FloatArray | None = field(default=None, repr=False)
    """Shape (D', K): draws of the empirical response at its K knots `empirical.m`."""

    def to_dict(self) -> dict[str, Any]:
        """The contract's keys: the grouping columns, then beta, h, b0, intervals, phase and flags."""
        return {
            **self.keys,
            "beta": self.beta,
            "h": self.h,
            "b0": self.b0,
            "beta_ci": list(self.beta_ci),
            "h_ci": list(self.h_ci),
            "phase": self.phase,
            "p_bistable": self.p_bistable,
            "identifiable": self.identifiable,
            "b0_ci": list(self.b0_ci),
            "note": self.note,
            "preferred": self.preferred,
            "scores": dict(self.scores),
            "fit_p_value": self.fit_p_value,
            "p_bistable_empirical": self.p_bistable_empirical,
            "interval_method": self.interval_method,
            "readout": self.readout,
            "n_rows": self.n_rows,
            "n_valid": self.n_valid,
            "n_invalid": self.n_invalid,
        }
