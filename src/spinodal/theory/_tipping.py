"""Tipping: how many zealots make the state of the other option disappear."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spinodal.response import FloatArray, ResponseFunction, TanhResponse, knots_of, probabilities
from spinodal.theory._mean_field import phase, require_zealots, search_grid
from spinodal.theory._tanh import Side, tipping_z


@dataclass(frozen=True)
class TippingThreshold:
    """How many zealots that hold `toward` tip a population away from the other option's state.

    `zealots_per_agent` and `fraction` are None where there is no threshold: either there is no state
    of the other option to begin with, or the population follows the zealots continuously.
    """

    toward: Side
    zealots_per_agent: float | None
    """z_c: zealots per regular agent at which the other state disappears."""
    fraction: float | None
    """The same as a share of everybody, z_c/(1 + z_c)."""
    irreversible: bool
    """The population stays tipped when the zealots leave: it is bistable without them."""

    def zealots_among(self, agents: int) -> int | None:
        """The least whole number of zealots beside `agents` regular agents that reaches the threshold."""
        return None if self.zealots_per_agent is None else math.ceil(self.zealots_per_agent * agents)

    def to_dict(self) -> dict[str, Any]:
        return {
            "zealots_per_agent": self.zealots_per_agent,
            "fraction": self.fraction,
            "irreversible": self.irreversible,
        }


def tipping_threshold(response: ResponseFunction, toward: Side, *, opposing: float = 0.0) -> TippingThreshold:
    """The tipping threshold of any response, with `opposing` zealots per agent on the other side.

    Closed form for a tanh response without opposing zealots; else by search. With several stable
    states on the way it is the last collapse of a majority against `toward`.
    """
    require_zealots(opposing)
    if isinstance(response, TanhResponse) and opposing == 0.0:
        z = float(tipping_z(response.beta, response.h, toward))
    else:
        z = _last_fold(response if toward == "A" else _Mirrored(response), opposing)
    exists = z > 0.0  # False for NaN
    against = {"zealots_b" if toward == "A" else "zealots_a": opposing}
    return TippingThreshold(
        toward=toward,
        zealots_per_agent=z if exists else None,
        fraction=z / (1.0 + z) if exists else None,
        irreversible=exists and phase(response, **against) == "bistable",
    )


def _last_fold(response: ResponseFunction, opposing: float) -> float:
    """Zealots for A per agent at the last jump of the lowest state that starts with a majority for B.

    With g(mu) = 2 P(mu) - 1, a state is g(mu) = mu (1 + z + y) - z + y, for y opposing zealots, so
    z(mu) = (mu - g(mu) + y (1 + mu))/(1 - mu): each perceived mu is a state for exactly one z. As z
    grows, the lowest state climbs this curve and jumps wherever it turns down from a new maximum.
    NaN where it never does.
    """
    grid = search_grid(knots_of(response))[:-1]  # at mu = 1 no finite z is needed

    def zealots(mu: ArrayLike) -> FloatArray:
        mu = np.asarray(mu, dtype=np.float64)
        g = 2.0 * probabilities(response, mu) - 1.0
        return np.asarray((mu - g + opposing * (1.0 + mu)) / (1.0 - mu))

    z = zealots(grid)
    rounding = _ROUNDING * (1.0 + np.abs(z[:-1]))
    turns = (z[:-1] >= np.maximum.accumulate(z)[:-1] - rounding) & (z[1:] < z[:-1] - rounding)
    against = probabilities(response, grid[:-1]) < 0.5
    folds = np.flatnonzero(turns & against)
    return _refined_maximum(zealots, grid, z, int(folds[-1])) if folds.size else math.nan


def _refined_maximum(function: Any, grid: FloatArray, values: FloatArray, i: int) -> float:
    """The maximum next to grid point `i`; a kink, which is on the grid, is there already."""
    from scipy.optimize import minimize_scalar

    best = float(values[i])
    if i > 0:
        found = minimize_scalar(
            lambda mu: -float(function(mu)),
            bounds=(grid[i - 1], grid[i + 1]),
            method="bounded",
            options={"xatol": 1e-10},
        )
        best = max(best, -float(found.fun))
    return best


_ROUNDING = 1e-13


class _Mirrored:
    """The same response with the names of the options exchanged."""

    def __init__(self, response: ResponseFunction) -> None:
        self._response = response
        self.knots = -knots_of(response)[::-1]

    def __call__(self, m: ArrayLike) -> FloatArray:
        return np.asarray(1.0 - probabilities(self._response, -np.asarray(m, dtype=np.float64)))
