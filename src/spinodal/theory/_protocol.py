"""Zealots who come and go: the exact distribution of a finite population over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinodal._errors import RequestError
from spinodal.response import FloatArray, ResponseFunction
from spinodal.theory._chain import Chain
from spinodal.theory._mean_field import fixed_points, states_of
from spinodal.theory._tanh import SIGN, Side


@dataclass(frozen=True)
class Stage:
    """A stretch of time with the same zealots: `sweeps` long, with whole numbers of zealots."""

    sweeps: float
    zealots_a: int = 0
    zealots_b: int = 0


@dataclass(frozen=True)
class TippingTrial:
    """What zealots who stay for a while do to a finite population that starts in the other state."""

    toward: Side
    zealots: int
    p_tipped: float
    """Probability that the population is past the watershed when the zealots leave."""
    p_remains: float
    """Probability that it is past the watershed some time after they left."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, eq=False)
class HysteresisLoop:
    """Mean magnetization of the regular agents as signed zealots (+ for A) are swept up and back."""

    zealots: NDArray[np.int_]
    """Shape (2 S + 1,), from -S to S."""
    up: FloatArray
    """The same shape: on the way from -S to S."""
    down: FloatArray
    """The same shape, in the order of `zealots`: on the way back."""


def evolve(chain: Chain, start: FloatArray, sweeps: float, *, stop_at_consensus: bool = False) -> FloatArray:
    """The distribution over k = 0..N after `sweeps` (rounded to whole updates), exactly.

    `start` has shape (N + 1,) and sums to 1. With `stop_at_consensus` a run that reaches k = 0 or N
    stays there, as in experiments that end at consensus.
    """
    if start.shape != (chain.agents + 1,) or not math.isclose(float(start.sum()), 1.0, abs_tol=1e-9):
        raise RequestError(f"the start must be {chain.agents + 1} probabilities that sum to 1")
    if not (math.isfinite(sweeps) and sweeps >= 0.0):
        raise RequestError(f"{sweeps} sweeps; give a finite number, 0 or more")
    up, down = (np.exp(rate) for rate in chain.log_rates)
    if stop_at_consensus:
        up[0] = down[-1] = 0.0
    updates = round(sweeps * chain.agents)
    by_steps = updates * (_STEP_OVERHEAD + chain.agents)
    by_squaring = max(updates, 1).bit_length() * float(chain.agents) ** 3 / _MULTIPLICATIONS_AT_ONCE
    return (
        _stepped(start, up, down, updates) if by_steps <= by_squaring else _squared(start, up, down, updates)
    )


def run_protocol(
    response: ResponseFunction,
    agents: int,
    start: FloatArray,
    stages: Sequence[Stage],
    *,
    stop_at_consensus: bool = False,
) -> list[FloatArray]:
    """The distribution over k = 0..N at the end of each stage."""
    ends = []
    for stage in stages:
        chain = Chain(response, agents, stage.zealots_a, stage.zealots_b)
        start = evolve(chain, start, stage.sweeps, stop_at_consensus=stop_at_consensus)
        ends.append(start)
    return ends


def tipping_trial(
    response: ResponseFunction, agents: int, toward: Side, zealots: int, *, hold: float, after: float
) -> TippingTrial:
    """Let `zealots` join `agents` regulars in the other option's state, stay `hold` sweeps, and leave.

    The watershed is the unstable fixed point without zealots, or m = 0 where there is only one state.
    Raises `RequestError` where there is no state of the other option to tip.
    """
    chain = Chain(response, agents)
    origin, watershed = _origin_and_watershed(response, toward)
    start = np.zeros(agents + 1)
    start[chain.nearest(origin)] = 1.0
    theirs = Stage(hold, zealots, 0) if toward == "A" else Stage(hold, 0, zealots)
    past = SIGN[toward] * (chain.magnetization - watershed) > 0.0
    held, left = run_protocol(response, agents, start, [theirs, Stage(after)])
    return TippingTrial(toward, zealots, float(held[past].sum()), float(left[past].sum()))


