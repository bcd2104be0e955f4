"""Binomial random numbers inside the kernels, for any number of trials, from a replica's own stream."""

from __future__ import annotations

import math
from typing import Any

from numba import njit

from spinodal.simulate._random import next_uniform


@njit(cache=True, nogil=True)
def next_binomial(trials: Any, p: Any, stream: Any) -> Any:
    """How many of `trials` (int64, 0 or more) succeed, each with probability p; advances `stream`."""
    if trials <= 0 or p <= 0.0:
        return 0
    if p >= 1.0:
        return trials
    if p > 0.5:
        return trials - _of_the_rarer(trials, 1.0 - p, stream)
    return _of_the_rarer(trials, p, stream)


@njit(cache=True, nogil=True)
def _of_the_rarer(trials: Any, p: Any, stream: Any) -> Any:
    """As `next_binomial` for 0 < p <= 1/2."""
    return _few(trials, p, stream) if trials * p < _FEW else _many(trials, p, stream)


@njit(cache=True, nogil=True)
def _few(trials: Any, p: Any, stream: Any) -> Any:
    """By inversion: one uniform, walked down the probabilities of 0, 1, 2, ..."""
    odds = p / (1.0 - p)
    of_none = math.exp(trials * math.log1p(-p))
    while True:
        left, successes, of_these = next_uniform(stream), 0, of_none
        while left > of_these and successes < trials:
            left -= of_these
            successes += 1
            of_these *= odds * (trials - successes + 1) / successes
            if successes > _BEYOND_FEW:  # what rounding left of the uniform belongs to no number
                break
        if successes <= _BEYOND_FEW:
            return successes


@njit(cache=True, nogil=True)
def _many(trials: Any, p: Any, stream: Any) -> Any:
    """By transformed rejection: algorithm BTRS of Hoermann (J. Stat. Comput. Simul. 46, 101, 1993).

    A uniform u is mapped to a number k that is nearly binomial, and kept with the right probability.
    Most are kept by a test (the squeeze) that needs no logarithm.
    """
    mean, deviation = trials * p, math.sqrt(trials * p * (1.0 - p))
    spread = 1.15 + 2.53 * deviation
    tail = -0.0873 + 0.0248 * spread + 0.01 * p
    squeeze = 0.92 - 4.2 / spread
    scale = (2.83 + 5.1 / spread) * deviation
    mode = math.floor((trials + 1) * p)
    odds = p / (1.0 - p)
    while True:
        u, v = next_uniform(stream) - 0.5, next_uniform(stream)
        to_edge = 0.5 - abs(u)
        k = math.floor((2.0 * tail / to_edge + spread) * u + mean + 0.5)
        if to_edge >= 0.07 and v <= squeeze:
            return int(k)
        if k < 0.0 or k > trials:
            continue
        # log of P(k)/P(mode), with Stirling's series so that nothing cancels for many trials
        log_ratio = (
            (mode + 0.5) * math.log((mode + 1.0) / (odds * (trials - mode + 1.0)))
            + (trials + 1.0) * math.log((trials - mode + 1.0) / (trials - k + 1.0))
            + (k + 0.5) * math.log(odds * (trials - k + 1.0) / (k + 1.0))
            + _stirling_rest(mode)
            + _stirling_rest(trials - mode)
            - _stirling_rest(k)
            - _stirling_rest(trials - k)
        )
        if math.log(v * scale / (tail / (to_edge * to_edge) + spread)) <= log_ratio:
            return int(k)


@njit(cache=True, nogil=True)
def _stirling_rest(k: Any) -> Any:
    """log k! - [1/2 log(2 pi) + (k + 1/2) log(k + 1) - (k + 1)]."""
    if k < 10.0:
        half_log_two_pi = 0.9189385332046727
        return math.lgamma(k + 1.0) - half_log_two_pi - (k + 0.5) * math.log(k + 1.0) + (k + 1.0)
    x = 1.0 / (k + 1.0)
    return x * (1.0 / 12.0 - x * x * (1.0 / 360.0 - x * x / 1260.0))


_FEW = 10.0
"""Mean below which inversion is used, above which transformed rejection is valid."""
_BEYOND_FEW = 110
"""More successes than any uniform of 52 bits stands for, at a mean of `_FEW`."""
