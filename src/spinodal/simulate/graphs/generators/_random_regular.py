"""Everybody has the same number of neighbours, and otherwise all is chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinodal._errors import RequestError
from spinodal.simulate._random import stream_of
from spinodal.simulate.graphs._rows import Rows, offset_dtype
from spinodal.simulate.graphs.generators._below import below


@dataclass(frozen=True)
class RandomRegular:
    """Random simple graphs whose nodes all have `degree` neighbours, uniform as the nodes grow.

    The ends of edges are paired at random, and each pair that makes a loop or repeats an edge is switched
    with a random other pair until none is left. For a fixed degree the law tends to the uniform one in
    total variation (Janson, Random Struct. Algor. 57, 3, 2020). Where the degree exceeds half the nodes,
    the complement of such a graph.
    """

    degree: int
    example: ClassVar[dict[str, float]] = {"degree": 8}

    def rows(self, nodes: int, seed: np.random.SeedSequence) -> Rows:
        if not 1 <= self.degree < nodes:
            raise RequestError(
                f"degree {self.degree} of {nodes} nodes; give a whole number from 1 to {nodes - 1}"
            )
        if nodes * self.degree % 2:
            raise RequestError(
                f"no graph of {nodes} nodes has odd degree {self.degree} throughout; make one of them even"
            )
        degree = min(self.degree, nodes - 1 - self.degree)
        neighbors = _regular(nodes, degree, seed)
        if degree < self.degree:
            neighbors = _complement(neighbors)
        offsets = np.arange(nodes + 1, dtype=np.int64) * self.degree
        return offsets.astype(offset_dtype(nodes * self.degree // 2)), neighbors.ravel()


def _regular(nodes: int, degree: int, seed: np.random.SeedSequence) -> NDArray[np.uint32]:
    """Neighbours, shape (nodes, degree)."""
    neighbors = np.empty((nodes, degree), np.uint32)
    stream = stream_of(seed)
    simple = degree == 0
    while not simple:  # one round, but for a few graphs of a handful of nodes
        ends = np.repeat(np.arange(nodes, dtype=np.uint32), degree)
        _pair(ends, stream)
        _write(ends, neighbors)
        del ends  # as large as the graph
        simple = _mend(neighbors, stream)
    return neighbors


def _complement(neighbors: NDArray[np.uint32]) -> NDArray[np.uint32]:
    nodes, degree = neighbors.shape
    others = np.ones((nodes, nodes), np.bool_)
    np.put_along_axis(others, neighbors.astype(np.int64), False, axis=1)
    np.fill_diagonal(others, False)
    return np.nonzero(others)[1].astype(np.uint32).reshape(nodes, nodes - 1 - degree)


@njit(cache=True, nogil=True)
def _pair(ends: Any, stream: Any) -> None:
    """Shuffle, so that neighbouring entries are random pairs."""
    for last in range(ends.size - 1, 0, -1):
        chosen = below(last + 1, stream)
        ends[last], ends[chosen] = ends[chosen], ends[last]


@njit(cache=True, nogil=True)
def _write(ends: Any, neighbors: Any) -> None:
    filled = np.zeros(neighbors.shape[0], np.uint16)
    for at in range(0, ends.size, 2):
        one, other = ends[at], ends[at + 1]
        neighbors[one, filled[one]] = other
        filled[one] += 1
        neighbors[other, filled[other]] = one
        filled[other] += 1


@njit(cache=True, nogil=True)
def _times(row: Any, node: Any) -> int:
    count = 0
    for other in row:
        if other == node:
            count += 1
    return count


@njit(cache=True, nogil=True)
def _replace(row: Any, old: Any, new: Any) -> None:
    for at in range(row.size):
        if row[at] == old:
            row[at] = new
            return


@njit(cache=True, nogil=True)
def _mend(neighbors: Any, stream: Any) -> bool:
    """Switch loops and repeats away; False where no switch seems to help."""
    nodes, degree = neighbors.shape
    attempts = 0
    for node in range(nodes):
        at = 0
        while at < degree:
            other = neighbors[node, at]
            if other != node and _times(neighbors[node], other) == 1:
                at += 1
                continue
            attempts += 1
            if attempts > 1000 + 10 * neighbors.size:
                return False
            # A random edge, in a random direction: from node - other and third - fourth
            # to node - third and other - fourth.
            third = below(nodes, stream)
            fourth = neighbors[third, below(degree, stream)]
            loops = (third == node) | (fourth == other) | (third == fourth)
            if loops or _times(neighbors[node], third) or _times(neighbors[other], fourth):
                continue
            _replace(neighbors[node], other, third)
            _replace(neighbors[other], node, fourth)
            _replace(neighbors[third], fourth, node)
            _replace(neighbors[fourth], third, other)
            at = 0
    return True
