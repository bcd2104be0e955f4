"""The observations of one curve, as arrays: either counts of samples or log-odds of prompts, never both."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import expit

from spinodal.response import FloatArray

MINIMUM_TEMPERATURE = 1e-3
"""Lowest temperature at which a probability is formed; below it a reply is as good as greedy."""

PRIOR_VARIANCE = 0.125
"""Variance added to that seen between prompts: half a prompt's worth of the most there can be, 1/4."""


@dataclass(frozen=True)
class Tally:
    """Counts summed by magnetization, ascending; fractional where they stand for probabilities."""

    m: FloatArray
    a: FloatArray
    b: FloatArray

    @property
    def n(self) -> FloatArray:
        """Observations at each magnetization."""
        return self.a + self.b


@dataclass(frozen=True)
class Counts:
    """Samples: row i drew `a[i]` times A and `b[i]` times B at `m[i]`. All of shape (n,)."""

    m: FloatArray
    a: FloatArray
    b: FloatArray

    @cached_property
    def tally(self) -> Tally:
        """The counts by magnetization, rows without a valid sample left out."""
        used = self.a + self.b > 0
        return _summed(self.m[used], self.a[used], self.b[used])

    @cached_property
    def dispersion(self) -> float:
        """Variance between rows at the same m relative to binomial, at least 1.

        More than 1 where several samples of one prompt were drawn and prompts differ: the samples are then
        clustered, and count for less. Pearson's estimate; 1 where fewer than ten comparisons are possible.
        """
        n = self.a + self.b
        used = n > 0
        _, index = np.unique(self.m[used], return_inverse=True)
        a, n = self.a[used], n[used]
        p = (np.bincount(index, a) / np.bincount(index, n))[index]
        inside = (p > 0.0) & (p < 1.0)
        freedom = int(inside.sum()) - np.unique(index[inside]).size
        if freedom < 10 or n.max() <= 1:
            return 1.0
        pearson = (a - n * p)[inside] ** 2 / (n * p * (1.0 - p))[inside]
        return max(1.0, float(pearson.sum() / freedom))

    @property
    def effective_tally(self) -> Tally:
        """The tally, divided by the dispersion: what the samples are worth as independent ones."""
        tally = self.tally
        return Tally(tally.m, tally.a / self.dispersion, tally.b / self.dispersion)


@dataclass(frozen=True)
class LogOdds:
    """Prompts: `log_odds[i]` at temperature 1 for magnetization `m[i]`, read at `temperature`. Shape (n,)."""

    m: FloatArray
    log_odds: FloatArray
    temperature: float
    censored: FloatArray
    """1 where the log-odds are only a bound, else 0."""
    order: FloatArray | None = None
    """1 where the prompt lists A first, -1 where B, 0 where neither; None where that is not known."""

    @property
    def scaled(self) -> FloatArray:
        """Log-odds at the temperature: log_odds / temperature."""
        return np.clip(self.log_odds, -1e6, 1e6) / max(self.temperature, MINIMUM_TEMPERATURE)

    @cached_property
    def p(self) -> FloatArray:
        """Each prompt's probability of A at the temperature."""
        return np.asarray(expit(self.scaled), dtype=np.float64)

    @cached_property
    def tally(self) -> Tally:
        """Sums of p and of 1 - p by magnetization."""
        return _summed(self.m, self.p, 1.0 - self.p)

    @cached_property
    def dispersion(self) -> float:
        """Variance of prompts' probabilities about their mean at that m, relative to binomial; in (0, 1].

        Pooled over magnetizations asked more than once. `PRIOR_VARIANCE` stands for what a few prompts may
        not have shown yet: rare prompts that go the other way.
        """
        _, index = np.unique(self.m, return_inverse=True)
        size = np.bincount(index)
        mean = (np.bincount(index, self.p) / size)[index]
        repeated = size[index] > 1
        between = ((self.p - mean) ** 2 * size[index] / np.maximum(size[index] - 1, 1))[repeated].sum()
        binomial = (mean * (1.0 - mean))[repeated].sum()
        return min(1.0, float((between + PRIOR_VARIANCE) / (binomial + PRIOR_VARIANCE)))

    @property
    def effective_tally(self) -> Tally:
        """The tally, divided by the dispersion: what the prompts are worth in independent samples."""
        tally = self.tally
        return Tally(tally.m, tally.a / self.dispersion, tally.b / self.dispersion)


Observations = Counts | LogOdds


def _summed(m: FloatArray, a: FloatArray, b: FloatArray) -> Tally:
    levels, index = np.unique(m, return_inverse=True)
    return Tally(
        levels,
        np.asarray(np.bincount(index, a), dtype=np.float64),
        np.asarray(np.bincount(index, b), dtype=np.float64),
    )
