"""Kernels on compressed rows: from a list of edges, its flaws, its components."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Rows = tuple[NDArray[Any], NDArray[np.uint32]]
"""`offsets` and `neighbors` of a `Graph`."""

LARGEST_NODE = 2**32 - 2
"""Nodes are numbered in 32 bits."""


def offset_dtype(edges: float) -> type[np.uint32] | type[np.int64]:
    """The smallest type that counts both ends of so many edges."""
    return np.uint32 if 2 * edges < 2**32 else np.int64


def rows_of_edges(sources: NDArray[Any], targets: NDArray[Any], nodes: int) -> Rows:
    """Rows of the undirected edges, each row in ascending order; loops and repeats are kept."""
    sources, targets = (np.ascontiguousarray(ends, np.uint32) for ends in (sources, targets))
    # Two more than the nodes: a row's degree is counted two places on, so that its start stands one
    # place on while the row fills, and moves to its end, which is where the next row's start belongs.
    offsets = np.zeros(nodes + 2, offset_dtype(sources.size))
    _count(sources, targets, offsets)
    np.cumsum(offsets, dtype=offsets.dtype, out=offsets)
    neighbors = np.empty(2 * sources.size, np.uint32)
    _fill(sources, targets, offsets, neighbors)
    return offsets[:-1], _in_order(offsets[:-1], neighbors)


def rows_among(offsets: NDArray[Any], neighbors: NDArray[np.uint32], members: NDArray[np.uint32]) -> Rows:
    """Rows of a component: `members` are its nodes in ascending order, numbered anew from 0."""
    numbers = np.zeros(offsets.size - 1, np.uint32)
    numbers[members] = np.arange(members.size, dtype=np.uint32)
    kept_offsets = np.zeros(members.size + 1, offsets.dtype)
    np.cumsum(offsets[1:][members] - offsets[:-1][members], dtype=offsets.dtype, out=kept_offsets[1:])
    kept_neighbors = np.empty(int(kept_offsets[-1]), np.uint32)
    _renumber(offsets, neighbors, members, numbers, kept_neighbors)
    return kept_offsets, kept_neighbors


def components(offsets: NDArray[Any], neighbors: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], list[int]]:
    """All nodes, those of one component together, and where in that order each component starts."""
    order = np.empty(offsets.size - 1, np.uint32)
    starts = np.zeros(offsets.size - 1, np.bool_)
    _walk(offsets, neighbors, order, starts)
    return order, [int(start) for start in np.flatnonzero(starts)]


@njit(cache=True, nogil=True)
def _count(sources: Any, targets: Any, offsets: Any) -> None:
    for source in sources:
        offsets[source + 2] += 1
    for target in targets:
        offsets[target + 2] += 1


@njit(cache=True, nogil=True)
def _fill(sources: Any, targets: Any, offsets: Any, neighbors: Any) -> None:
    for edge in range(sources.size):
        source, target = sources[edge], targets[edge]
        neighbors[offsets[source + 1]] = target
        offsets[source + 1] += 1
        neighbors[offsets[target + 1]] = source
        offsets[target + 1] += 1


def _in_order(offsets: NDArray[Any], neighbors: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The same rows, each in ascending order: transposing a symmetric matrix row by row sorts it."""
    ordered = np.empty_like(neighbors)
    _transpose(offsets, neighbors, offsets[:-1].copy(), ordered)
    return ordered


@njit(cache=True, nogil=True)
def _transpose(offsets: Any, neighbors: Any, place: Any, ordered: Any) -> None:
    for node in range(offsets.size - 1):
        for at in range(offsets[node], offsets[node + 1]):
            other = neighbors[at]
            ordered[place[other]] = node
            place[other] += 1


@njit(cache=True, nogil=True)
def first_repeat(offsets: Any, neighbors: Any) -> Any:
    """The first node that stands beside itself or twice beside another, and that other; else (-1, -1).

    Rows in ascending order.
    """
    for node in range(offsets.size - 1):
        for at in range(offsets[node], offsets[node + 1]):
            if neighbors[at] == node or (at > offsets[node] and neighbors[at] == neighbors[at - 1]):
                return node, np.int64(neighbors[at])
    return -1, -1


@njit(cache=True, nogil=True)
def _renumber(offsets: Any, neighbors: Any, members: Any, numbers: Any, kept: Any) -> None:
    end = 0
    for node in members:
        for at in range(offsets[node], offsets[node + 1]):
            kept[end] = numbers[neighbors[at]]
            end += 1


@njit(cache=True, nogil=True)
def _walk(offsets: Any, neighbors: Any, order: Any, starts: Any) -> None:
    seen = np.zeros(order.size, np.bool_)
    found = 0
    for root in range(order.size):
        if seen[root]:
            continue
        seen[root] = True
        order[found] = root
        starts[found] = True
        reached = found
        found += 1
        while reached < found:
            node = order[reached]
            reached += 1
            for at in range(offsets[node], offsets[node + 1]):
                other = neighbors[at]
                if not seen[other]:
                    seen[other] = True
                    order[found] = other
                    found += 1
