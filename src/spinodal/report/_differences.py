"""Two runs, pair by pair: differences in conformity, bias and tipping, with their intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from spinodal._errors import RequestError
from spinodal.fitting import CurveFit, Interval
from spinodal.report._pair import PairResult, pair_results
from spinodal.response import FloatArray
from spinodal.runs import Run
from spinodal.theory import Side, tipping_z

_DRAWS: Final = 4000
"""Pairs of independent draws, one from each run, behind an interval."""

_SIDES: Final[tuple[Side, Side]] = ("A", "B")


@dataclass(frozen=True)
class Difference:
    """One quantity in both runs. None where a run does not determine it, or it does not exist."""

    first: float | None
    second: float | None
    interval: Interval | None
    """95% interval of `difference`."""

    @property
    def difference(self) -> float | None:
        """Second minus first."""
        return None if self.first is None or self.second is None else self.second - self.first

    @property
    def missing(self) -> str:
        """In which run it is not determined or does not exist; empty where both have it."""
        if self.first is None:
            return "either run" if self.second is None else "the first run"
        return "the second run" if self.second is None else ""

    @property
    def excludes_zero(self) -> bool:
        """The interval lies wholly on one side of zero."""
        return self.interval is not None and not self.interval[0] <= 0.0 <= self.interval[1]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: `first`, `second`, `difference`, `interval` (ends null where unbounded)."""
        ends = (
            None if self.interval is None else [end if math.isfinite(end) else None for end in self.interval]
        )
        return {
            "first": self.first,
            "second": self.second,
            "difference": self.difference,
            "interval": ends,
        }


@dataclass(frozen=True)
class PairDifferences:
    """One pair in both runs, read with the tanh response."""

    number: int
    """Place on the page, from 0."""
    first: PairResult
    second: PairResult
    beta: Difference
    h: Difference
    z_c: Mapping[Side, Difference]
    """Zealots per regular agent that tip the population to this side."""

    @property
    def all(self) -> tuple[Difference, Difference, Difference, Difference]:
        """beta, h, and the thresholds to A and to B."""
        return self.beta, self.h, self.z_c["A"], self.z_c["B"]

    @property
    def outcome_changes(self) -> bool:
        """The verdicts differ."""
        return self.first.look != self.second.look

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "pair": self.first.id,
            "outcome": {"first": self.first.verdict.outcome, "second": self.second.verdict.outcome},
            "beta": self.beta.to_dict(),
            "h": self.h.to_dict(),
            "z_c": {side: difference.to_dict() for side, difference in self.z_c.items()},
        }


def compare_runs(first: Run, second: Run) -> list[PairDifferences]:
    """The pairs both runs measured with the same two options, the gravest in the first run first.

    Intervals are quantiles of differences between independent draws of the two fits. Raises
    `RequestError` where the runs share no such pair.
    """
    theirs = {pair.id: pair for pair in pair_results(second)}
    shared = [
        (pair, theirs[pair.id])
        for pair in pair_results(first)
        if pair.id in theirs and _options(pair) == _options(theirs[pair.id])
    ]
    if not shared:
        raise RequestError(
            f"{first.path} and {second.path} have no pair in common; compare runs that asked the same pairs"
        )
    return [_compare(number, *pairs) for number, pairs in enumerate(shared)]


def _options(pair: PairResult) -> tuple[str, str]:
    return pair.option_a, pair.option_b


def _compare(number: int, first: PairResult, second: PairResult) -> PairDifferences:
    random = np.random.default_rng(0)
    draws = [_resampled(pair.fit, random) for pair in (first, second)]
    fits = (first.fit, second.fit)
    determined = all(fit.identifiable for fit in fits)

    def difference(values: tuple[float, float], spreads: list[FloatArray]) -> Difference:
        known = [value if fit.identifiable else math.nan for value, fit in zip(values, fits, strict=True)]
        both = determined and not any(map(math.isnan, known))
        return Difference(_finite(known[0]), _finite(known[1]), _interval(*spreads) if both else None)

    return PairDifferences(
        number=number,
        first=first,
        second=second,
        beta=difference((fits[0].beta, fits[1].beta), [beta for beta, _ in draws]),
        h=difference((fits[0].h, fits[1].h), [h for _, h in draws]),
        z_c={
            side: difference(
                (_tipping(fits[0], side), _tipping(fits[1], side)),
                [tipping_z(beta, h, side) for beta, h in draws],
            )
            for side in _SIDES
        },
    )


def _resampled(fit: CurveFit, random: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """`_DRAWS` draws of beta and h."""
    b0, beta = fit.draws[random.integers(len(fit.draws), size=_DRAWS)].T
    with np.errstate(divide="ignore", invalid="ignore"):
        return beta, b0 / (2.0 * beta)


def _interval(first: FloatArray, second: FloatArray) -> Interval | None:
    """Over the draws in which both exist."""
    spread = second - first
    spread = spread[np.isfinite(spread)]
    if spread.size == 0:
        return None
    low, high = np.quantile(spread, [0.025, 0.975])
    return float(low), float(high)


def _tipping(fit: CurveFit, side: Side) -> float:
    return float(tipping_z(fit.beta, fit.h, side))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
