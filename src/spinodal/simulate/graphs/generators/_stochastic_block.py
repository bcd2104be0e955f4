"""Communities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spinodal._errors import RequestError
from spinodal.simulate.graphs._rows import Rows
from spinodal.simulate.graphs.generators._pairs import independent_pairs


@dataclass(frozen=True)
class StochasticBlock:
    """The stochastic block model, exactly, with blocks of equal size (to one node): stretches of nodes.

    A node has on average `within` neighbours in its own block and `between` in all others together;
    each pair is an edge on its own, with one probability in a block and another across.
    """

    blocks: int
    within: float
    between: float
    example: ClassVar[dict[str, float]] = {"blocks": 4, "within": 6, "between": 2}

    def rows(self, nodes: int, seed: np.random.SeedSequence) -> Rows:
        if not 2 <= self.blocks <= nodes // 2:
            raise RequestError(
                f"{self.blocks} blocks of {nodes} nodes; give 2 or more, of 2 nodes or more each"
            )
        ends = np.arange(1, self.blocks + 1) * nodes // self.blocks
        sizes = np.diff(ends, prepend=0)
        inside = self.within / (sizes - 1)
        across = self.between / (nodes - nodes / self.blocks)
        if not (0 <= across <= 1 and inside.min() >= 0 and inside.max() <= 1 and across + inside.max() > 0):
            raise RequestError(
                f"within={self.within:g}, between={self.between:g} for {self.blocks} blocks, {nodes} nodes: "
                f"give numbers from 0 to {sizes.min() - 1} and {nodes - sizes.max()}, not both 0"
            )
        p = np.full((self.blocks, self.blocks), across)
        np.fill_diagonal(p, inside)
        return independent_pairs(ends, p, seed)
