"""How fast a finite population forgets: the spectral gap of its chain and the relaxation time.

Near a spinodal or the critical point the relaxation time grows: critical slowing down, the early-warning
signal. Between two states it is the time of the rarer hops, exponentially long in N.
"""

from __future__ import annotations

import math

import numpy as np

from spinodal._errors import RequestError
from spinodal.response import FloatArray
from spinodal.theory._chain import Chain


def log_relaxation_time(chain: Chain) -> float:
    """log of the relaxation time 1/gap, in sweeps; the gap is 1 minus the second largest eigenvalue.

    Solved for the increments d_k = phi_{k+1} - phi_k > 0 of the slowest mode: summing the eigenvalue
    equation up to k gives gap pi_k W+_k d_k = (K d)_k in reverse, K_kl = P(j <= min(k, l)) P(j > max(k, l)),
    which has no negative term. So power iteration in logs finds even a gap of exp(-N) to full accuracy.
    Raises `RequestError` where some states are never left or never reached.
    """
    up, down = chain.log_rates
    if np.isneginf(up[:-1]).any() or np.isneginf(down[1:]).any():
        raise RequestError(
            "the population never leaves some of its states, so it has no relaxation time; "
            "give a response that never reaches 0 or 1"
        )
    log_pi = chain.log_stationary()
    below = np.logaddexp.accumulate(log_pi)[:-1]
    above = _accumulate_down(log_pi)[1:]
    flux = log_pi[:-1] + up[:-1]
    increments = np.zeros(chain.agents)
    estimate = -math.inf
    for _ in range(_MOST_ITERATIONS):
        moved = np.logaddexp(
            above + np.logaddexp.accumulate(below + increments),
            below + np.append(_accumulate_down(above + increments)[1:], -np.inf),
        )
        # the Rayleigh quotient converges twice as fast as the mode itself
        previous, estimate = estimate, _log_dot(increments, moved) - _log_dot(increments, increments + flux)
        increments = moved - flux
        increments -= increments.max()
        if abs(estimate - previous) <= _PRECISION:
            break
    return estimate - math.log(chain.agents)


_PRECISION = 1e-13
_MOST_ITERATIONS = 10_000


def _accumulate_down(logs: FloatArray) -> FloatArray:
    """log of the sums from each place to the end."""
    return np.asarray(np.logaddexp.accumulate(logs[::-1])[::-1])


def _log_dot(a: FloatArray, b: FloatArray) -> float:
    return float(np.logaddexp.reduce(a + b))
