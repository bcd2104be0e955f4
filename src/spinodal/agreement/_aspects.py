"""In what ways trajectories may differ from a forecast, each a number for every set of trajectories.

*levels*: where the populations are (`distances`). The others look at sweeps as steps. With E and V the mean
and variance of the agents for A after a sweep that began with k, as forecast, and z = (k' - E)/sqrt(V + e)
for one that ended with k', each is a sum over trajectories and sweeps that should be about 0:

*drift*     sum of z: a pull toward A or B;
*feedback*  sum of z m: a steeper or a flatter response;
*pace*      sum of z (k - E)/sqrt(V + e): populations that stay behind the forecast, or run ahead;
*scatter*   sum of z^2 minus its mean: sweeps that differ more from each other, or less.

They see what the levels do not: where a population may go either way, its level says little, its steps much.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from spinodal.agreement._distance import distances
from spinodal.response import FloatArray

ASPECTS: Final = ("levels", "drift", "feedback", "pace", "scatter")


def aspects(
    before: NDArray[np.int64], after: NDArray[np.int64], law: FloatArray, step: tuple[FloatArray, FloatArray]
) -> FloatArray:
    """The distance of the levels and the sums of the others over one sweep, shape (aspects, sets).

    Agents for A `before` and `after` the sweep have shape (sets, n); `law` after it, and the mean and the
    variance after a `step` from k, have shape (N + 1,).
    """
    mean, variance = step
    spread = np.sqrt(variance + _LEAST_VARIANCE)
    m = np.linspace(-1.0, 1.0, law.size)
    z = (after - mean[before]) / spread[before]
    idle = ((np.arange(law.size) - mean) / spread)[before]
    expected = (variance / spread**2)[before]
    return np.stack(
        [
            distances(after, law),
            z.sum(axis=1),
            (z * m[before]).sum(axis=1),
            (z * idle).sum(axis=1),
            (z**2 - expected).sum(axis=1),
        ]
    )


def sampled_step(
    before: NDArray[np.int64], after: NDArray[np.int64], agents: int
) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of the agents for A after a sweep from each k, among populations sampled."""
    seen = np.maximum(np.bincount(before.ravel(), minlength=agents + 1), 1)
    mean = np.bincount(before.ravel(), after.ravel(), agents + 1) / seen
    off = (after - mean[before]) ** 2
    return np.asarray(mean), np.asarray(np.bincount(before.ravel(), off.ravel(), agents + 1) / seen)


def farness(sums: FloatArray) -> FloatArray:
    """How far each set is from what is usual of all of them in each aspect; 1 where one in twenty is as far.

    Of shape (aspects, sets), as `sums` over sweeps and starts. Distances in units of their 95% quantile; the
    other sums from their median, in units of its distance to their 2.5% or 97.5% quantile: both sides of a
    skew law get their share, as in the intervals of a measured response, whose draws make it skew.
    """
    distance, signed = sums[:1], sums[1:]
    low, middle, high = np.quantile(signed, [0.025, 0.5, 0.975], axis=1, keepdims=True)
    unit = np.where(signed > middle, high - middle, middle - low)
    with np.errstate(divide="ignore", invalid="ignore"):  # an aspect in which nearly all sets are alike
        usual = np.quantile(distance, 0.95, axis=1, keepdims=True)
        far = np.concatenate([distance / usual, np.abs(signed - middle) / unit])
    return np.asarray(np.nan_to_num(far, nan=0.0, posinf=np.inf))


_LEAST_VARIANCE = 0.01
"""e, in squared agents: bounds what a step may weigh that the forecast has as certain."""
