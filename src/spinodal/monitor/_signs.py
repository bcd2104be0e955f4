"""Early-warning signs of a transition: how far the magnetization swings, and how slowly it comes back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

LEAST: Final = 3
"""Estimates without which nothing is said of their variance or autocorrelation."""


def enough_of(window: int) -> int:
    """Estimates from which on a window says something: half of it, and three at the least."""
    return max(LEAST, (window + 1) // 2)


def variance(m: Sequence[float]) -> float:
    """Variance of some estimates of the magnetization (divided by n - 1); NaN for fewer than three."""
    return float(np.var(m, ddof=1)) if len(m) >= LEAST else math.nan


def autocorrelation(m: Sequence[float]) -> float:
    """Correlation of each estimate with the next, in [-1, 1].

    Sum of (m_t - mean)(m_t+1 - mean) over the sum of (m_t - mean)^2; NaN for fewer than three, and where
    they do not vary.
    """
    if len(m) < LEAST:
        return math.nan
    swing = np.asarray(m, dtype=np.float64) - np.mean(m)
    total = float(swing @ swing)
    return float(swing[:-1] @ swing[1:]) / total if total > _NOTHING * len(m) else math.nan


_NOTHING = 1e-18
"""Mean square below which estimates differ by rounding alone."""
