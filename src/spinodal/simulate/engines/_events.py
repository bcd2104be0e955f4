"""Random sequential update from flip to flip: attempts that change nothing are skipped, exactly."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit, uint64
from numpy.typing import NDArray

from spinodal.simulate._random import next_uniform, next_word, picked
from spinodal.simulate.engines._consensus import consensus_counts
from spinodal.simulate.engines._pace import Pace, lies_outside
from spinodal.simulate.engines._prefetch import prefetch
from spinodal.simulate.engines._society import Society


class Events:
    """A society taken from flip to flip; most of the attempts between cost nothing.

    `order`, shape (agents,), has the agents level by level (see `Levels`), by default each level in the
    agents' order. It is part of the state, for a random number picks a place in it.
    """

    def __init__(
        self, society: Society, pace: Pace, stop_at_consensus: bool, order: NDArray[np.uint32] | None = None
    ) -> None:
        self._society, self._pace, self._stop = society, pace, stop_at_consensus
        self._levels = levels = society.table.levels
        self._position = np.empty(society.codes.size, np.uint32)
        self._ends = np.zeros(levels.bounds.size, np.int64)
        if order is None:
            self._members = np.empty_like(self._position)
            _sort_in(society.codes, levels.of_code, self._members, self._ends)
        else:
            self._members = order.copy()
            _find_ends(society.codes, levels.of_code, self._members, self._ends)
        _locate(self._members, self._position)

    @property
    def order(self) -> NDArray[np.uint32]:
        return self._members.copy()

    @property
    def memory(self) -> int:
        """Bytes held beside the society."""
        return self._members.nbytes + self._position.nbytes

    def live(self, seen: NDArray[np.int64]) -> tuple[int, int, bool]:
        """Fill `seen` with the counts after each sweep, or so much of it as pays.

        Returns the sweeps, the flips, and whether to go on by attempts.
        """
        society, pace, levels = self._society, self._pace, self._levels
        sweeps, flips, outside = _flip_by_flip(
            society.codes,
            society.graph.offsets,
            society.graph.neighbors,
            levels.of_code,
            levels.bounds,
            levels.acceptance,
            society.table.kinds,
            self._members,
            self._position,
            self._ends,
            society.counts,
            society.stream,
            *consensus_counts(self._stop, society.codes.size, *society.zealots),
            pace.so_far,
            pace.window,
            pace.most,
            seen,
        )
        return int(sweeps), int(flips), bool(outside)


@njit(cache=True, nogil=True)
def _sort_in(codes: Any, of_code: Any, members: Any, ends: Any) -> None:
    for node in range(codes.size):
        ends[of_code[codes[node]]] += 1
    total = 0
    for level in range(ends.size):
        size = ends[level]
        ends[level] = total
        total += size
    for node in range(codes.size):
        level = of_code[codes[node]]
        members[ends[level]] = node
        ends[level] += 1


@njit(cache=True, nogil=True)
def _find_ends(codes: Any, of_code: Any, members: Any, ends: Any) -> None:
    for node in members:
        ends[of_code[codes[node]]] += 1
    for level in range(1, ends.size):
        ends[level] += ends[level - 1]


@njit(cache=True, nogil=True)
def _locate(members: Any, position: Any) -> None:
    for place in range(members.size):
        position[members[place]] = place


@njit(cache=True, nogil=True, error_model="numpy")  # a chance may be so small that its logarithm is 0
def _flip_by_flip(
    codes: Any,
    offsets: Any,
    neighbors: Any,
    of_code: Any,
    bounds: Any,
    acceptance: Any,
    kinds: Any,
    members: Any,
    position: Any,
    ends: Any,
    counts: Any,
    stream: Any,
    all_b: Any,
    all_a: Any,
    so_far: Any,
    window: Any,
    most: Any,
    seen: Any,
) -> Any:
    """See `Events.live`.

    The attempts up to the next one worth carrying out are geometric, without memory: where a sweep ends
    first, the wait is drawn anew.
    """
    agents, flips = codes.size, 0
    holders = counts.sum()
    for sweep in range(seen.shape[0]):
        flips_before, left = flips, agents
        while left > 0 and holders != all_b and holders != all_a:
            rate, below = 0.0, 0
            for level in range(bounds.size):
                rate += (ends[level] - below) * bounds[level]
                below = ends[level]
            if rate <= 0.0:
                break
            uniform = next_uniform(stream)
            if agents * uniform < agents - rate:  # else the very next attempt: spare the logarithms
                idle = math.log(uniform) / math.log1p(-rate / agents)
                if idle >= left:
                    break
                left -= np.int64(idle)
            left -= 1
            place = rate * next_uniform(stream)
            below = first = end = 0
            for level in range(bounds.size):
                if ends[level] > below and bounds[level] > 0.0:
                    first, end = below, ends[level]  # the last that can flip takes what rounding leaves over
                    place -= (end - first) * bounds[level]
                    if place < 0.0:
                        break
                below = ends[level]
            pick, stands = 0, False
            while not stands:
                pick, stands = picked(next_word(stream), uint64(end - first))
            node = members[first + pick]
            code = codes[node]
            accepted = acceptance[code]
            if accepted < 1.0 and next_uniform(stream) >= accepted:
                continue
            change = 1 - 2 * np.int64(code & 1)
            begin, close = np.int64(offsets[node]), np.int64(offsets[node + 1])
            for at in range(begin, close):
                prefetch(codes, np.int64(neighbors[at]))
                prefetch(position, np.int64(neighbors[at]))
            for at in range(begin, close + 1):  # the neighbours, and the agent itself after them
                moved, known, changed = node, np.int64(code), np.int64(code ^ 1)
                if at < close:
                    moved = neighbors[at]
                    known = np.int64(codes[moved])
                    changed = known + 2 * change
                codes[moved] = changed
                old, new = of_code[known], of_code[changed]
                if old == new:
                    continue
                hole = np.int64(position[moved])
                while old != new:  # at each level's edge on the way, one other steps aside
                    if old < new:
                        edge = ends[old] - 1
                        ends[old] = edge
                        old += 1
                    else:
                        old -= 1
                        edge = ends[old]
                        ends[old] = edge + 1
                    other = members[edge]
                    members[hole] = other
                    position[other] = hole
                    members[edge] = moved
                    hole = edge
                position[moved] = hole
            counts[kinds[code]] += change
            holders += change
            flips += 1
        seen[sweep] = counts
        if lies_outside(so_far, flips - flips_before, agents, window, 0.0, most):
            return sweep + 1, flips, True
    return seen.shape[0], flips, False
