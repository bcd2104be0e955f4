"""Kernel: each pair of nodes an edge or not, on its own, by the blocks the two belong to."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinodal.simulate._random import next_uniform, stream_of
from spinodal.simulate.graphs._rows import Rows, offset_dtype


def independent_pairs(ends: NDArray[np.int64], p: NDArray[np.float64], seed: np.random.SeedSequence) -> Rows:
    """Blocks are stretches of nodes that end before `ends`, shape (blocks,), ascending; nodes of blocks
    r and s are neighbours with probability p[r, s], shape (blocks, blocks), each pair on its own.

    In time of the order of edges + nodes times blocks (gaps between edges are geometric: Batagelj and
    Brandes, Phys. Rev. E 71, 036113, 2005), and in the memory of the rows alone: the same random numbers
    are drawn twice, to count the neighbours and to write them.
    """
    nodes = int(ends[-1])
    sizes = np.diff(ends, prepend=0).astype(np.float64)
    expected = float(sizes @ p @ sizes) / 2
    # Ten standard deviations and some more than expected: never exceeded.
    offsets = np.zeros(nodes + 2, offset_dtype(expected + 10 * math.sqrt(expected) + 100))
    with np.errstate(divide="ignore"):
        log_none = np.log1p(-p)
    _draw(ends, log_none, stream_of(seed), offsets, np.empty(0, np.uint32), False)
    np.cumsum(offsets, dtype=offsets.dtype, out=offsets)
    neighbors = np.empty(int(offsets[-1]), np.uint32)
    _draw(ends, log_none, stream_of(seed), offsets, neighbors, True)
    return offsets[:-1], neighbors


@njit(cache=True, nogil=True)
def _draw(ends: Any, log_none: Any, stream: Any, offsets: Any, neighbors: Any, writing: bool) -> None:
    """Counts into offsets[node + 2]; writing, moves offsets[node + 1] from its row's start to its end."""
    block = 0
    for node in range(ends[-1]):
        while node >= ends[block]:
            block += 1
        for other_block in range(block + 1):
            if log_none[block, other_block] == 0.0:  # p = 0
                continue
            end = min(ends[other_block], node)
            other = (ends[other_block - 1] if other_block else 0) - 1
            while True:
                gap = math.log(next_uniform(stream)) / log_none[block, other_block]
                if gap >= end - other - 1:
                    break
                other += 1 + np.int64(gap)
                if writing:
                    neighbors[offsets[node + 1]] = other
                    offsets[node + 1] += 1
                    neighbors[offsets[other + 1]] = node
                    offsets[other + 1] += 1
                else:
                    offsets[node + 2] += 1
                    offsets[other + 2] += 1
