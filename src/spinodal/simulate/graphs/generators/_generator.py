"""What a generator of graphs is."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import numpy as np

from spinodal.simulate.graphs._rows import Rows


class Generator(Protocol):
    """A frozen dataclass whose fields, all numbers, are the parameters of a law of graphs."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    example: ClassVar[dict[str, float]]
    """Parameters that make sense, shown where the user's do not."""

    def rows(self, nodes: int, seed: np.random.SeedSequence) -> Rows:
        """Compressed rows of one graph of `nodes` nodes, the same for the same seed.

        Raises `RequestError` where there is no such graph.
        """
        ...
