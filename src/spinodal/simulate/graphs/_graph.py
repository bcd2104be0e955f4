"""Who sees whom: an undirected simple graph in compressed rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Graph:
    """The neighbours of node v are `neighbors[offsets[v]:offsets[v + 1]]`.

    `offsets` has shape (nodes + 1,) (uint32 where twice the edges fit, else int64), `neighbors` shape
    (2 edges,), uint32; each edge stands in both rows, no row holds its own node or one node twice.
    """

    offsets: NDArray[Any]
    neighbors: NDArray[np.uint32]
    name: str = "graph"

    @property
    def nodes(self) -> int:
        return int(self.offsets.size) - 1

    @property
    def edges(self) -> int:
        return int(self.neighbors.size) // 2

    @property
    def degrees(self) -> NDArray[np.int64]:
        """How many neighbours each node has, shape (nodes,)."""
        return np.asarray(np.diff(self.offsets.astype(np.int64)), dtype=np.int64)
