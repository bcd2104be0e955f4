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
    inside = knots[np.abs(knots) < 1.0]
    regular = _regular()
    if inside.size:
        # a grid point that differs from a knot by a rounding would make a root of that rounding
        place = np.clip(np.searchsorted(inside, regular), 1, inside.size) - 1
        near = np.abs(regular - inside[place]) < MERGE
        near |= np.abs(regular - inside[np.minimum(place + 1, inside.size - 1)]) < MERGE
        regular = regular[~near | (np.abs(regular) == 1.0)]
    return np.union1d(regular, inside)


def highest_between(
    function: Callable[[FloatArray], FloatArray], left: float, right: float
) -> tuple[float, float]:
    """Place and value of the one maximum of a vectorised function in [left, right], by zooming in on it."""
    for _ in range(_ZOOMS):
        places = np.linspace(left, right, _PLACES)
        values = function(places)
        best = int(np.argmax(values))
        left, right = places[max(best - 1, 0)], places[min(best + 1, _PLACES - 1)]
    return float(places[best]), float(values[best])


@cache
def _regular() -> FloatArray:
    grid = np.sin(np.linspace(-0.5, 0.5, _GRID) * np.pi)
    grid.flags.writeable = False
    return grid


_GRID = 2049
_PLACES = 33
_ZOOMS = 6
"""From neighbours of a grid point, 0.003 apart, to 1e-10: there a maximum is known to its rounding."""
