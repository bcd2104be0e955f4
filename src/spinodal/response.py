"""The response function: the hinge of the package.

A response function gives the probability that an agent adopts option A when the magnetization it
perceives is m. It comes from a fit, from raw points or from theory; everything to its right
(`theory`, `simulate`, `verdict`) takes any of them.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


@runtime_checkable
class ResponseFunction(Protocol):
    """Anything that maps perceived magnetization to the probability of adopting A."""

    def __call__(self, m: ArrayLike) -> FloatArray:
        """Probability of A, in [0, 1], the shape of `m`; `m` in [-1, 1]."""
        ...
