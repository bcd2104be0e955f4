"""Tipping: how many zealots make the state of the other option disappear."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spinodal.response import FloatArray, ResponseFunction, TanhResponse, knots_of, probabilities
from spinodal.theory._mean_field import Phase, phase, require_zealots
from spinodal.theory._search import highest_between, search_grid
from spinodal.theory._tanh import Side, spinodal_h, tipping_z


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
    against = {"zealots_b" if toward == "A" else "zealots_a": opposing}
    return threshold_in(response, toward, phase(response, **against), opposing=opposing)


def threshold_in(
    response: ResponseFunction, toward: Side, unmoved: Phase, *, opposing: float = 0.0
) -> TippingThreshold:
    """As `tipping_threshold`, of a response whose phase without these zealots is known already."""
    if isinstance(response, TanhResponse) and opposing == 0.0:
        z = float(tipping_z(response.beta, response.h, toward))
    else:
        z = _last_fold(
            response if toward == "A" else _Mirrored(response), partial(_zealots, opposing=opposing)
        )
    exists = z > 0.0  # False for NaN
    return TippingThreshold(
        toward=toward,
        zealots_per_agent=z if exists else None,
        fraction=z / (1.0 + z) if exists else None,
        irreversible=exists and unmoved == "bistable",
    )


def spinodal_shifts(response: ResponseFunction) -> dict[Side, float | None]:
    """How far the bias must move for the state of the other option to disappear, by the option it moves to.

    With a shift x of the bias, P(m + x): the spinodals of any response. For the tanh response h_s - h
    towards A and -h_s - h towards B. Between the two shifts both states exist, and so at x = 0 where the
    first is positive and the second negative. None where no shift makes a second state; for a response
    that is not tanh, also where the fold lies outside what agents can perceive, [-1, 1].
    """
    if isinstance(response, TanhResponse):
        limit = float(spinodal_h(response.beta))
        toward_a, toward_b = limit - response.h, limit + response.h
    else:
        toward_a, toward_b = (_last_fold(side, _shift) for side in (response, _Mirrored(response)))
    return {"A": toward_a if toward_a == toward_a else None, "B": -toward_b if toward_b == toward_b else None}


def _shift(mu: FloatArray, g: FloatArray) -> FloatArray:
    """The shift with which mu, perceived, is a state: mu = g(mu) + x."""
    return mu - g


def _zealots(mu: FloatArray, g: FloatArray, opposing: float) -> FloatArray:
    """The zealots z for A per agent, against y opposing, with which mu is a state: g = mu (1+z+y) - z + y."""
    return np.asarray((mu - g + opposing * (1.0 + mu)) / (1.0 - mu))


def _last_fold(response: ResponseFunction, push: Callable[[FloatArray, FloatArray], FloatArray]) -> float:
    """The push towards A at the last jump of the lowest state that starts with a majority for B.

    Each perceived mu is a state for exactly one push, which is a function of mu and g(mu) = 2 P(mu) - 1. As
    the push grows, the lowest state climbs this curve and jumps wherever it turns down from a new maximum.
    NaN where it never does.
    """

    def needed(mu: FloatArray) -> FloatArray:
        return push(mu, 2.0 * probabilities(response, mu) - 1.0)

    grid = search_grid(knots_of(response))[:-1]  # at mu = 1 no finite number of zealots is needed
    p = probabilities(response, grid)
    z = push(grid, 2.0 * p - 1.0)
    rounding = _ROUNDING * (1.0 + np.abs(z[:-1]))
    turns = (z[:-1] >= np.maximum.accumulate(z)[:-1] - rounding) & (z[1:] < z[:-1] - rounding)
    folds = np.flatnonzero(turns & (p[:-1] < 0.5))
    if folds.size == 0:
        return math.nan
    fold = int(folds[-1])
    best = float(z[fold])  # where it is a kink, which is on the grid
    return best if fold == 0 else max(best, highest_between(needed, grid[fold - 1], grid[fold + 1])[1])


_ROUNDING = 1e-13


class _Mirrored:
    """The same response with the names of the options exchanged."""

    def __init__(self, response: ResponseFunction) -> None:
        self._response = response
        self.knots = -knots_of(response)[::-1]

    def __call__(self, m: ArrayLike) -> FloatArray:
        return np.asarray(1.0 - probabilities(self._response, -np.asarray(m, dtype=np.float64)))
