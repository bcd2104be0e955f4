"""Confidence intervals of a mean over strata: the wider of Student's t and a smoothed bootstrap-t."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spinodal.response import FloatArray

_LEVEL = 0.95
_TAILS = ((1.0 - _LEVEL) / 2.0, (1.0 + _LEVEL) / 2.0)


def reaches(
    groups: Sequence[FloatArray], draws: int, random: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """How far 95% intervals reach below and above the estimate, each of shape (k,), from (n_g, k) a stratum.

    On either side the wider of two: Student's t with Welch-Satterthwaite degrees of freedom, and the
    bootstrap-t (Hall 1988, Ann. Stat. 16:927) of games drawn within strata, where each drawn difference is
    blurred by normal noise of 1/sqrt(n_g) of its stratum's standard deviation (a smoothed bootstrap: Polansky
    & Schucany 1997, J. R. Stat. Soc. B 59:821). Without the noise a resample of a few games, or of answers
    mostly alike, has no spread, and the interval no end; with it the bootstrap goes over into Student's t as
    n_g falls. NaN where a stratum has one game.
    """
    from scipy.special import stdtrit

    traits = groups[0].shape[1]
    sizes = [len(group) for group in groups]
    if min(sizes) < 2:
        return np.full(traits, np.nan), np.full(traits, np.nan)
    # sums over strata stand for means: the 1/G is common to the estimate and its error
    shift, error2 = np.zeros((draws, traits)), np.zeros((draws, traits))
    squared_errors = []
    for group, size in zip(groups, sizes, strict=True):
        residuals = group - group.mean(axis=0)
        variance = (residuals**2).sum(axis=0) / (size - 1)
        squared_errors.append(variance / size)
        mean, spread = _resampled(residuals, np.sqrt(variance / size), draws, random)
        shift += mean
        error2 += spread / size
    total = np.sum(squared_errors, axis=0)
    varies = total > 0.0
    shares = np.divide(squared_errors, total, where=varies, out=np.ones((len(sizes), traits)))
    freedom = 1.0 / np.sum(shares**2 / (np.array(sizes)[:, None] - 1.0), axis=0)
    student = stdtrit(freedom, _TAILS[1])
    t = np.divide(shift, np.sqrt(error2), where=error2 > 0.0, out=np.zeros_like(shift))
    lower, upper = np.quantile(t, _TAILS, axis=0, method="weibull")  # the (draws + 1) p-th, as in a test
    error = np.sqrt(total) / len(sizes)
    return np.maximum(student, upper) * error, np.maximum(student, -lower) * error


def _resampled(
    residuals: FloatArray, blur: FloatArray, draws: int, random: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Means and variances of resamples of one stratum, each of shape (draws, k)."""
    size = len(residuals)
    place = random.integers(size, size=(draws, size)) + size * np.arange(draws)[:, None]
    noise = random.standard_normal((draws, size))
    # Sums over a resample as products with how often each game is in it, and with the noise it gets: no array
    # of (draws, n, k) is made.
    often = np.bincount(place.ravel(), minlength=draws * size).reshape(draws, size).astype(np.float64)
    weighed = np.bincount(place.ravel(), noise.ravel(), draws * size).reshape(draws, size)
    sums = often @ residuals + noise.sum(axis=1)[:, None] * blur
    squares = often @ residuals**2 + 2.0 * (weighed @ residuals) * blur
    squares += (noise**2).sum(axis=1)[:, None] * blur**2
    return sums / size, np.maximum(squares - sums**2 / size, 0.0) / (size - 1)
