"""A design that asks where the answer still depends on it, and stops when the answer is settled."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import expit

from spinodal._errors import RequestError
from spinodal.fitting import TanhEstimate, estimate_tanh, probability_bistable
from spinodal.fitting._curve_fit import Interval
from spinodal.measure.designs._base import CurveData, IntArray, Readout, StopReason, in_pairs, magnetization
from spinodal.response import FloatArray

_FIRST_STAGE = np.array([-1.0, -0.6, -0.2, 0.2, 0.6, 1.0])
"""Magnetizations asked twice before anything is known, and revisited after; they include all-A and all-B."""

_MOST_LEVELS = 41
"""Levels considered as candidates, so that a thousand peers cost no more than forty."""

_FIRST_PAIRS: dict[Readout, int] = {"sample": 4, "logprob": 1}
"""Pairs of prompts a level of the first stage."""

_MOST_PAIRS: dict[Readout, int] = {"sample": 12, "logprob": 4}
"""Most pairs of prompts in a batch."""


@dataclass(frozen=True)
class AdaptiveDesign:
    """Space-filling first, then Bayesian D-optimal, until the phase is settled or the budget spent.

    After the first stage each pair of prompts goes to the level that raises most the expected log-determinant
    of the information on (b0, beta), averaged over the posterior draws (Chaloner & Verdinelli 1995, Statist.
    Sci. 10:273); a share of every batch revisits the first stage's levels, so that the shape of the response
    and its ends stay in sight. Log-odds on a straight line are best asked far apart: then the first stage's
    levels are all that is asked, the ends twice as often. It stops when, after a minimum, the probability of
    bistability is outside [1 - confidence, confidence] and the intervals are as narrow as asked, or else at
    the maximum.
    Raises `RequestError` for numbers out of range.
    """

    confidence: float = 0.95
    """The phase is settled when its probability exceeds this, in (0.5, 1)."""
    beta_width: float | None = None
    """Widest acceptable 95% interval of beta; None asks for none."""
    h_width: float | None = None
    """Widest acceptable 95% interval of h; None asks for none."""
    min_samples: int = 120
    max_samples: int = 350
    """Prompts a curve where replies are sampled."""
    min_prompts: int = 24
    max_prompts: int = 60
    """Prompts a curve where log-probabilities are read. A maximum below the minimum is what counts."""

    def __post_init__(self) -> None:
        if not 0.5 < self.confidence < 1.0:
            raise RequestError(f"confidence is {self.confidence}; give a number between 0.5 and 1")
        for name, width in (("beta_width", self.beta_width), ("h_width", self.h_width)):
            if width is not None and not width > 0.0:
                raise RequestError(f"{name} is {width}; give a number above 0, or none")
        for kind, low, high in (
            ("samples", self.min_samples, self.max_samples),
            ("prompts", self.min_prompts, self.max_prompts),
        ):
            if min(low, high) < 2:
                raise RequestError(f"min_{kind} is {low} and max_{kind} {high}; give 2 or more for both")

    def propose(self, curve: CurveData) -> list[int]:
        if self.stop_reason(curve) is not None:
            return []
        room = self.max_calls(curve.readout) - curve.n_asked
        if curve.n_asked == 0:
            batch = in_pairs(_first_stage(curve.n_peers) * _FIRST_PAIRS[curve.readout])
        else:
            batch = in_pairs(self._next_levels(curve))
        return batch[:room]

    def stop_reason(self, curve: CurveData) -> StopReason | None:
        least = self.min_samples if curve.readout == "sample" else self.min_prompts
        least = min(least, self.max_calls(curve.readout))
        if curve.n_asked >= least and curve.observations.m.size >= least // 2:
            estimate = _estimate(curve)
            p = probability_bistable(estimate)
            if not 1.0 - self.confidence <= p <= self.confidence and self._precise(estimate):
                return "settled" if self.beta_width is None and self.h_width is None else "precise"
        return "budget" if curve.n_asked >= self.max_calls(curve.readout) else None

    def max_calls(self, readout: Readout) -> int:
        return self.max_samples if readout == "sample" else self.max_prompts

    def _precise(self, estimate: TanhEstimate) -> bool:
        return all(
            asked is None or _width(interval) <= asked
            for asked, interval in ((self.beta_width, estimate.beta_ci), (self.h_width, estimate.h_ci))
        )

    def _next_levels(self, curve: CurveData) -> list[int]:
        """Levels of the next batch, a pair each."""
        # a batch grows with what is known: choosing anew is worth less and less
        pairs = int(np.clip(curve.n_asked // 8, 3, _MOST_PAIRS[curve.readout]))
        if curve.observations.m.size == 0:  # nothing usable came back: keep looking everywhere
            return _least_asked(curve, pairs)
        estimate = _estimate(curve)
        if estimate.kind == "line":
            return _least_asked(curve, pairs)
        revisited = _least_asked(curve, max(1, pairs // 8))
        asked = np.concatenate([np.asarray(curve.n_a), np.repeat(revisited, 2)]).astype(np.intp)
        return revisited + _most_informative(estimate, asked, curve.n_peers, pairs - len(revisited))


def _estimate(curve: CurveData) -> TanhEstimate:
    return estimate_tanh(curve.observations, n_draws=400)


def _width(interval: Interval) -> float:
    return interval[1] - interval[0]


@lru_cache(maxsize=64)
def _first_stage(n_peers: int) -> tuple[int, ...]:
    levels = np.unique(np.round((_FIRST_STAGE + 1.0) / 2.0 * n_peers).astype(int))
    return tuple(int(level) for level in levels)


def _least_asked(curve: CurveData, count: int) -> list[int]:
    """`count` of the first stage's levels, those asked least first; the two ends are due twice as often."""
    levels = _first_stage(curve.n_peers)
    due = [2.0 if level in (0, curve.n_peers) else 1.0 for level in levels]
    times = [float(np.sum(np.asarray(curve.n_a) == level)) for level in levels]
    chosen = []
    for _ in range(count):
        least = min(range(len(levels)), key=lambda k: (times[k] + 2.0) / due[k])
        times[least] += 2.0
        chosen.append(levels[least])
    return chosen


def _most_informative(estimate: TanhEstimate, asked: IntArray, n_peers: int, count: int) -> list[int]:
    """`count` levels, greedily: each maximises the mean gain of log det information over the draws."""
    draws = estimate.draws[::2]
    candidates = np.unique(np.round(np.linspace(0, n_peers, min(n_peers + 1, _MOST_LEVELS)))).astype(np.intp)
    m = magnetization(candidates, n_peers)
    weight = _binomial_weight(draws, m)
    past = magnetization(asked, n_peers)
    levels, times = np.unique(past, return_counts=True)
    past_weight = _binomial_weight(draws, levels) * times
    i00, i01, i11 = (past_weight @ (levels**power) for power in range(3))
    chosen = []
    for _ in range(count):
        determinant = np.maximum(i00 * i11 - i01**2, 1e-12)[:, None]
        leverage = (i11[:, None] - 2.0 * m * i01[:, None] + m**2 * i00[:, None]) / determinant
        best = int(np.argmax(np.log1p(2.0 * weight * leverage).mean(axis=0)))
        chosen.append(int(candidates[best]))
        gain = 2.0 * weight[:, best]
        i00, i01, i11 = i00 + gain, i01 + gain * m[best], i11 + gain * m[best] ** 2
    return chosen


def _binomial_weight(draws: FloatArray, m: FloatArray) -> FloatArray:
    p = expit(draws[:, :1] + 2.0 * draws[:, 1:] * m)
    return np.asarray(p * (1.0 - p), dtype=np.float64)
