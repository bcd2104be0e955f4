"""Preferential attachment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numba import njit

from spinodal._errors import RequestError
from spinodal.simulate._random import stream_of
from spinodal.simulate.graphs._rows import Rows, rows_of_edges
from spinodal.simulate.graphs.generators._below import below


@dataclass(frozen=True)
class BarabasiAlbert:
    """Nodes join one by one, each beside `attach` different ones drawn in proportion to their degrees.

    After Barabasi and Albert (Science 286, 509, 1999); `attach` + 1 nodes that all see each other are
    there at the start.
    """

    attach: int
    example: ClassVar[dict[str, float]] = {"attach": 4}

    def rows(self, nodes: int, seed: np.random.SeedSequence) -> Rows:
        if not 1 <= self.attach < nodes:
            raise RequestError(
                f"attach={self.attach} of {nodes} nodes; give a whole number from 1 to {nodes - 1}"
            )
        first = np.column_stack(np.triu_indices(self.attach + 1, 1)).astype(np.uint32)
        ends = np.empty((first.shape[0] + self.attach * (nodes - self.attach - 1), 2), np.uint32)
        ends[: first.shape[0]] = first
        _grow(ends, first.shape[0], self.attach, nodes, stream_of(seed))
        return rows_of_edges(ends[:, 0], ends[:, 1], nodes)


@njit(cache=True, nogil=True)
def _grow(ends: Any, edges: int, attach: int, nodes: int, stream: Any) -> None:
    """Nodes stand among the ends of edges as often as they have neighbours: a random end is by degree."""
    for node in range(attach + 1, nodes):
        for chosen in range(edges, edges + attach):
            fresh = False
            while not fresh:
                end = below(2 * edges, stream)
                other = ends[end >> 1, end & 1]
                fresh = True
                for earlier in range(edges, chosen):
                    fresh &= ends[earlier, 1] != other
            ends[chosen, 0] = node
            ends[chosen, 1] = other
        edges += attach
