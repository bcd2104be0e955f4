"""Zealots swept to the other side and back at a finite rate: expected loops, and thresholds read off them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from spinodal._errors import RequestError
from spinodal.response import FloatArray, ResponseFunction
from spinodal.theory._chain import Chain


class LoopThresholds(NamedTuple):
    """Zealots per regular agent at which a population swept there and back tips; NaN where it does not.

    Each counts the zealots of its own side as positive.
    """

    toward_a: float
    toward_b: float


def loop_thresholds(
    zealots: ArrayLike, up: ArrayLike, down: ArrayLike, agents: int, *, level: float = 0.0
) -> LoopThresholds:
    """The observed tipping points of a loop: where m crosses a level, interpolated between two steps.

    `zealots` (signed, + for A, ascending), `up` and `down` have shape (Z,): mean m on the way to A's zealots
    and back, both in the order of `zealots`. Toward A it is where `up` first passes -`level`, toward B where
    `down`, read from A's side, first passes `level`, counted in zealots for B; with `level` 0 both are where
    the majority changes. Negative where that is before there are any. The conformity study's script
    (arXiv 2605.10721) takes 0.7. Raises `RequestError` unless the three are of one length, 2 or more.
    """
    z, rising, falling = (np.asarray(values, dtype=np.float64) for values in (zealots, up, down))
    if not (z.ndim == 1 and z.size >= 2 and z.shape == rising.shape == falling.shape):
        raise RequestError(
            f"a loop of {z.size} steps, {rising.size} up and {falling.size} down; give as many of each, "
            "2 or more"
        )
    return LoopThresholds(
        _first_passage(rising, -level, z / agents), _first_passage(-falling[::-1], -level, -z[::-1] / agents)
    )


def swept_means(
    response: ResponseFunction,
    agents: int,
    zealots: Sequence[int],
    *,
    start: int,
    settle: int,
    window: int,
    every: int = 1,
    first: int = 0,
) -> FloatArray:
    """Expected mean of m at each number of zealots in turn, exactly, shape (len(zealots),).

    `zealots` are signed (+ for A) and follow one another in time. The population has `start` agents for A to
    begin with; at each number it makes `settle` updates (at the first one, `first`), and then m is averaged
    over `window` values, one every `every` updates. As `follow_protocol` tells, many times as fast.
    """
    numbers = {signed: Chain(response, agents, max(signed, 0), max(-signed, 0)) for signed in zealots}
    rates = {signed: np.exp(chain.log_rates) for signed, chain in numbers.items()}
    both = np.array([rates[signed] for signed in zealots])
    law = np.zeros(agents + 1)
    law[start] = 1.0
    up, down = np.ascontiguousarray(both[:, 0]), np.ascontiguousarray(both[:, 1])
    from spinodal.theory._stepping import mean_over_windows

    return mean_over_windows(law, up, down, window, every, settle, first)


def _first_passage(m: FloatArray, level: float, zealots: FloatArray) -> float:
    passed = np.flatnonzero((m[:-1] < level) & (m[1:] >= level))
    if not passed.size:
        return float("nan")
    i = int(passed[0])
    return float(np.interp(level, m[i : i + 2], zealots[i : i + 2]))
