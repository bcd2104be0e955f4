"""Random sequential update, attempt by attempt."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, uint64
from numpy.typing import NDArray

from spinodal.simulate._random import next_word, stepped
from spinodal.simulate.engines._consensus import consensus_counts
from spinodal.simulate.engines._pace import Pace, lies_outside
from spinodal.simulate.engines._prefetch import prefetch
from spinodal.simulate.engines._society import Society


class Attempts:
    """Every attempt of a society carried out."""

    order = np.zeros(0, np.uint32)
    """None: all of the state is the society's."""
    memory = 0
    """Bytes held beside the society."""

    def __init__(self, society: Society, pace: Pace, stop_at_consensus: bool) -> None:
        self._society, self._pace, self._stop = society, pace, stop_at_consensus
        self._ahead = society.graph.neighbors.nbytes > _CACHE

    def live(self, seen: NDArray[np.int64]) -> tuple[int, int, bool]:
        """Fill `seen` with the counts after each sweep, or so much of it as pays.

        Returns the sweeps, the flips, and whether to go on by events.
        """
        society, pace, table = self._society, self._pace, self._society.table
        sweeps, flips, outside = _attempt_by_attempt(
            society.codes,
            society.graph.offsets,
            society.graph.neighbors,
            table.thresholds,
            table.rests,
            table.kinds,
            society.counts,
            society.stream,
            *consensus_counts(self._stop, society.codes.size, *society.zealots),
            self._ahead,
            pace.so_far,
            pace.window,
            pace.fewest,
            seen,
        )
        return int(sweeps), int(flips), bool(outside)


_CACHE = 2**22
"""Bytes of neighbours past which they are not at hand, so that asking for them ahead pays."""
_BLOCK = 256
"""Attempts drawn at once."""


@njit(cache=True, nogil=True)
def _attempt_by_attempt(
    codes: Any,
    offsets: Any,
    neighbors: Any,
    thresholds: Any,
    rests: Any,
    kinds: Any,
    counts: Any,
    stream: Any,
    all_b: Any,
    all_a: Any,
    ahead: Any,
    so_far: Any,
    window: Any,
    fewest: Any,
    seen: Any,
) -> Any:
    """See `Attempts.live`.

    Who attempts, and the random number, are drawn in blocks: neither depends on the state. With `ahead`,
    what a block will touch is asked for before it is needed: first the codes, then, of those that are
    about to flip, the row, its neighbours, and their codes. That is a guess from the state before the
    block, and nothing but waiting depends on it.
    """
    agents, flips = codes.size, 0
    nodes, draws = np.empty(_BLOCK, np.uint32), np.empty(_BLOCK, np.uint32)
    flipping = np.empty(_BLOCK, np.uint32)
    holders = counts.sum()
    for sweep in range(seen.shape[0]):
        flips_before, left = flips, agents
        while left > 0 and holders != all_b and holders != all_a:
            drawn = _draw(stream, agents, min(left, _BLOCK), nodes, draws)
            left -= drawn
            if ahead:
                _ask_for(nodes, draws, drawn, codes, offsets, neighbors, thresholds, flipping)
            for attempt in range(drawn):
                node = nodes[attempt]
                code = codes[node]
                draw, threshold = np.int64(draws[attempt]), thresholds[code]
                if draw < threshold or (draw == threshold and next_word(stream) < rests[code]):
                    change = 1 - 2 * np.int64(code & 1)
                    for at in range(offsets[node], offsets[node + 1]):
                        codes[neighbors[at]] += 2 * change
                    codes[node] = code ^ 1
                    counts[kinds[code]] += change
                    holders += change
                    flips += 1
                    if holders in (all_b, all_a):
                        break
        seen[sweep] = counts
        if lies_outside(so_far, flips - flips_before, agents, window, fewest, 1.0):
            return sweep + 1, flips, True
    return seen.shape[0], flips, False


@njit(inline="always")
def _draw(stream: Any, agents: Any, wanted: Any, nodes: Any, draws: Any) -> Any:
    """Up to `wanted` uniform nodes and 32 random bits for each; returns how many.

    Each from 64 bits: the upper half by Lemire's multiplication, whose rejections leave the block short.
    """
    low = uint64(2**32 - 1)
    size = uint64(agents)
    uneven = uint64(2**32) % size
    first, second, third, fourth = stream[0], stream[1], stream[2], stream[3]
    drawn = 0
    for _ in range(wanted):
        word, first, second, third, fourth = stepped(first, second, third, fourth)
        product = (word >> uint64(32)) * size
        nodes[drawn] = product >> uint64(32)
        draws[drawn] = word & low
        drawn += (product & low) >= uneven
    stream[0], stream[1], stream[2], stream[3] = first, second, third, fourth
    return drawn


@njit(inline="always")
def _ask_for(
    nodes: Any,
    draws: Any,
    drawn: Any,
    codes: Any,
    offsets: Any,
    neighbors: Any,
    thresholds: Any,
    flipping: Any,
) -> None:
    for attempt in range(drawn):
        prefetch(codes, np.int64(nodes[attempt]))
    likely = 0
    for attempt in range(drawn):
        flipping[likely] = nodes[attempt]
        likely += np.int64(draws[attempt]) < thresholds[codes[nodes[attempt]]]
    for at in range(likely):
        prefetch(offsets, np.int64(flipping[at]))
    for at in range(likely):
        prefetch(neighbors, np.int64(offsets[flipping[at]]))
        prefetch(neighbors, np.int64(offsets[flipping[at] + 1]) - 1)
    for at in range(likely):
        for place in range(offsets[flipping[at]], offsets[flipping[at] + 1]):
            prefetch(codes, np.int64(neighbors[place]))
