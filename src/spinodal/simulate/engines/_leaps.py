"""Well-mixed populations of any size: many updates at a leap, with a stated error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinodal._errors import RequestError
from spinodal.response import FloatArray
from spinodal.simulate._binomial import next_binomial
from spinodal.simulate._population import Population
from spinodal.simulate.engines._well_mixed import (
    MOST_ENTRIES,
    Tables,
    WellMixedEngine,
    entries_of,
    starting_counts,
)
from spinodal.theory import Stage

STEP = 1.0 / 256.0
"""Sweeps in a leap: short enough for an error in m below 1e-4, except on the way from the watershed of a
steep response (beta > 4), where it is below 1e-3 (beta <= 10)."""


class LeapsEngine(WellMixedEngine):
    """The process of `CountsEngine` by tau-leaping: `step` sweeps of updates drawn at once.

    A leap holds a whole number of updates in two halves. In each half the flips of every kind, either way,
    are multinomial over its updates, which gives the variance of one-at-a-time updates (independent Poisson
    numbers would give more). The first half has the rates r(x) at its start x, the second 2 r(y) - r(x),
    where y is the state between: the weak trapezoidal rule of Anderson and Koyama (Multiscale Model. Simul.
    10, 1493, 2012) with theta = 1/2, second order in `step` for the mean and for the variance.

    The exception is a kind with a few dissenters left: rates cannot be negative nor counts leave their
    range, which is put right by force. Their number is then off by less than step/10 of itself (measured; see
    tests/verification), next to nothing in m. A consensus shorter than a leap can be missed; where visits
    to it are not rare, they last 1/(N P) sweeps or so, of the order of one.

    `step` is rounded down to a whole number of leaps in a sweep. `step_error` is the largest distance, over
    the ends of the sweeps of `stages`, between the mean magnetization of the rule without noise and that
    with vanishing leaps (by Richardson from half the step), from the start and from one standard deviation,
    1/sqrt(N), on either side of it: the noise that decides at a watershed. It is NaN without `stages`.

    Past 65,537 agents the response is tabulated at so many perceived magnetizations and interpolated:
    an error in P below 5e-11 beta^2.
    """

    def __init__(
        self,
        population: Population,
        m0: float | Sequence[float],
        seed: np.random.SeedSequence,
        *,
        stages: Sequence[Stage] = (),
        step: float = STEP,
        stop_at_consensus: bool = False,
    ) -> None:
        if not 0.0 < step <= 1.0:
            raise RequestError(f"leaps of {step} sweeps; give more than 0 and at most 1")
        if population.agents > MOST_AGENTS:
            raise RequestError(f"{population.agents:,} agents; give {MOST_AGENTS:,} or fewer")
        tables = Tables(population, MOST_POINTS)
        super().__init__(population, m0, seed, stop_at_consensus=stop_at_consensus, tables=tables)
        self._leaps = math.ceil(1.0 / step * (1.0 - 1e-12))
        self.step_error = _step_error(population, tables, self._start, stages, self._leaps)

    def _move(self, seen: NDArray[np.int64]) -> int:
        flips = _leap_by_leap(
            self._counts,
            self._agents,
            self._p_a,
            self._p_b,
            self._stream,
            self._leaps,
            *self._consensus,
            seen,
        )
        return int(flips)


def leaps_pay(population: Population, m0: float | Sequence[float], stages: Sequence[Stage]) -> bool:
    """Whether leaps of the default step are worth their error: where exact sampling takes ten times as long.

    A flip takes `CountsEngine` about 25 ns and a leap takes this engine 0.5 us, so the two cost the same at
    about 5,000 flips a sweep. The flips to expect over `stages` come from the path without noise. Where
    `CountsEngine` would refuse, leaps pay.
    """
    if population.agents <= _FLIPS_A_SWEEP:
        return False
    if entries_of(population) > MOST_ENTRIES:
        return True
    tables, start = Tables(population, MOST_POINTS), starting_counts(population, m0)
    sweeps = sum(int(stage.sweeps) for stage in stages)
    return _mean_path(population, tables, start, stages, _COARSE)[1] > _FLIPS_A_SWEEP * sweeps


def _step_error(
    population: Population, tables: Tables, start: NDArray[np.int64], stages: Sequence[Stage], leaps: int
) -> float:
    if not stages:
        return math.nan
    agents = np.array([kind.agents for kind in population.kinds])
    error = 0.0
    for deviation in (-1.0, 0.0, 1.0):
        moved = start + 0.5 * deviation * agents / math.sqrt(population.agents)
        begin = np.clip(moved, 0.0, agents)
        coarse = _mean_path(population, tables, begin, stages, leaps)[0]
        fine = _mean_path(population, tables, begin, stages, 2 * leaps)[0]
        # an error e of second order leaves 3/4 e between the two
        error = max(error, float(np.abs(fine - coarse).max()) * 4.0 / 3.0)
    return error


def _mean_path(
    population: Population, tables: Tables, start: NDArray[Any], stages: Sequence[Stage], leaps: int
) -> tuple[FloatArray, float]:
    """Mean magnetization at the end of each sweep by the rule without noise, and the flips of all."""
    agents = np.array([kind.agents for kind in population.kinds], dtype=np.int64)
    counts, flips, path = start.astype(np.float64), 0.0, []
    for stage in stages:
        seen = np.empty(int(stage.sweeps))
        p_a, p_b = tables.during(stage.zealots_a, stage.zealots_b)
        flips += _leap_without_noise(counts, agents, p_a, p_b, leaps, seen)
        path.append(2.0 * seen / population.agents - 1.0)
    return np.concatenate(path), flips


MOST_AGENTS = 10**12
"""Of so many, the attempts of nine million sweeps fit 64 bits."""
MOST_POINTS = 2**16 + 1
_FLIPS_A_SWEEP = 50_000
"""Ten times as many as at which exact simulation takes as long as leaps."""
_AT_REST = 1e-13
"""Change of m in a sweep below which a path without noise has arrived."""
_COARSE = 8
"""Leaps a sweep that suffice to foresee how much work lies ahead."""


@njit(cache=True, nogil=True)
def _leap_by_leap(
    counts: Any, agents: Any, p_a: Any, p_b: Any, stream: Any, leaps: Any, all_b: Any, all_a: Any, seen: Any
) -> Any:
    """Fill the rows of `seen` with the counts after each sweep; returns the flips."""
    total, flips = agents.sum(), 0
    up, down = np.empty(counts.size), np.empty(counts.size)
    up_between, down_between = np.empty(counts.size), np.empty(counts.size)
    for sweep in range(seen.shape[0]):
        left = total  # updates of this sweep
        for leap in range(leaps):
            holders = counts.sum()
            if holders in (all_b, all_a):
                break
            updates = left // (leaps - leap)
            left -= updates
            _rates(counts, agents, p_a, p_b, up, down)
            flips += _flip_many(counts, agents, updates // 2, up, down, stream)
            _rates(counts, agents, p_a, p_b, up_between, down_between)
            for kind in range(counts.size):
                up[kind] = max(2.0 * up_between[kind] - up[kind], 0.0)
                down[kind] = max(2.0 * down_between[kind] - down[kind], 0.0)
            flips += _flip_many(counts, agents, updates - updates // 2, up, down, stream)
        seen[sweep] = counts
    return flips


@njit(cache=True, nogil=True)
def _leap_without_noise(counts: Any, agents: Any, p_a: Any, p_b: Any, leaps: Any, seen: Any) -> Any:
    """As `_leap_by_leap` for the means, which are not whole; `seen` takes the holders of A of all kinds.

    Once at rest the path is not followed any further.
    """
    half, flips, rest = 0.5 * agents.sum() / leaps, 0.0, _AT_REST * agents.sum()
    up, down = np.empty(counts.size), np.empty(counts.size)
    between, before = np.empty(counts.size), np.empty(counts.size)
    for sweep in range(seen.size):
        before[:], flips_before = counts, flips
        for _ in range(leaps):
            _rates(counts, agents, p_a, p_b, up, down)
            for kind in range(counts.size):
                between[kind] = counts[kind] + half * (up[kind] - down[kind])
            # r(x) for one half and 2 r(y) - r(x) for the other are r(y) for both
            _rates(between, agents, p_a, p_b, up, down)
            for kind in range(counts.size):
                counts[kind] += 2.0 * half * (up[kind] - down[kind])
                flips += 2.0 * half * (up[kind] + down[kind])
        seen[sweep] = counts.sum()
        if np.abs(counts - before).max() <= rest:
            seen[sweep:] = seen[sweep]
            return flips + (flips - flips_before) * (seen.size - 1 - sweep)
    return flips


@njit(inline="always")
def _rates(counts: Any, agents: Any, p_a: Any, p_b: Any, up: Any, down: Any) -> Any:
    """Fill in the probabilities that an update flips one of a kind to A, and to B."""
    total = agents.sum()
    holders = counts.sum()
    scale = (p_a.shape[1] - 1.0) / (total - 1.0)
    above = min(max(holders * scale, 0.0), p_a.shape[1] - 1.0)  # place in the tables: of A's among the peers
    below = min(max((holders - 1.0) * scale, 0.0), p_a.shape[1] - 1.0)
    for kind in range(counts.size):
        up[kind] = (agents[kind] - counts[kind]) / total * _between(p_a[kind], above)
        down[kind] = counts[kind] / total * _between(p_b[kind], below)


@njit(inline="always")
def _between(table: Any, place: Any) -> Any:
    """Linear interpolation at a real place in [0, size - 1]."""
    low = min(int(place), table.size - 2)
    return table[low] + (place - low) * (table[low + 1] - table[low])


@njit(inline="always")
def _flip_many(counts: Any, agents: Any, updates: Any, up: Any, down: Any, stream: Any) -> Any:
    """Flips of so many updates at these rates, multinomial as a chain of binomials; returns their number."""
    left, rest = updates, 1.0
    for kind in range(counts.size):
        rising = next_binomial(left, up[kind] / rest, stream)
        left -= rising
        rest = max(rest - up[kind], _NOTHING)
        falling = next_binomial(left, down[kind] / rest, stream)
        left -= falling
        rest = max(rest - down[kind], _NOTHING)
        counts[kind] = min(max(counts[kind] + rising - falling, 0), agents[kind])
    return updates - left


_NOTHING = 1e-300
"""Stands for a probability of zero that something is divided by."""
