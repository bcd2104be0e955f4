"""Close circles, each in touch with the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spinodal._errors import RequestError
from spinodal.simulate.graphs._rows import Rows, rows_of_edges


@dataclass(frozen=True)
class RingOfCliques:
    """A ring of 3 `cliques` or more, equal in size, neighbours in it joined by one edge; no chance in it.

    A clique is a stretch of nodes that all see each other, two or more. The second node of each is also
    a neighbour of the first node of the next, and that of the last of the first node of all.
    """

    cliques: int
    example: ClassVar[dict[str, float]] = {"cliques": 4}

    def rows(self, nodes: int, seed: np.random.SeedSequence) -> Rows:
        if not 3 <= self.cliques <= nodes // 2:
            raise RequestError(
                f"a ring of {self.cliques} cliques on {nodes} nodes; give 3 or more, of 2 nodes or more each"
            )
        size, over = divmod(nodes, self.cliques)
        if over:
            raise RequestError(
                f"{nodes} nodes make no {self.cliques} cliques of equal size; "
                f"give {nodes - over} or {nodes - over + self.cliques} nodes"
            )
        first = np.arange(self.cliques)[:, None] * size
        one, other = np.triu_indices(size, 1)
        sources = np.column_stack((first + one, first + 1))
        targets = np.column_stack((first + other, np.roll(first, -1)))
        return rows_of_edges(sources.ravel(), targets.ravel(), nodes)