def operational_threshold(
    response: ResponseFunction,
    agents: int,
    toward: Side,
    *,
    hold: float,
    after: float = 0.0,
    probability: float = 0.5,
) -> TippingTrial | None:
    """The fewest zealots that tip `agents` regulars within `hold` sweeps with at least this probability.

    Returned as their trial, which tells whether the population returns. None if even `_MANY` times as
    many zealots as agents do not.
    """
    if not 0.0 < probability < 1.0:
        raise RequestError(f"a probability of {probability} asked for; give one between 0 and 1")

    def trial(zealots: int) -> TippingTrial:
        return tipping_trial(response, agents, toward, zealots, hold=hold, after=after)

    too_few, enough = -1, 0
    while trial(enough).p_tipped < probability:
        too_few, enough = enough, max(1, 2 * enough)
        if enough > _MANY * agents:
            return None
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if trial(middle).p_tipped < probability:
            too_few = middle
        else:
            enough = middle
    return trial(enough)


def hysteresis(
    response: ResponseFunction, agents: int, most: int, *, settle: float = 25.0, sample: int = 25
) -> HysteresisLoop:
    """Sweep the zealots from `most` for B to `most` for A and back, one at a time.

    At each count the population settles for `settle` sweeps and its mean m is averaged over the next
    `sample` (>= 1). It starts as all B, settled. Expectations over populations, exactly.
    """
    if most < 1 or sample < 1:
        raise RequestError(f"{most} zealots and {sample} sweeps sampled; give 1 or more of both")
    counts = np.arange(-most, most + 1)
    law = np.zeros(agents + 1)
    law[0] = 1.0
    means = []
    for count in [*counts, *counts[::-1]]:
        chain = Chain(response, agents, max(int(count), 0), max(-int(count), 0))
        law = evolve(chain, law, settle)
        seen = []
        for _ in range(sample):
            law = evolve(chain, law, 1.0)
            seen.append(float(law @ chain.magnetization))
        means.append(float(np.mean(seen)))
    up, down = np.array(means[: counts.size]), np.array(means[counts.size :][::-1])
    return HysteresisLoop(zealots=counts, up=up, down=down)


_STEP_OVERHEAD = 5_000
"""Cost of one vectorised step beside its length, in the time of one number."""
_MULTIPLICATIONS_AT_ONCE = 10.0
"""How much faster a multiplication inside a matrix product is than a step's share of one."""
_MANY = 16


def _origin_and_watershed(response: ResponseFunction, toward: Side) -> tuple[float, float]:
    points = fixed_points(response)
    states = states_of(points)
    origin, goal = (states.B, states.A) if toward == "A" else (states.A, states.B)
    if origin is None:
        raise RequestError(f"the population has no majority against {toward} to tip; it is there already")
    if goal is None:
        return origin, 0.0
    between = [
        point.m for point in points if not point.stable and min(origin, goal) < point.m < max(origin, goal)
    ]
    return origin, min(between, key=lambda m: abs(m - goal))


def _stepped(law: FloatArray, up: FloatArray, down: FloatArray, updates: int) -> FloatArray:
    stay = 1.0 - up - down
    for _ in range(updates):
        moved = law * stay
        moved[1:] += law[:-1] * up[:-1]
        moved[:-1] += law[1:] * down[1:]
        law = moved
    return law


def _squared(law: FloatArray, up: FloatArray, down: FloatArray, updates: int) -> FloatArray:
    """By powers of two of the matrix: its entries are never negative, so nothing cancels."""
    power = np.diag(1.0 - up - down) + np.diag(up[:-1], 1) + np.diag(down[1:], -1)
    while updates:
        if updates & 1:
            law = law @ power
        updates >>= 1
        if updates:
            power = power @ power
            power /= power.sum(axis=1, keepdims=True)  # or rounding would double with each square
    return law
