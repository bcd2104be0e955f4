"""Preferential attachment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spinodal._errors import RequestError
from spinodal.simulate.graphs._rows import Rows
from spinodal.simulate.graphs.generators._igraph import rows_from, seeded


@dataclass(frozen=True)
class BarabasiAlbert:
    """Nodes join one by one, each beside `attach` different ones drawn in proportion to their degrees;
    `attach` + 1 that all see each other are there at the start (Barabasi and Albert, Science 286, 1999;
    igraph's generator, by prefix-sum tree).
    """

    attach: int
    example: ClassVar[dict[str, float]] = {"attach": 4}

    def rows(self, nodes: int, seed: np.random.SeedSequence) -> Rows:
        import igraph

        if not 1 <= self.attach < nodes:
            raise RequestError(
                f"attach={self.attach} of {nodes} nodes; give a whole number from 1 to {nodes - 1}"
            )
        with seeded(seed):
            start = igraph.Graph.Full(self.attach + 1)
            return rows_from(igraph.Graph.Barabasi(nodes, self.attach, zero_appeal=0, start_from=start))
