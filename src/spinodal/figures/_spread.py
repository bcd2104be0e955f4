"""Intervals of medians, shares and correlations over pairs: closed forms, no chance in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Interval = tuple[float, float]
NO_INTERVAL: Interval = (float("nan"), float("nan"))
LEVEL = 0.95


def median_interval(values: ArrayLike) -> Interval:
    """95% interval of a median, shape (n,), between order statistics: no assumption on the distribution.

    Its coverage is at least 95% for any continuous distribution (Thompson 1936, Ann. Math. Stat. 7:122). NaN
    for fewer than six values, which have no such interval.
    """
    from scipy.stats import binom

    ordered = np.sort(np.asarray(values, dtype=np.float64))
    n = ordered.size
    below = int(binom.ppf((1.0 - LEVEL) / 2.0, n, 0.5))  # P(X < below) <= 2.5%
    if below < 1:
        return NO_INTERVAL
    return float(ordered[below - 1]), float(ordered[n - below])


def share_interval(count: int, total: int) -> Interval:
    """Wilson's 95% interval of a share, in [0, 1]; NaN of nothing."""
    if not total:
        return NO_INTERVAL
    from scipy.stats import binomtest

    ends = binomtest(count, total).proportion_ci(LEVEL, method="wilson")
    return float(ends.low), float(ends.high)


def mean_interval(values: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Student's 95% interval of the mean over the first axis; NaN with fewer than three values."""
    from scipy.stats import t

    rows = np.asarray(values, dtype=np.float64)
    n = rows.shape[0]
    if n < 3:
        nothing = np.full(rows.shape[1:], np.nan)
        return nothing, nothing
    mean = rows.mean(axis=0)
    reach = float(t.ppf(0.5 + LEVEL / 2.0, n - 1)) * rows.std(axis=0, ddof=1) / np.sqrt(n)
    return mean - reach, mean + reach


def rank_correlation(x: ArrayLike, y: ArrayLike) -> tuple[float, Interval]:
    """Spearman's correlation with its 95% interval; NaN with fewer than five pairs.

    Fisher's z with the standard error sqrt((1 + r^2/2)/(n - 3)) (Bonett & Wright 2000, Psychometrika 65:23).
    """
    from scipy.stats import norm, spearmanr

    a, b = (np.asarray(values, dtype=np.float64).ravel() for values in (x, y))
    n = a.size
    if n < 5:
        return float("nan"), NO_INTERVAL
    r = float(spearmanr(a, b).statistic)
    if not abs(r) < 1.0:
        return r, NO_INTERVAL
    reach = float(norm.ppf(0.5 + LEVEL / 2.0)) * np.sqrt((1.0 + r * r / 2.0) / (n - 3))
    centre = np.arctanh(r)
    return r, (float(np.tanh(centre - reach)), float(np.tanh(centre + reach)))


def bars(estimate: float, interval: Interval) -> np.ndarray:
    """How far an interval reaches below and above its estimate, shape (2, 1), as error bars want it."""
    low, high = interval
    return np.asarray(np.maximum(np.array([[estimate - low], [high - estimate]]), 0.0))
