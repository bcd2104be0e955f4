"""How far observed populations are from a law."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinodal.response import FloatArray


def distances(counts: NDArray[np.int64], law: FloatArray) -> FloatArray:
    """The distance of each of several sets of populations from a law: Anderson-Darling's, for a discrete law.

    `counts` of agents for A have shape (sets, n), `law` (N + 1,) holds the probabilities p_k. With F the
    law's distribution function and F_n a set's, over the thresholds between k and k + 1, k = 0..N-1,

        A = n sum_k (F_n(k) - F(k))^2 w_k,   w_k = (p_k + p_{k+1}) / (2 [F(k) (1 - F(k)) + e]).

    The sum over the law of the squared deviation in units of its variance (Anderson & Darling 1954, JASA
    49:765), each threshold with half the probability of the states at its two sides, so that A and B are
    treated alike and a law of one state still sees what lies beside it. e = 0.001 bounds what a single
    population far out may weigh.
    """
    sets, n = counts.shape
    below = np.cumsum(law)[:-1]
    weights = 0.5 * (law[:-1] + law[1:]) / (below * np.maximum(1.0 - below, 0.0) + _LEAST_VARIANCE)
    apart = np.arange(sets)[:, None] * law.size + counts
    seen = np.bincount(apart.ravel(), minlength=sets * law.size).reshape(sets, law.size)
    return np.asarray(n * (np.cumsum(seen, axis=1)[:, :-1] / n - below) ** 2 @ weights)


_LEAST_VARIANCE = 1e-3
