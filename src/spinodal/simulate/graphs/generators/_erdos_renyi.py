"""Each pair of nodes by the toss of one coin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spinodal._errors import RequestError
from spinodal.simulate.graphs._rows import Rows
from spinodal.simulate.graphs.generators._pairs import independent_pairs


@dataclass(frozen=True)
class ErdosRenyi:
    """G(n, p), exactly: each pair is an edge with probability p = `mean_degree` / (nodes - 1).

    A share exp(-mean_degree) of the nodes, roughly, has no neighbours.
    """

    mean_degree: float
    example: ClassVar[dict[str, float]] = {"mean_degree": 8}

    def rows(self, nodes: int, seed: np.random.SeedSequence) -> Rows:
        if not 0 < self.mean_degree <= nodes - 1:
            raise RequestError(
                f"mean degree {self.mean_degree:g} of {nodes} nodes; give a number above 0, up to {nodes - 1}"
            )
        p = np.array([[self.mean_degree / (nodes - 1)]])
        return independent_pairs(np.array([nodes]), p, seed)
