"""Mean field: what an infinite, well-mixed population with a given response does.

dm/dt = 2 P(mu) - 1 - m in sweeps, with mu = (m + z_A - z_B)/(1 + z_A + z_B) what an agent perceives
when z_A and z_B zealots per regular agent hold A and B for ever, and m that of the regular agents.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from spinodal._errors import RequestError
from spinodal.response import FloatArray, ResponseFunction, TanhResponse, knots_of, probabilities
from spinodal.theory._search import MERGE, highest_between, search_grid
from spinodal.theory._tanh import effective_parameters, is_bistable, spinodal_h, tanh_fixed_points

Phase = Literal["bistable", "monostable"]

Drift = Callable[[ArrayLike], FloatArray]
"""dm/dt as a function of m."""


@dataclass(frozen=True)
class FixedPoint:
    """A magnetization at which the population stays; `stable` if it returns there after a nudge."""

    m: float
    """In [-1, 1], of the regular agents."""
    stable: bool
    """False also for a tangency, which holds against nudges to one side only."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class States(NamedTuple):
    """The stable states an observer would call the A state and the B state; None where there is none."""

    A: float | None
    """The highest stable magnetization, if A has the majority there."""
    B: float | None
    """The lowest stable magnetization, if B has the majority there."""


def perceived(m: ArrayLike, zealots_a: float = 0.0, zealots_b: float = 0.0) -> FloatArray:
    """Magnetization mu that an agent perceives when the regular agents have magnetization m."""
    m = np.asarray(m, dtype=np.float64)
    return np.asarray((m + zealots_a - zealots_b) / (1.0 + zealots_a + zealots_b))


def drift(
    response: ResponseFunction, m: ArrayLike, *, zealots_a: float = 0.0, zealots_b: float = 0.0
) -> FloatArray:
    """dm/dt = 2 P(mu(m)) - 1 - m, per sweep, the shape of `m`. Zealots are per regular agent."""
    m = np.asarray(m, dtype=np.float64)
    return np.asarray(2.0 * probabilities(response, perceived(m, zealots_a, zealots_b)) - 1.0 - m)


def fixed_points(
    response: ResponseFunction, *, zealots_a: float = 0.0, zealots_b: float = 0.0
) -> tuple[FixedPoint, ...]:
    """Every root of the drift in [-1, 1], ascending, with its stability.

    Zealots are per regular agent (finite, not negative; else `RequestError`). A stretch on which the
    drift vanishes (a voter) is given by its two ends, neither stable. Stability is read off the sign
    of the drift on both sides, which agrees with beta (1 - m^2)/(1 + z) < 1 wherever that decides.
    """
    require_zealots(zealots_a, zealots_b)
    if isinstance(response, TanhResponse):
        return _fixed_points_of_tanh(response, zealots_a, zealots_b)
    grid = search_grid(knots_of(response) * (1.0 + zealots_a + zealots_b) - zealots_a + zealots_b)
    values = _snap(drift(response, grid, zealots_a=zealots_a, zealots_b=zealots_b), _ROUNDING)

    def f(m: ArrayLike) -> FloatArray:
        return drift(response, m, zealots_a=zealots_a, zealots_b=zealots_b)

    return tuple(_roots(f, *_with_extrema(f, grid, values)))


def phase(response: ResponseFunction, *, zealots_a: float = 0.0, zealots_b: float = 0.0) -> Phase:
    """Bistable if two or more fixed points are stable, else monostable."""
    if isinstance(response, TanhResponse):
        require_zealots(zealots_a, zealots_b)
        two = is_bistable(*effective_parameters(response.beta, response.h, zealots_a, zealots_b))
        return "bistable" if two else "monostable"
    return phase_of(fixed_points(response, zealots_a=zealots_a, zealots_b=zealots_b))


def phase_of(points: tuple[FixedPoint, ...]) -> Phase:
    """The phase with these fixed points."""
    return "bistable" if sum(point.stable for point in points) >= 2 else "monostable"


def states_of(points: tuple[FixedPoint, ...]) -> States:
    """The A state and the B state among these fixed points."""
    stable = [point.m for point in points if point.stable]
    highest, lowest = (max(stable), min(stable)) if stable else (0.0, 0.0)
    return States(A=highest if highest > 0.0 else None, B=lowest if lowest < 0.0 else None)


