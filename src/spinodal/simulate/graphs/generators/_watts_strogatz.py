"""Small worlds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spinodal._errors import RequestError
from spinodal.simulate.graphs._rows import Rows
from spinodal.simulate.graphs.generators._igraph import rows_from, seeded


@dataclass(frozen=True)
class WattsStrogatz:
    """A ring, each node beside its `neighbors` nearest, one end of each edge moved at random with
    probability `rewire`, to no loop or repeat (Watts and Strogatz, Nature 393, 1998; igraph's generator).
    """

    neighbors: int
    rewire: float
    example: ClassVar[dict[str, float]] = {"neighbors": 8, "rewire": 0.1}

    def rows(self, nodes: int, seed: np.random.SeedSequence) -> Rows:
        import igraph

        if self.neighbors % 2 or not 2 <= self.neighbors < nodes:
            raise RequestError(
                f"{self.neighbors} neighbours on a ring of {nodes} nodes; give an even number below {nodes}"
            )
        if not 0 <= self.rewire <= 1:
            raise RequestError(f"rewire={self.rewire:g}; give a probability from 0 to 1")
        with seeded(seed):
            return rows_from(igraph.Graph.Watts_Strogatz(1, nodes, self.neighbors // 2, self.rewire))
