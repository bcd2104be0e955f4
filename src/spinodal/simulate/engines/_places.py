"""Where zealots sit on a graph, and who sees them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinodal._errors import RequestError
from spinodal.simulate._population import AtRandom, ByDegree, OnNodes, Placement
from spinodal.simulate.graphs import Graph


def zealot_nodes(
    graph: Graph, zealots: int, placement: Placement, random: np.random.Generator
) -> NDArray[np.int64]:
    """The nodes of so many zealots, in the order in which they join."""
    if isinstance(placement, OnNodes):
        return _checked(placement.nodes, graph.nodes, zealots)
    if isinstance(placement, ByDegree):
        shuffled = random.permutation(graph.nodes)
        degrees = graph.degrees[shuffled]
        ranked = np.argsort(degrees if placement.lowest else -degrees, kind="stable")
        return np.asarray(shuffled[ranked[:zealots]], dtype=np.int64)
    assert isinstance(placement, AtRandom)
    return random.choice(graph.nodes, zealots, replace=False)


def _checked(nodes: Any, size: int, zealots: int) -> NDArray[np.int64]:
    given = np.asarray(nodes)
    if given.shape != (zealots,):
        raise RequestError(f"{given.size} nodes for {zealots} zealots; give one each, those for A first")
    for node in given:
        if node != int(node) or not 0 <= node < size:
            raise RequestError(f"a zealot on node {node} of {size}; nodes are numbered from 0")
    if np.unique(given).size < given.size:
        raise RequestError("two zealots on the same node; give each its own")
    return given.astype(np.int64)


def set_apart(graph: Graph, zealots: NDArray[np.int64]) -> tuple[Graph, Graph]:
    """The graph of the regular agents alone, numbered anew in their order, and the zealots' audiences.

    Row j of the second has the regular agents, by their new numbers, that see `zealots[j]`. Zealots
    beside each other are left out: they look at nobody.
    """
    regulars = np.ones(graph.nodes, dtype=np.bool_)
    regulars[zealots] = False
    numbers = np.cumsum(regulars, dtype=np.uint32) - np.uint32(1)
    among = _rows(graph, np.flatnonzero(regulars).astype(np.uint32), regulars, numbers, graph.name)
    return among, _rows(graph, zealots, regulars, numbers, "audiences")


def _rows(
    graph: Graph,
    rows: NDArray[Any],
    regulars: NDArray[np.bool_],
    numbers: NDArray[np.uint32],
    name: str,
) -> Graph:
    offsets = np.zeros(rows.size + 1, graph.offsets.dtype)
    _count(graph.offsets, graph.neighbors, rows, regulars, offsets)
    neighbors = np.empty(int(offsets[-1]), np.uint32)
    _fill(graph.offsets, graph.neighbors, rows, regulars, numbers, neighbors)
    return Graph(offsets, neighbors, name)


@njit(cache=True, nogil=True)
def _count(offsets: Any, neighbors: Any, rows: Any, regulars: Any, ends: Any) -> None:
    total = 0
    for row in range(rows.size):
        for at in range(offsets[rows[row]], offsets[rows[row] + 1]):
            total += regulars[neighbors[at]]
        ends[row + 1] = total


@njit(cache=True, nogil=True)
def _fill(offsets: Any, neighbors: Any, rows: Any, regulars: Any, numbers: Any, filled: Any) -> None:
    end = 0
    for row in range(rows.size):
        for at in range(offsets[rows[row]], offsets[rows[row] + 1]):
            if regulars[neighbors[at]]:
                filled[end] = numbers[neighbors[at]]
                end += 1
