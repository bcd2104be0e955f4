"""The chain in time, update by update: a compiled loop over the states that hold any probability.

Imported when a population is first evolved, for Numba takes longer to import than all of `theory`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from spinodal.response import FloatArray

NEGLIGIBLE = 1e-30
"""States at the edges of the law that hold less probability than this are emptied: of 10^4 agents over 100
sweeps that takes away less than 1e-21 in all, below the rounding of the largest probabilities."""

_TRIM_EVERY = 32
"""Updates between two looks at the edges of the law."""


def step(law: FloatArray, up: FloatArray, down: FloatArray, updates: int) -> FloatArray:
    """The law after `updates` with the rates W+ and W-, all of shape (N + 1,)."""
    return np.asarray(_step(law, up, down, 1.0 - up - down, updates))


def mean_over_windows(
    law: FloatArray, up: FloatArray, down: FloatArray, window: int, every: int, settle: int, first: int
) -> FloatArray:
    """Expected mean m of `window` values, one every `every` updates, under each row of the rates in turn.

    `settle` updates precede each window, `first` the first.
    """
    return np.asarray(_windows(law, up, down, window, every, settle, first))


@njit(cache=True, nogil=True)
def _windows(law: Any, up: Any, down: Any, window: Any, every: Any, settle: Any, first: Any) -> Any:
    m = np.linspace(-1.0, 1.0, law.size)
    means = np.zeros(up.shape[0])
    for i in range(means.size):
        stay = 1.0 - up[i] - down[i]
        law = _step(law, up[i], down[i], stay, settle if i else first)
        for _ in range(window):
            law = _step(law, up[i], down[i], stay, every)
            means[i] += (law * m).sum() / window
    return means


@njit(cache=True, nogil=True)
def _step(law: Any, up: Any, down: Any, stay: Any, updates: Any) -> Any:
    states = law.size
    # an empty state beyond each end spares the loop a look at the ends
    here, there = np.zeros(states + 2), np.zeros(states + 2)
    here[1:-1] = law
    rise, fall = np.zeros(states + 2), np.zeros(states + 2)
    rise[1:-1], fall[1:-1] = up, down
    low, high = 1, states
    for update in range(updates):
        if update % _TRIM_EVERY == 0:
            while low < high and here[low] < NEGLIGIBLE:
                here[low] = there[low] = 0.0
                low += 1
            while high > low and here[high] < NEGLIGIBLE:
                here[high] = there[high] = 0.0
                high -= 1
        low, high = max(low - 1, 1), min(high + 1, states)
        below, at, above = here[low - 1 : high], here[low : high + 1], here[low + 1 : high + 2]
        climb, rest, drop = rise[low - 1 : high], stay[low - 1 : high], fall[low + 1 : high + 2]
        moved = there[low : high + 1]
        for k in range(moved.size):
            moved[k] = at[k] * rest[k] + below[k] * climb[k] + above[k] * drop[k]
        here, there = there, here
    return here[1:-1].copy()
