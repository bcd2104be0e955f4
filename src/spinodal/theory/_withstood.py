"""The share of adversaries that a majority withstands, whether it is lost at a jump or bit by bit."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from spinodal.response import FloatArray, ResponseFunction
from spinodal.theory._tanh import SIGN, Side, tipping_z

_GRID: Final = 20_001


def withstood_share(response: ResponseFunction, toward: Side) -> float:
    """The share of adversaries for `toward` among everybody up to which the other option can keep a majority.

    In [0, 1]: 0 where the other option has none even without adversaries, 1 where no number takes it.

    With z adversaries per regular agent a magnetization m stands still where m = 2P(mu) - 1 at the mu that
    agents then see, mu = (m - z)/(1 + z) for adversaries that hold B. So at each mu in (-1, 1] with
    2P(mu) > 1 there is a standing majority under z = (2P(mu) - 1 - mu)/(1 + mu), and the largest of these
    z is the answer; as a share z/(1 + z). Where states coexist this is the tipping threshold, and where there
    is one state it is where its majority passes to the other side. On a grid of 20,001 mu, to about 1e-4.
    """
    sign = -SIGN[toward]
    mu = np.linspace(-1.0, 1.0, _GRID)[1:]
    held = sign * (2.0 * np.asarray(response(sign * mu), dtype=np.float64) - 1.0)
    if not np.any((mu > 0.0) & (held >= mu)):  # no majority stands even without adversaries
        return 0.0
    z = np.where(held > 0.0, (held - mu) / (1.0 + mu), 0.0)
    most = max(float(z.max()), 0.0)
    # At mu = -1 everybody an agent sees is an adversary: who still answers otherwise is never lost.
    if sign * (2.0 * float(response(-sign * 1.0)) - 1.0) > 0.0:
        return 1.0
    return most / (1.0 + most)


def tanh_withstood_share(beta: ArrayLike, h: ArrayLike, toward: Side) -> FloatArray:
    """The same for the tanh response, in closed form and for arrays.

    With the sign s of `toward` and a = beta (1 + s h): for a >= 1 the threshold z_c of `tipping_z` as a
    share, 0 where it is not there. For a < 1 the majority passes to the other side where mu = -h, which is at
    the share -s h, cut to [0, 1]; the two agree at a = 1. For beta <= 0 more adversaries push agents away
    from them: 1 where the agent leans to the other option (beta s h < 0), else 0.
    """
    b, bias = np.broadcast_arrays(np.asarray(beta, dtype=np.float64), np.asarray(h, dtype=np.float64))
    s = SIGN[toward]
    z = np.nan_to_num(tipping_z(b, bias, toward), nan=0.0)
    jump = z / (1.0 + z)
    passing = np.clip(-s * bias, 0.0, 1.0)
    follows = np.where(b * (1.0 + s * bias) >= 1.0, jump, passing)
    return np.asarray(np.where(b > 0.0, follows, (b * s * bias < 0.0).astype(np.float64)))
