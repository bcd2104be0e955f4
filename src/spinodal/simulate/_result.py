"""What a simulation leaves: the counts of every replica at every recorded sweep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinodal._errors import RequestError
from spinodal.response import FloatArray
from spinodal.simulate._population import Population
from spinodal.theory import Stage

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class Trajectories:
    """R replicas of one population, seen at the sweeps 0 = s_0 < s_1 < ... of their stages."""

    population: Population
    stages: Sequence[Stage]
    sweeps: NDArray[np.int64]
    """Recorded times, shape (T,), in sweeps: one sweep is one update for every regular agent."""
    counts: NDArray[np.int64]
    """Regular agents for A, shape (R, T, kinds)."""
    attempts: NDArray[np.int64]
    """Updates the simulated time holds, shape (R,): sweeps times agents, carried out one by one or not."""
    flips: NDArray[np.int64]
    """Updates that changed an opinion, shape (R,)."""
    seconds: float
    """Wall-clock time of the simulation, set-up included; of all its parts, if it was resumed."""
    method: str
    """"counts", "leaps", "attempts", "events" or, where it changed between these two, "auto"."""
    step_error: float
    """Stated error of the mean magnetization from the time step; 0 where the method is exact."""

    @property
    def runs(self) -> int:
        """R, the number of replicas."""
        return int(self.counts.shape[0])

    @property
    def m(self) -> FloatArray:
        """Magnetization of the regular agents, shape (R, T)."""
        return np.asarray(2.0 * self.counts.sum(axis=2) / self.population.agents - 1.0)

    @property
    def m_by_kind(self) -> FloatArray:
        """Magnetization of each kind of agents, shape (R, T, kinds)."""
        sizes = np.array([kind.agents for kind in self.population.kinds])
        return np.asarray(2.0 * self.counts / sizes - 1.0)

    @property
    def mean_m(self) -> FloatArray:
        """Mean over the replicas, shape (T,)."""
        return np.asarray(self.m.mean(axis=0))

    @property
    def final_m(self) -> FloatArray:
        """Magnetization at the end of each replica, shape (R,)."""
        return self.m[:, -1]

    def quantile_m(self, q: float | Sequence[float]) -> FloatArray:
        """Quantiles over the replicas, shape (T,) or (len(q), T); `q` in [0, 1]."""
        if not np.all((np.asarray(q) >= 0.0) & (np.asarray(q) <= 1.0)):
            raise RequestError(f"quantile {q}; give numbers between 0 and 1")
        return np.asarray(np.quantile(self.m, q, axis=0))

    def to_dict(self) -> dict[str, Any]:
        """What `spinodal simulate --json` prints."""
        found: dict[str, Any] = {
            "mean_m": self.mean_m.tolist(),
            "final_m": self.final_m.tolist(),
            "attempts": int(self.attempts.sum()),
            "flips": int(self.flips.sum()),
            "seconds": self.seconds,
            "sweeps": self.sweeps.tolist(),
            "agents": self.population.agents,
            "runs": self.runs,
            "method": self.method,
            "step_error": self.step_error,
        }
        if len(self.population.kinds) > 1:
            found["kinds"] = [
                {"name": kind.name, "agents": kind.agents, "mean_m": means.tolist()}
                for kind, means in zip(self.population.kinds, self.m_by_kind.mean(axis=0).T, strict=True)
            ]
        return found

    def to_frame(self) -> pd.DataFrame:
        """A row a run and recorded sweep: `run, sweep, m`, and with several kinds `m_0, m_1, ...`."""
        import pandas as pd

        runs, times, kinds = self.counts.shape
        columns = {
            "run": np.repeat(np.arange(runs), times),
            "sweep": np.tile(self.sweeps, runs),
            "m": self.m.ravel(),
        }
        if kinds > 1:
            columns |= {f"m_{kind}": self.m_by_kind[:, :, kind].ravel() for kind in range(kinds)}
        return pd.DataFrame(columns)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Replicas, their mean and the stages with zealots, over time."""
        from spinodal.plots import trajectories

        return trajectories(self, ax)
