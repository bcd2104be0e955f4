"""Square, cubic and further lattices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spinodal._errors import RequestError
from spinodal.simulate.graphs._rows import Rows, offset_dtype


@dataclass(frozen=True)
class Lattice:
    """The hypercubic lattice with periodic boundaries, of equal sides; no chance in it.

    Each node has 2 `dimensions` neighbours. The number of nodes is a perfect power, side 3 or more.
    """

    dimensions: int
    example: ClassVar[dict[str, float]] = {"dimensions": 2}

    def rows(self, nodes: int, seed: np.random.SeedSequence) -> Rows:
        if self.dimensions < 1:
            raise RequestError(f"a lattice of {self.dimensions} dimensions; give 1 or more")
        side = max(round(nodes ** (1 / self.dimensions)), 3)
        if side**self.dimensions != nodes:
            raise RequestError(
                f"{nodes} nodes fill no {self.dimensions}-dimensional lattice of equal sides, 3 or more; "
                f"give {side**self.dimensions} nodes"
            )
        degree = 2 * self.dimensions
        place = np.arange(nodes, dtype=np.uint32).reshape((side,) * self.dimensions)
        neighbors = np.empty((nodes, degree), np.uint32)
        for axis in range(self.dimensions):
            neighbors[:, 2 * axis] = np.roll(place, 1, axis).ravel()
            neighbors[:, 2 * axis + 1] = np.roll(place, -1, axis).ravel()
        offsets = np.arange(nodes + 1, dtype=np.int64) * degree
        return offsets.astype(offset_dtype(nodes * self.dimensions)), neighbors.ravel()
