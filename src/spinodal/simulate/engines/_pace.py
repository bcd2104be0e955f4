"""When to change between attempts and events: by how many attempts flipped lately."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Pace:
    """The share of attempts that flip, judged at the end of each `window` of sweeps.

    Below `fewest` it pays to go on by events, above `most` by attempts.
    """

    window: int
    fewest: float
    most: float
    so_far: NDArray[np.int64] = field(default_factory=lambda: np.zeros(2, dtype=np.int64))
    """Sweeps and flips of this window."""


@njit(inline="always")
def lies_outside(so_far: Any, flips: Any, agents: Any, window: Any, fewest: Any, most: Any) -> Any:
    """Count one more sweep of so many `flips`; whether it ends a window whose share is out of bounds."""
    so_far[0] += 1
    so_far[1] += flips
    if so_far[0] < window:
        return False
    attempts = agents * so_far[0]
    outside = so_far[1] < fewest * attempts or so_far[1] > most * attempts
    so_far[:] = 0
    return outside
