"""Small worlds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numba import njit

from spinodal._errors import RequestError
from spinodal.simulate._random import next_uniform, stream_of
from spinodal.simulate.graphs._rows import Rows, rows_of_edges
from spinodal.simulate.graphs.generators._below import below


@dataclass(frozen=True)
class WattsStrogatz:
    """A ring, each node beside its `neighbors` nearest, whose edges are moved with probability `rewire`.

    As Watts and Strogatz (Nature 393, 440, 1998): edges to nearest neighbours first, then to next-nearest
    and so on, once around the ring each; an edge that is moved keeps the node it is counted from and
    gets another, drawn from all that are not yet its neighbours.
    """

    neighbors: int
    rewire: float
    example: ClassVar[dict[str, float]] = {"neighbors": 8, "rewire": 0.1}

    def rows(self, nodes: int, seed: np.random.SeedSequence) -> Rows:
        if self.neighbors % 2 or not 2 <= self.neighbors < nodes:
            raise RequestError(
                f"{self.neighbors} neighbours on a ring of {nodes} nodes; give an even number below {nodes}"
            )
        if not 0 <= self.rewire <= 1:
            raise RequestError(f"rewire={self.rewire:g}; give a probability from 0 to 1")
        lags = np.arange(1, self.neighbors // 2 + 1, dtype=np.uint32)
        sources = np.arange(nodes, dtype=np.uint32)
        ahead = (sources[:, None] + lags) % np.uint32(nodes)
        _rewire(ahead, self.rewire, stream_of(seed))
        return rows_of_edges(np.repeat(sources, lags.size), ahead.ravel(), nodes)


@njit(cache=True, nogil=True)
def _rewire(ahead: Any, p: Any, stream: Any) -> None:
    """`ahead[v]` are the other ends of the edges counted from v; every edge stands in one row."""
    nodes, lags = ahead.shape
    degrees = np.full(nodes, 2 * lags)
    for lag in range(lags):
        for node in range(nodes):
            if next_uniform(stream) >= p or degrees[node] == nodes - 1:
                continue
            other = below(nodes, stream)
            while other == node or _holds(ahead[node], other) or _holds(ahead[other], node):
                other = below(nodes, stream)
            degrees[ahead[node, lag]] -= 1
            degrees[other] += 1
            ahead[node, lag] = other


@njit(cache=True, nogil=True)
def _holds(row: Any, node: Any) -> bool:
    for entry in row:  # noqa: SIM110, faster as a plain loop
        if entry == node:
            return True
    return False
