"""What moves one replica of a population forward."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spinodal.theory import Stage


class Engine(Protocol):
    """One replica in motion. The runner advances it in whole sweeps, and may keep and restore it."""

    attempts: int
    """Single-agent updates the simulated time holds, whether or not each was carried out."""
    flips: int
    """Updates that changed an opinion."""
    step_error: float
    """Stated error of the mean magnetization from the time step; 0 where the method is exact."""

    @property
    def counts(self) -> NDArray[np.int64]:
        """Regular agents for A of each kind, shape (kinds,)."""
        ...

    def enter(self, stage: Stage) -> None:
        """Let the stage's zealots be present, and no others. `stage.sweeps` is the runner's business."""
        ...

    def advance(self, sweeps: int) -> NDArray[np.int64]:
        """Live through so many sweeps; the counts after each, shape (sweeps, kinds)."""
        ...

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Everything needed to go on bit for bit, as arrays."""
        ...

    def restore(self, kept: Mapping[str, NDArray[Any]]) -> None:
        """Go back to a snapshot of an engine made with the same arguments."""
        ...
