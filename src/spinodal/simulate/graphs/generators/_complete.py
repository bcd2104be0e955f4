"""Everybody sees everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from spinodal._errors import RequestError
from spinodal.simulate.graphs._rows import Rows, offset_dtype

LARGEST = 10_000
"""Nodes of the largest complete graph that is written out: 400 MB of neighbours."""


@dataclass(frozen=True)
class Complete:
    """The complete graph; no chance in it. A population without a graph is the same, and much faster."""

    example: ClassVar[dict[str, float]] = {}

    def rows(self, nodes: int, seed: np.random.SeedSequence) -> Rows:
        if nodes > LARGEST:
            raise RequestError(
                f"a complete graph of {nodes} nodes; leave the graph out: a population without one is well "
                f"mixed, which is the same (up to {LARGEST} nodes it is built all the same)"
            )
        offsets = np.arange(nodes + 1, dtype=np.int64) * (nodes - 1)
        others: Any = np.arange(nodes - 1, dtype=np.uint32)
        nodes_above = others >= np.arange(nodes, dtype=np.uint32)[:, None]
        return offsets.astype(offset_dtype(offsets[-1] // 2)), (others + nodes_above).astype(
            np.uint32
        ).ravel()
