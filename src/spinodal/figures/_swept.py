"""Loops as the tables hold them, gathered: one of an agent and a pair, over its trajectories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spinodal.figures._expected import Pace, pace_of
from spinodal.response import FloatArray

if TYPE_CHECKING:
    import pandas as pd

    from spinodal.results import Results


@dataclass(frozen=True, eq=False)
class SweptLoop:
    """Loops of one agent and pair, of so many trajectories R over the same Z steps."""

    agent: str
    pair: str
    option_a: str
    option_b: str
    agents: int
    temperature: float | None
    pace: Pace
    zealots: FloatArray
    """Signed (+ for A), ascending, shape (Z,)."""
    up_runs: FloatArray
    """Mean m while the signed number rises, shape (R, Z)."""
    down_runs: FloatArray
    """The same while it falls."""

    @property
    def up(self) -> FloatArray:
        """Mean over trajectories, shape (Z,)."""
        return np.asarray(self.up_runs.mean(axis=0))

    @property
    def down(self) -> FloatArray:
        """The same of the way back."""
        return np.asarray(self.down_runs.mean(axis=0))

    @property
    def steps(self) -> list[int]:
        """The numbers of zealots."""
        return [int(z) for z in self.zealots]

    @property
    def area(self) -> float:
        """Between the mean branches, in m times zealots per regular agent."""
        return float(np.trapezoid(self.down - self.up, self.zealots / self.agents))


def swept_loops(results: Results, rows: pd.DataFrame) -> list[SweptLoop]:
    """One an agent, pair, size and temperature, in the table's order, of the steps with both ways."""
    found = []
    keys = ["agent", "pair", "agents", "temperature"]
    groups: Any = rows.groupby(keys, sort=False, dropna=False)
    for (agent, pair, agents, warmth), some in groups:
        up, down = (
            some.pivot(index="trajectory", columns="zealots", values=name) for name in ("m_up", "m_down")
        )
        whole = (up.notna() & down.notna()).all(axis=0)
        up, down = up.loc[:, whole], down.loc[:, whole]
        if up.shape[1] < 2:
            continue
        found.append(
            SweptLoop(
                str(agent),
                str(pair),
                str(some["option_a"].iloc[0]),
                str(some["option_b"].iloc[0]),
                int(agents),
                None if warmth != warmth else float(warmth),
                pace_of(results, some),
                up.columns.to_numpy(dtype=float),
                up.to_numpy(dtype=float),
                down.to_numpy(dtype=float),
            )
        )
    return found
