"""Well-mixed populations, exactly: from flip to flip on the counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinodal._errors import RequestError
from spinodal.simulate._population import Population
from spinodal.simulate._random import next_uniform
from spinodal.simulate.engines._well_mixed import MOST_ENTRIES, Tables, WellMixedEngine, entries_of


class CountsEngine(WellMixedEngine):
    """The process of `theory.Chain`, for any number of kinds, without its idle updates.

    One update: a random regular agent looks at all others, zealots included, and adopts A with its
    kind's P. In a state where an update flips somebody with probability W, the number of updates to
    the next flip is geometric, so it is drawn at once; cut short where a sweep ends, it is drawn
    anew, for it has no memory. Work goes with the flips, not with the updates. (Flips with less than
    1e-15 to happen in a sweep are never drawn, as uniform numbers have 52 bits.)

    `m0`, in [-1, 1], is the start, of all kinds or of each. With `stop_at_consensus` a replica in
    which all agree, zealots included, stays as it is. Raises `RequestError` where the tables of the
    responses, 16 bytes for each agent and kind, would be too large.
    """

    def __init__(
        self,
        population: Population,
        m0: float | Sequence[float],
        seed: np.random.SeedSequence,
        *,
        stop_at_consensus: bool = False,
    ) -> None:
        if entries_of(population) > MOST_ENTRIES:
            kinds = len(population.kinds)
            raise RequestError(
                f"{population.agents:,} agents, {kinds} kinds: too many to sample exactly; use tau-leaping "
                f"(method leaps), or {MOST_ENTRIES // kinds:,} agents or fewer"
            )
        super().__init__(population, m0, seed, stop_at_consensus=stop_at_consensus, tables=Tables(population))

    def _move(self, seen: NDArray[np.int64]) -> int:
        return int(
            _flip_by_flip(
                self._counts, self._agents, self._p_a, self._p_b, self._stream, *self._consensus, seen
            )
        )


@njit(cache=True, nogil=True)
def _flip_by_flip(
    counts: Any, agents: Any, p_a: Any, p_b: Any, stream: Any, all_b: Any, all_a: Any, seen: Any
) -> Any:
    """Fill the rows of `seen` with the counts after each sweep; returns the flips."""
    total, holders, flips = agents.sum(), counts.sum(), 0
    for sweep in range(seen.shape[0]):
        left = total  # updates of this sweep
        while left > 0 and holders != all_b and holders != all_a:
            # at a consensus one of the two counts is zero, and so is what is looked up for it
            above, below = min(holders, total - 1), max(holders - 1, 0)
            rising = falling = 0.0
            for kind in range(counts.size):
                rising += (agents[kind] - counts[kind]) * p_a[kind, above]
                falling += counts[kind] * p_b[kind, below]
            flipping = rising + falling
            if flipping <= _NEVER:
                break
            uniform = next_uniform(stream)
            if total * uniform < total - flipping:  # else the very next update flips: spare the logarithms
                idle = math.log(uniform) / math.log1p(-flipping / total)
                if idle >= left:
                    break
                left -= int(idle)
            left -= 1
            place = flipping * next_uniform(stream)
            change = 1 if place < rising else -1
            if counts.size == 1:
                counts[0] += change
            elif change == 1:
                counts[_kind_at(place, agents - counts, p_a[:, above])] += 1
            else:
                counts[_kind_at(place - rising, counts, p_b[:, below])] -= 1
            holders += change
            flips += 1
        seen[sweep] = counts
    return flips


@njit(inline="always")
def _kind_at(place: Any, able: Any, p: Any) -> Any:
    """The kind that `place` falls on, with the rates able * p laid end to end."""
    last = 0
    for kind in range(able.size):
        rate = able[kind] * p[kind]
        if rate > 0.0:
            last = kind  # the last that can flip takes what rounding leaves over
            place -= rate
            if place < 0.0:
                break
    return last


_NEVER = 1e-300
"""Flips in an update at so small a rate, or none: the wait for them overflows."""
