"""Where to look for roots and extrema of a response that is only known by calling it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from spinodal.response import FloatArray

MERGE = 1e-9
"""Grid points nearer to a knot than this are left out for the knot."""


def search_grid(knots: FloatArray) -> FloatArray:
    """Magnetizations from -1 to 1 to look for sign changes on: dense at the ends, with every knot."""
    regular = _regular()
    inside = np.unique(knots[np.abs(knots) < 1.0])
    place = np.searchsorted(regular, inside)  # of the next grid point; there is one on either side
    # a grid point that differs from a knot by a rounding would make a root of that rounding
    beside = np.concatenate([place - 1, place])
    near = beside[np.abs(regular[beside] - np.tile(inside, 2)) < MERGE]
    near = near[(near > 0) & (near < regular.size - 1)]
    if near.size:
        regular = np.delete(regular, near)
        place = np.searchsorted(regular, inside)
    return np.insert(regular, place, inside)


def highest_between(
    function: Callable[[FloatArray], FloatArray], left: float, right: float
) -> tuple[float, float]:
    """Place and value of the one maximum of a vectorised function in [left, right], by zooming in on it."""
    for _ in range(_ZOOMS):
        places = left + (right - left) * _EVENLY
        values = function(places)
        best = int(np.argmax(values))
        left, right = places[max(best - 1, 0)], places[min(best + 1, places.size - 1)]
    return float(places[best]), float(values[best])


@cache
def _regular() -> FloatArray:
    grid = np.sin(np.linspace(-0.5, 0.5, _GRID) * np.pi)
    grid.flags.writeable = False
    return grid


_GRID = 2049
_EVENLY = np.linspace(0.0, 1.0, 33)
_ZOOMS = 6
"""From neighbours of a grid point, 0.003 apart, to 1e-10: there a maximum is known to its rounding."""