def synchronous_cycle(response: ResponseFunction) -> tuple[float, float] | None:
    """The cycle of two that agents who all update at once fall into, (lower, higher) m; None without one.

    m -> 2 P(m) - 1, twice, has the cycle as stable fixed points that one step exchanges. Contrarians
    (beta < -1) have one; updating one at a time, as everywhere else here, they have a steady state.
    """

    def twice(m: ArrayLike) -> FloatArray:
        return probabilities(response, 2.0 * probabilities(response, m) - 1.0)

    stable = [point.m for point in fixed_points(twice) if point.stable]
    for m in stable:
        image = float(2.0 * probabilities(response, m) - 1.0)
        if image - m > _DISTINCT:
            return m, image
    return None


def require_zealots(*zealots: float) -> None:
    """Raise `RequestError` unless each number of zealots is finite and not negative."""
    for number in zealots:
        if not (math.isfinite(number) and number >= 0.0):
            raise RequestError(f"{number} zealots; give a finite number, 0 or more, for each option")


_DISTINCT = 1e-6
_ROUNDING = 1e-14
"""Drift below this is rounding: it is made of three numbers of order one."""
_TOUCH = 1e-12
"""Drift at an extremum below this is a tangency: its place is known to a square root of rounding."""


def _fixed_points_of_tanh(
    response: TanhResponse, zealots_a: float, zealots_b: float
) -> tuple[FixedPoint, ...]:
    beta, h = effective_parameters(response.beta, response.h, zealots_a, zealots_b)
    lower, middle, upper = (float(m) for m in tanh_fixed_points(beta, h))
    points = [
        FixedPoint(m, stable) for m, stable in ((lower, True), (middle, False), (upper, True)) if m == m
    ]
    distance = abs(float(h)) - float(spinodal_h(beta))
    if len(points) == 1 and beta > 1.0 and abs(distance) <= _ROUNDING:  # on the spinodal itself
        tangency = -math.copysign(math.sqrt(1.0 - 1.0 / float(beta)), float(h))
        points.append(FixedPoint(tangency, stable=False))
    return tuple(sorted(points, key=lambda point: point.m))


def _scaled(f: Drift, factor: float, m: FloatArray) -> FloatArray:
    return factor * f(m)


def _snap(values: FloatArray, tolerance: float) -> FloatArray:
    return np.where(np.abs(values) <= tolerance, 0.0, values)


def _with_extrema(f: Drift, grid: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The grid with every place added where the drift may touch zero, or dip past it, between grid points."""
    size, sign = np.abs(values), np.sign(values)
    before, at, after = size[:-2], size[1:-1], size[2:]
    steps = np.diff(grid)
    # a curve that bends away from zero stays above the lines through each neighbour and this point
    least = at - np.maximum((before - at) / steps[:-1] * steps[1:], (after - at) / steps[1:] * steps[:-1])
    approaches = (
        (at <= before)
        & (at <= after)
        & (least <= _TOUCH)
        & (sign[:-2] == sign[1:-1])
        & (sign[2:] == sign[1:-1])
        & (sign[1:-1] != 0.0)
    )
    places, extrema = [], []
    for i in np.flatnonzero(approaches) + 1:
        toward_zero = partial(_scaled, f, -sign[i])
        place, nearest = highest_between(toward_zero, grid[i - 1], grid[i + 1])
        if nearest > -size[i]:
            places.append(place)
            extrema.append(float(-sign[i] * nearest))
    if not places:
        return grid, values
    order = np.argsort(np.concatenate([grid, places]), kind="stable")
    return (
        np.concatenate([grid, places])[order],
        np.concatenate([values, _snap(np.asarray(extrema), _TOUCH)])[order],
    )


def _roots(f: Drift, grid: FloatArray, values: FloatArray) -> list[FixedPoint]:
    """Fixed points from the runs of equal sign; beyond the ends the flow points inwards."""
    from scipy.optimize import brentq

    sign = np.sign(values)
    starts = np.concatenate([[0], np.flatnonzero(sign[1:] != sign[:-1]) + 1])
    ends = np.concatenate([starts[1:] - 1, [grid.size - 1]])
    points: list[FixedPoint] = []
    for run, (start, end) in enumerate(zip(starts, ends, strict=True)):
        before = sign[start - 1] if start > 0 else 1.0
        if sign[start] == 0.0:
            after = sign[end + 1] if end + 1 < grid.size else -1.0
            if grid[end] - grid[start] <= 2.0 * MERGE:
                points.append(FixedPoint(float(grid[start]), stable=bool(before > 0.0 > after)))
            else:
                points += [FixedPoint(float(grid[i]), stable=False) for i in (start, end)]
        elif run > 0 and before != 0.0:
            root = brentq(lambda m: float(f(m)), grid[start - 1], grid[start], xtol=1e-15, rtol=1e-14)
            points.append(FixedPoint(float(root) + 0.0, stable=bool(before > 0.0)))
    return points
